"""One run, one key: what training events do to the keys (docs/spec.md, KEY-11)."""

import re
from typing import Final

from ledger.errors import IntegrityError, KeyTrustError
from ledger.events import decode_event
from ledger.events.training import RunKeyCertified
from ledger.format import lines
from ledger.format.ed25519 import check_public_key, check_signature
from ledger.format.note import Note
from ledger.format.submission import split_lines
from ledger.keys.files import possession_text
from ledger.keys.grants import RUN, Grant, Grants, is_below

_MARK: Final = b'{"type":"training.'

_LINE: Final = re.compile(
    rb'\{"type":"training\.([a-z0-9_]+)\.v1","salt":"[0-9a-f]{24}",'
    rb'"run_id":"([0-9a-f]{32})"'
)
"""Every training event names its run first; so a line need not be decoded here."""

_ENDS: Final = frozenset({b"run_finished", b"run_failed"})


def run_key_name(certifier: str, run_id: str) -> str:
    """The name of a run's key."""
    return f"{certifier}/{run_id}"


def take_training(
    grants: Grants, stored: bytes, *, note: Note, stream: str, seq: int
) -> None:
    """Follow run keys and the ends of runs in the events of entry `seq`.

    Args:
        grants: what stands, and moves on.
        stored: the entry's event lines.
        note: the submission, to tell who signed it.
        stream: its stream.
        seq: the entry.

    Raises:
        IntegrityError: a certification breaks KEY-11.
        KeyTrustError: a run's event is not signed by the run's key, or a key must not
            be trusted.
    """
    if _MARK not in stored:
        return
    signer = _signer(grants, note)
    ended: list[str] = []
    for line in split_lines(stored):
        match = _LINE.match(line)
        if match is None:
            continue
        kind, run_id = match[1], match[2].decode()
        if kind == b"run_key_certified":
            _certify(grants, line, signer, stream, seq)
            continue
        _check_signer(grants, signer, run_id, kind, seq)
        grants.runs.setdefault(run_id, "")
        if kind in _ENDS and grants.runs[run_id]:
            ended.append(run_id)
    for run_id in ended:
        grants.end_run(run_id, seq)


def _signer(grants: Grants, note: Note) -> Grant | None:
    """The active key that signed, by what its signature line says."""
    named = note.signatures[0].name, note.signatures[0].key_id
    for grant in grants.active():
        if (grant.name, grant.verifier.key_id) == named:
            return grant
    return None


def _check_signer(
    grants: Grants, signer: Grant | None, run_id: str, kind: bytes, seq: int
) -> None:
    """Check that a run's own key signed its event, and no other run's."""
    role = "" if signer is None else signer.role
    if role == RUN and signer is not None:
        is_right = signer.run_id == run_id
    else:
        has_key = bool(grants.runs.get(run_id))
        is_right = not has_key or (kind == b"run_failed" and role == "trainer")
    if not is_right:
        name = "an unknown key" if signer is None else f"key {signer.name}"
        message = f"entry {seq}: run {run_id}: expected the run's own key, found {name}"
        raise KeyTrustError(message)


def _certify(
    grants: Grants, line: bytes, signer: Grant | None, stream: str, seq: int
) -> None:
    """Grant a run its key."""
    event = decode_event(line)
    if not isinstance(event, RunKeyCertified):  # the line's first bytes said so
        message = f"entry {seq}: expected training.run_key_certified.v1"
        raise IntegrityError(message)
    if signer is None or signer.role != "trainer":
        message = f"entry {seq}: only a key of role trainer certifies a run's key"
        raise KeyTrustError(message)
    name, public_key = run_key_name(signer.name, event.run_id), event.public_key
    check_public_key(bytes.fromhex(public_key))
    text = possession_text(grants.origin, name, RUN, bytes.fromhex(public_key))
    check_signature(bytes.fromhex(public_key), bytes.fromhex(event.possession), text)
    if (
        event.run_id in grants.runs
        or event.stream == stream
        or not is_below(event.stream, stream)
        or not re.fullmatch(lines.KEY_NAME, name)
        or not grants.is_new(public_key, name)
    ):
        message = f"entry {seq}: run {event.run_id} cannot get this key (KEY-11)"
        raise IntegrityError(message)
    grants.runs[event.run_id] = public_key
    grants.grants.append(
        Grant(
            name=name,
            public_key=public_key,
            role=RUN,
            families=["training"],
            stream_prefix=event.stream,
            granted_seq=seq,
            run_id=event.run_id,
            certified_by=signer.public_key,
        )
    )
