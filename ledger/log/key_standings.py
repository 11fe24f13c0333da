"""How every key of a ledger stands, and whether its private half is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ledger.errors import InputError
from ledger.format.note import VerifierKey, parse_vkey
from ledger.format.submission import ROOT_STREAM
from ledger.keys.files import ROOT, key_name
from ledger.keys.grants import RUN, Grant
from ledger.log.ledger import Ledger

Standing = Literal["active", "retired", "compromised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStanding:
    """A key, and how it stands in the ledger.

    Attributes:
        key: its public half.
        role: what it is for; `root` and `run` beside the roles of a grant.
        families: event families that it may sign.
        stream: its stream.
        state: how it stands.
        granted_seq: the entry that granted it.
        ended_seq: the entry that ended it; None while it is active.
        compromised_since: the first entry that a thief may have signed, or None.
        file: its private key file, where one is here.
    """

    key: VerifierKey
    role: str
    families: tuple[str, ...]
    stream: str
    state: Standing
    granted_seq: int
    ended_seq: int | None = None
    compromised_since: int | None = None
    file: Path | None = None


def key_standings(ledger: Ledger, *, runs: bool = False) -> list[KeyStanding]:
    """Every key of a ledger, root keys first, then in the order of their grants.

    Args:
        ledger: the ledger.
        runs: list the keys of training runs too.
    """
    found = [_root_standing(ledger, parse_vkey(vkey)) for vkey in ledger.root_keys]
    found += [
        _standing(ledger, grant) for grant in ledger.grants if runs or grant.role != RUN
    ]
    return found


def active_key(ledger: Ledger, which: str) -> VerifierKey:
    """The active key that `which` means: a role, a name or a key id; root keys too.

    Raises:
        InputError: none or several.
    """
    standings = key_standings(ledger, runs=True)
    active = [(one.key, one.role) for one in standings if one.state == "active"]
    return only_key(which, keys_called(which, ledger.origin, active))


def keys_called(
    which: str, origin: str, keys: Iterable[tuple[VerifierKey, str]]
) -> list[VerifierKey]:
    """The keys that `which` may mean: those of that name or id, else of that role.

    Args:
        which: a name, where the origin may be left out, a key id or a role.
        origin: name of the log.
        keys: each with its role.
    """
    known = list(keys)
    names = {which, key_name(origin, which)}
    found = [key for key, _ in known if key.name in names or key.key_id.hex() == which]
    return found or [key for key, role in known if role == which]


def only_key(which: str, found: list[VerifierKey]) -> VerifierKey:
    """The one key in `found`.

    Raises:
        InputError: none or several.
    """
    if len(found) != 1:
        ids = ", ".join(f"{key.name} ({key.key_id.hex()})" for key in found)
        message = (
            f"key {which!r}: expected one key of that role, name or id, found "
            f"{ids or 'none'}"
        )
        raise InputError(message)
    return found[0]


def _root_standing(ledger: Ledger, key: VerifierKey) -> KeyStanding:
    return KeyStanding(
        key=key,
        role=ROOT,
        families=("keys",),
        stream=ROOT_STREAM,
        state="active",
        granted_seq=0,
        file=ledger.keys.file(ledger.origin, key, is_root=True),
    )


def _standing(ledger: Ledger, grant: Grant) -> KeyStanding:
    state: Standing = "active" if grant.retired_seq is None else "retired"
    if grant.compromised_since is not None:
        state = "compromised"
    file = None
    if state == "active" and grant.role != RUN:
        file = ledger.keys.file(ledger.origin, grant.verifier)
    return KeyStanding(
        key=grant.verifier,
        role=grant.role,
        families=tuple(grant.families),
        stream=grant.stream_prefix,
        state=state,
        granted_seq=grant.granted_seq,
        ended_seq=grant.retired_seq,
        compromised_since=grant.compromised_since,
        file=file,
    )
