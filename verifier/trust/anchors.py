"""What people outside say about checkpoints, judged under a trust policy.

An anchor that is returned here is *accepted*: its signature holds, it is by somebody
whom the policy names, and its time is not in the reader's future.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from verifier.findings import Finding, Violation, shown
from verifier.format.cosignature import WitnessKey, check_line, parse_line
from verifier.format.stamp_chain import Issuers
from verifier.format.timestamp import Stamp, check_shape, check_token
from verifier.format.tlog_policy import NONE, WitnessPolicy
from verifier.trust.policy import StampDemand, TrustPolicy

ANCHORS_MAX = 100_000
"""Rows of each anchor table (ANC-2)."""

FUTURE_LISTED_MAX = 10


@dataclass(frozen=True, slots=True)
class Anchor:
    """An accepted anchor.

    Attributes:
        kind: which of the two.
        size: of the checkpoint, which covers the entries below.
        at_ms: when, as the anchor says, Unix milliseconds.
        who: the witness's name or the time stamp's signer.
        key: public key bytes; one key counts once.
        number: of the row, 0 for an anchor from elsewhere.
    """

    kind: Literal["timestamp", "witness"]
    size: int
    at_ms: int
    who: str
    key: bytes
    number: int = 0

    def as_dict(self) -> dict[str, str | int]:
        """Return the fields as JSON values."""
        return {
            "kind": self.kind,
            "number": self.number,
            "size": self.size,
            "at_ms": self.at_ms,
            "who": self.who,
            "key": self.key.hex(),
        }


@dataclass(slots=True)
class Judge:
    """Judges one anchor after the other.

    Attributes:
        policy: the reader's trust policy, or None: then only shapes are checked.
        now_ms: the reader's clock, Unix milliseconds.
        can_read_stamps: whether the package for time stamps is installed.
        accepted: what was accepted so far.
        ignored: how many are by somebody whom the policy does not name, by kind.
        future: rows whose time is in the reader's future, the first few; they do not
            count.
    """

    policy: TrustPolicy | None
    now_ms: int
    can_read_stamps: bool
    accepted: list[Anchor] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    future: list[str] = field(default_factory=list)
    _witnesses: dict[tuple[str, bytes], WitnessKey] = field(default_factory=dict)
    _issuers: Issuers = field(default_factory=Issuers)
    _stamps: dict[tuple[bytes, bytes], Stamp | Violation | None] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        """Index the policy's witnesses by what their lines begin with."""
        demand = self.policy.witnesses if self.policy else None
        for witness in demand.policy.witnesses if demand else ():
            self._witnesses[witness.key.name, witness.key.key_id] = witness.key

    def cosignature(self, line: bytes, text: bytes, size: int, number: int = 0) -> None:
        """Judge a witness's line over a checkpoint's note text.

        Raises:
            Violation: ANC-3: malformed, or of a known witness and not valid.
        """
        parsed = parse_line(line)
        key = self._witnesses.get((parsed.name, parsed.key_id))
        if key is None:
            self.ignored["witness"] = self.ignored.get("witness", 0) + 1
            return
        at_ms = 1000 * check_line(line, text, key)
        self._accept(Anchor("witness", size, at_ms, key.name, key.public_key, number))

    def timestamp(self, token: bytes, note: bytes, size: int, number: int = 0) -> None:
        """Judge a token over a checkpoint note.

        Raises:
            Violation: ANC-4: malformed, or of a known root and not valid.
        """
        demand = self.policy.timestamps if self.policy else None
        if demand is None or not self.can_read_stamps:
            check_shape(token)
            stamp = None
        else:
            stamp = self._check_once(token, note, demand)
        if stamp is None:
            self.ignored["timestamp"] = self.ignored.get("timestamp", 0) + 1
            return
        self._accept(
            Anchor(
                "timestamp", size, stamp.at_ms, stamp.signer, stamp.public_key, number
            )
        )

    def _check_once(
        self, token: bytes, note: bytes, demand: StampDemand
    ) -> Stamp | None:
        """Check a token, or say again what was found of the same one."""
        place = sha256(token).digest(), sha256(note).digest()
        if place not in self._stamps:
            try:
                found = check_token(token, note, demand.roots, self._issuers)
            except Violation as violation:
                self._stamps[place] = violation
            else:
                self._stamps[place] = found
        known = self._stamps[place]
        if isinstance(known, Violation):
            raise known
        return known

    def _accept(self, anchor: Anchor) -> None:
        skew_ms = self.policy.skew_ms_max if self.policy else 0
        if anchor.at_ms <= self.now_ms + skew_ms:
            self.accepted.append(anchor)
        elif len(self.future) < FUTURE_LISTED_MAX:
            self.future.append(f"{anchor.kind} {anchor.number} of {shown(anchor.who)}")


