"""The trust policy: what an auditor believes before looking at a ledger.

Source: docs/policy.md. The file is strict throughout, since a misspelt demand that
was ignored would be a demand that is not made.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography import x509

from verifier.findings import escaped
from verifier.format.stamp_roots import StampRootError, parse_roots
from verifier.format.tlog_policy import TlogPolicyError, WitnessPolicy, parse_policy
from verifier.format.wire import KEY_NAME
from verifier.given import open_regular
from verifier.trust.pin import Pin, RootKeyError, parse_pins
from verifier.trust.policy_file import FILE_BYTES_MAX, PolicyError, Table, parse_toml

__all__ = [
    "PolicyError",
    "StampDemand",
    "TrustPolicy",
    "WitnessDemand",
    "load_policy",
]

FORMAT = "tuneledger/trust/v1"
SKEW_MAX_S = 300
_YEAR_S = 31_557_600
_SPAN_MAX_S = 100 * _YEAR_S
_SPAN_MAX_H = _SPAN_MAX_S // 3600
_ENTRIES_MAX = 2**53 - 1
_NAMES_MAX = 64
_ROOT_FILES_MAX = 16

_KEY_NAME = re.compile(KEY_NAME)
_HASH = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
_WAIVABLE = re.compile(r"timed|witnessed|continuous")


@dataclass(frozen=True, slots=True)
class StampDemand:
    """`[timestamps]`.

    Attributes:
        roots: certificates of time-stamp authorities.
        minimum: how many different signers over one checkpoint.
        max_age_ms: None where any age will do.
    """

    roots: tuple[x509.Certificate, ...]
    minimum: int
    max_age_ms: int | None


@dataclass(frozen=True, slots=True)
class WitnessDemand:
    """`[witnesses]`; `max_age_ms` is None where any age will do."""

    policy: WitnessPolicy
    max_age_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPolicy:
    """A parsed trust policy; what its file does not speak of is None.

    Attributes:
        path: the file, as it was named.
        sha256: of the file, so that a report says which policy it answers.
        origins: names of logs; others are refused.
        genesis: SHA-256 of submission 0's note text.
        pins: the root keys.
        threshold: the least root threshold of a ledger.
        roles: for each role the families that its keys may sign.
        accept_compromised: public keys whose untrusted statements are accepted.
        timestamps: what is asked of time stamps.
        witnesses: what is asked of witnesses.
        entries_max: entries that may come after the newest anchored checkpoint.
        skew_ms_max: how far the ledger's clock may be ahead of an anchor's.
        delay_ms_max: how long before its entry a submission may say it was made.
        store: folder of the kept checkpoints.
        level: what is asked for, 0 to 4.
        waive: names of levels that need not hold.
    """

    path: str
    sha256: str
    origins: tuple[str, ...]
    genesis: bytes | None
    pins: tuple[Pin, ...]
    threshold: int
    roles: dict[str, frozenset[str]] | None
    accept_compromised: frozenset[bytes]
    timestamps: StampDemand | None
    witnesses: WitnessDemand | None
    entries_max: int
    skew_ms_max: int
    delay_ms_max: int | None
    store: Path | None
    level: int
    waive: frozenset[str]


def load_policy(path: str | os.PathLike[str]) -> TrustPolicy:
    """Read a trust policy and the files that it names.

    Raises:
        PolicyError: one of them cannot be read or breaks a rule of docs/policy.md.
    """
    file = Path(path)
    content = _read(file)
    top = parse_toml(os.fspath(path), content)
    _check_format(top)
    log, root = top.table("log"), top.table("root")
    if log is None or root is None:
        top.refuse("log" if log is None else "root", "a table", "none")
    policy = _build(file, content, top, log, root)
    top.end()
    return policy


def _build(
    file: Path, content: bytes, top: Table, log: Table, root: Table
) -> TrustPolicy:
    pins = _pins(root)
    timestamps, witnesses = _timestamps(top, file), _witnesses(top, file)
    clock, anchors = top.optional("clock"), top.optional("anchors")
    store = _store(top, file)
    spoken = 4 if store else 3 if witnesses else 2 if timestamps else 1
    verdict = top.optional("verdict")
    delay = clock.integer("delay_max_s", 0, _SPAN_MAX_S)
    skew = clock.integer("skew_max_s", 0, _SPAN_MAX_S)
    level = verdict.integer("level", 0, 4)
    policy = TrustPolicy(
        path=os.fspath(file),
        sha256=sha256(content).hexdigest(),
        origins=_origins(log),
        genesis=_genesis(log),
        pins=pins,
        threshold=root.integer("threshold", 1, 16) or len(pins),
        roles=_roles(top),
        accept_compromised=_accepted(top),
        timestamps=timestamps,
        witnesses=witnesses,
        entries_max=anchors.integer("entries_max", 0, _ENTRIES_MAX) or 0,
        skew_ms_max=1000 * (SKEW_MAX_S if skew is None else skew),
        delay_ms_max=None if delay is None else 1000 * delay,
        store=store,
        level=spoken if level is None else level,
        waive=frozenset(
            verdict.texts("waive", _WAIVABLE, "timed, witnessed or continuous", 0, 3)
        ),
    )
    for table in (log, root, clock, anchors, verdict):
        table.end()
    return policy


def _check_format(top: Table) -> None:
    found = top.text("format")
    if found != FORMAT:
        top.refuse("format", FORMAT, found if found is not None else "none")


def _origins(log: Table) -> tuple[str, ...]:
    return log.texts("origins", _KEY_NAME, "names of logs", 1, _NAMES_MAX)


def _genesis(log: Table) -> bytes | None:
    text = log.text("genesis")
    if text and not _HASH.fullmatch(text):
        log.refuse("genesis", "64 hex digits", text)
    return bytes.fromhex(text) if text else None


def _pins(root: Table) -> tuple[Pin, ...]:
    keys = root.texts("keys", re.compile(r".+"), "root keys", 1, 16)
    try:
        pins = parse_pins(keys)
    except RootKeyError as error:
        root.refuse("keys", "vkeys or 64 hex digits each", error)
    if len({pin.public_key for pin in pins}) < len(pins):
        root.refuse("keys", "each key once", "one twice")
    return tuple(pins)


def _roles(top: Table) -> dict[str, frozenset[str]] | None:
    table = top.table("roles")
    if table is None:
        return None
    roles = {
        name: frozenset(table.texts(name, _WORD, "event families", 0, _NAMES_MAX))
        for name in table.names()
    }
    table.end()
    return roles


def _accepted(top: Table) -> frozenset[bytes]:
    table = top.optional("keys")
    texts = table.texts("accept_compromised", _HASH, "64 hex digits each", 0, 256)
    table.end()
    return frozenset(map(bytes.fromhex, texts))


def _timestamps(top: Table, file: Path) -> StampDemand | None:
    table = top.table("timestamps")
    if table is None:
        return None
    names = table.texts("roots", re.compile(r".+"), "files", 1, _ROOT_FILES_MAX)
    roots = [cert for name in names for cert in _certificates(table, file, name)]
    minimum = table.integer("minimum", 1, 16) or 1
    demand = StampDemand(tuple(roots), minimum, _max_age_ms(table))
    table.end()
    return demand


def _witnesses(top: Table, file: Path) -> WitnessDemand | None:
    table = top.table("witnesses")
    if table is None:
        return None
    name = table.text("policy")
    if not name:
        table.refuse("policy", "a file", "none")
    try:
        policy = parse_policy(_read(_beside(file, name)))
    except TlogPolicyError as error:
        raise PolicyError(f"{escaped(str(_beside(file, name)))}: {error}") from None
    demand = WitnessDemand(policy, _max_age_ms(table))
    table.end()
    return demand


def _store(top: Table, file: Path) -> Path | None:
    table = top.table("pin")
    if table is None:
        return None
    name = table.text("store")
    if not name:
        table.refuse("store", "a folder", "none")
    table.end()
    return _beside(file, name)


def _max_age_ms(table: Table) -> int | None:
    hours = table.integer("max_age_hours", 1, _SPAN_MAX_H)
    return None if hours is None else hours * 3_600_000


def _certificates(table: Table, file: Path, name: str) -> Sequence[x509.Certificate]:
    """Read a PEM file of one root certificate or several."""
    try:
        return parse_roots(_read(_beside(file, name)))
    except StampRootError as error:
        expected = f"PEM of self-issued certificates of authorities in {escaped(name)}"
        table.refuse("roots", expected, error)


def _beside(file: Path, name: str) -> Path:
    return file.parent / name


def _read(path: Path) -> bytes:
    """Read a file of at most 1 MiB (POL-2)."""
    try:
        with open_regular(path) as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"{escaped(str(path))}: it cannot be read ({reason})"
        raise PolicyError(message) from None
    if len(content) > FILE_BYTES_MAX:
        message = f"{escaped(str(path))}: expected at most {FILE_BYTES_MAX} bytes"
        raise PolicyError(message)
    return content