@dataclass(frozen=True, slots=True)
class Cover:
    """The newest checkpoint over which enough anchors agree.

    Attributes:
        size: it covers the entries below.
        at_ms: the newest time at which enough of them had spoken for it.
        who: everybody who spoke, in the order of their names.
    """

    size: int
    at_ms: int
    who: tuple[str, ...]


def cover_of_witnesses(
    anchors: Iterable[Anchor], policy: WitnessPolicy, excluded: Collection[bytes] = ()
) -> Cover | None:
    """Return the newest checkpoint whose cosignatures meet the quorum.

    Args:
        anchors: accepted ones; time stamps are passed over.
        policy: whose quorum decides.
        excluded: public keys that do not count (VER-4).
    """
    if policy.quorum == NONE:
        return None
    of_size = _by_size(
        anchor
        for anchor in anchors
        if anchor.kind == "witness" and anchor.key not in excluded
    )
    for size in sorted(of_size, reverse=True):
        newest = sorted(of_size[size], key=lambda anchor: -anchor.at_ms)
        at_ms = _quorum_at(newest, policy)
        if at_ms is not None:
            return Cover(size, at_ms, _names(newest))
    return None


def cover_of_stamps(anchors: Iterable[Anchor], demand: StampDemand) -> Cover | None:
    """Return the newest checkpoint with stamps of enough different signers.

    Signers differ in key and in name: neither a second key under one name nor a second
    name of one key counts twice (POL-6).
    """
    of_size = _by_size(anchor for anchor in anchors if anchor.kind == "timestamp")
    for size in sorted(of_size, reverse=True):
        newest = sorted(of_size[size], key=lambda anchor: -anchor.at_ms)
        counted: list[Anchor] = []
        for anchor in newest:
            if all(
                anchor.key != other.key and anchor.who != other.who for other in counted
            ):
                counted.append(anchor)
            if len(counted) == demand.minimum:
                return Cover(size, anchor.at_ms, _names(newest))
    return None


def dated_checkpoints(
    anchors: Iterable[Anchor], policy: TrustPolicy, excluded: Collection[bytes] = ()
) -> Iterator[tuple[int, int]]:
    """Yield (size, Unix ms) of each time stamp and of each quorum (KEY-10).

    A quorum's time is the earliest at which it was met.
    """
    anchors = list(anchors)
    for anchor in anchors:
        if anchor.kind == "timestamp":
            yield anchor.size, anchor.at_ms
    if policy.witnesses is None or policy.witnesses.policy.quorum == NONE:
        return
    of_size = _by_size(
        anchor
        for anchor in anchors
        if anchor.kind == "witness" and anchor.key not in excluded
    )
    for size, group in sorted(of_size.items()):
        oldest = sorted(group, key=lambda anchor: anchor.at_ms)
        at_ms = _quorum_at(oldest, policy.witnesses.policy)
        if at_ms is not None:
            yield size, at_ms


def judge_checkpoint(
    judge: Judge,
    note: bytes,
    size: int,
    *,
    lines: Iterable[bytes] = (),
    tokens: Iterable[bytes] = (),
) -> list[Finding]:
    """Judge all anchors of one checkpoint that is not in a ledger file.

    Args:
        judge: takes what is accepted.
        note: the checkpoint note with the log key's line only.
        size: of that checkpoint.
        lines: cosignature lines, newline included.
        tokens: time stamps over `note`.

    Returns:
        What does not hold (ANC-3, ANC-4), with places `cosignature 1`, `timestamp 1`.
    """
    found: list[Finding] = []
    text = note[: note.rindex(b"\n\n") + 1]
    for number, line in enumerate(lines, start=1):
        try:
            judge.cosignature(line, text, size, number)
        except Violation as violation:
            found.append(violation.at(f"cosignature {number}"))
    for number, token in enumerate(tokens, start=1):
        try:
            judge.timestamp(token, note, size, number)
        except Violation as violation:
            found.append(violation.at(f"timestamp {number}"))
    return found


def _quorum_at(ordered: Iterable[Anchor], policy: WitnessPolicy) -> int | None:
    """Return the time of the anchor with which the quorum is met, in this order."""
    cosigned: set[bytes] = set()
    for anchor in ordered:
        if anchor.key not in cosigned:
            cosigned.add(anchor.key)
            if policy.is_met(cosigned):
                return anchor.at_ms
    return None


def _by_size(anchors: Iterable[Anchor]) -> dict[int, list[Anchor]]:
    of_size: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        of_size.setdefault(anchor.size, []).append(anchor)
    return of_size


def _names(anchors: Iterable[Anchor]) -> tuple[str, ...]:
    return tuple(sorted({shown(anchor.who) for anchor in anchors}))
