"""How a ledger begins: keys, the genesis entry and the folder around them."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.disk.files import disk_errors
from ledger.disk.sqlite import SqliteStore
from ledger.disk.store import Row
from ledger.errors import ConflictError, InputError
from ledger.events import LINE_BYTES_MAX, Event, encode_event
from ledger.events.keys import LedgerCreated, RootKey
from ledger.format import lines, submission
from ledger.format.checkpoint import Checkpoint
from ledger.format.ed25519 import check_public_key
from ledger.format.entry import ENTRY_BYTES_MAX, Entry
from ledger.format.sealing import SALT_BYTES, sign
from ledger.format.submission import ROOT_STREAM, SubmissionText
from ledger.keys.files import (
    ROLE_GRANTS,
    ROOT,
    SigningKey,
    grant_event,
    key_name,
    save_key,
)
from ledger.keys.run_rules import run_key_name
from ledger.log.ledger import system_clock_ms
from ledger.log.state import State

ROOT_KEYS_MAX: Final = 16
"""Most root keys of a ledger (docs/events.md, keys.ledger_created.v1)."""

KEY_NAME_MAX: Final = 128
"""Longest key name (KEY-4)."""


def create_ledger(
    folder: Path,
    *,
    origin: str,
    root_keys: int = 1,
    root_threshold: int = 1,
    root_folder: Path | None = None,
    passphrase: bytes | None = None,
    clock_ms: Callable[[], int] = system_clock_ms,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> str:
    """Create keys and a ledger with its genesis entry in `folder`.

    Args:
        folder: the workspace; its last part names the file.
        origin: name of the log, a schema-less URL (C2SP tlog-checkpoint).
        root_keys: how many root keys to make, 1 to 16.
        root_threshold: how many of them sign a key event, 1 to `root_keys`.
        root_folder: where the root keys go; `folder/keys` by default, but then one
            holder of the folder can rewrite everything.
        passphrase: encrypts every key file.
        clock_ms: the time now, Unix milliseconds.
        random_bytes: makes keys and salts.

    Returns:
        The root keys' vkey texts, one a line: what an auditor pins.

    Raises:
        ConflictError: the folder holds a ledger or keys already.
        InputError: the origin is malformed, or the threshold out of range.
        StorageError: the disk refused the write.
    """
    _check_origin(origin)
    names = root_names(root_keys, root_threshold)
    if any(folder.glob("*.ledger")):
        message = f"{folder} holds a ledger already"
        raise ConflictError(message)
    roots = root_folder or folder / "keys"
    keys: dict[str, SigningKey] = {
        grant.role: SigningKey.from_seed(key_name(origin, grant.role), random_bytes(32))
        for grant in ROLE_GRANTS
    }
    root = {
        name: SigningKey.from_seed(key_name(origin, name), random_bytes(32))
        for name in names
    }
    events = _genesis_events(origin, root_threshold, list(root.values()), keys)
    event_lines = [
        encode_event(event, salt=random_bytes(SALT_BYTES).hex()) for event in events
    ]
    with disk_errors(str(folder)):
        for path in (folder, folder / "keys", roots):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = [roots / f"{name}.pem" for name in names]
    taken += [folder / "keys" / f"{role}.pem" for role in keys]
    for path in taken:
        if path.exists():
            message = f"{path} exists and is never overwritten"
            raise ConflictError(message)
    for name, key in root.items():
        save_key(roots, name, key, passphrase)
    for role, key in keys.items():
        save_key(folder / "keys", role, key, passphrase)
    _write_genesis(
        folder / f"{folder.absolute().name}.ledger",
        origin=origin,
        roots=list(root.values())[:root_threshold],
        log_key=keys["log"],
        event_lines=event_lines,
        now_ms=clock_ms(),
    )
    return "\n".join(str(key.verifier) for key in root.values())


def root_names(count: int, threshold: int) -> list[str]:
    """File names of the root keys, without `.pem`: the last parts of their key names.

    Raises:
        InputError: out of range.
    """
    if not 1 <= threshold <= count <= ROOT_KEYS_MAX:
        message = (
            f"root keys: expected 1 to {ROOT_KEYS_MAX} and a threshold of 1 to as "
            f"many, found {count} and {threshold}"
        )
        raise InputError(message)
    if count == 1:
        return [ROOT]
    return [f"{ROOT}-{number}" for number in range(1, count + 1)]


def _genesis_events(
    origin: str,
    threshold: int,
    roots: list[SigningKey],
    keys: dict[str, SigningKey],
) -> list[Event]:
    """The ledger's limits and root keys, and a grant for each role."""
    for root in roots:
        check_public_key(root.verifier.public_key)
    created = LedgerCreated(
        origin=origin,
        format_version=1,
        root_threshold=threshold,
        root_keys=[
            RootKey(name=root.name, public_key=root.verifier.public_key.hex())
            for root in roots
        ],
        line_bytes_max=LINE_BYTES_MAX,
        submission_bytes_max=submission.EVENT_BYTES_MAX,
        entry_bytes_max=ENTRY_BYTES_MAX,
        submission_events_max=submission.EVENTS_MAX,
    )
    grants = [grant_event(origin, grant, keys[grant.role]) for grant in ROLE_GRANTS]
    return [created, *grants]


def _write_genesis(
    path: Path,
    *,
    origin: str,
    roots: list[SigningKey],
    log_key: SigningKey,
    event_lines: list[bytes],
    now_ms: int,
) -> None:
    """Write entry 0 and its checkpoint into a new file."""
    text = SubmissionText(
        origin=origin,
        genesis=lines.ZERO_HASH,
        stream=ROOT_STREAM,
        counter=0,
        previous=lines.ZERO_HASH,
        events=len(event_lines),
        events_root=submission.events_root(event_lines),
        claimed_at_ms=now_ms,
    )
    entry = Entry(
        seq=0,
        previous=lines.ZERO_HASH,
        base=0,
        recorded_at_ms=now_ms,
        submission=sign(text, roots),
    )
    row = Row(0, entry.encode(), submission.join_lines(event_lines))
    state = State()
    state.take(row)
    note = log_key.sign_note(
        Checkpoint(origin=origin, size=1, root=state.root()).encode()
    )
    state.take_checkpoint(note)
    store = SqliteStore.create(path)
    try:
        with store.writing():
            store.insert_entry(row)
            store.insert_checkpoint(1, note)
    finally:
        store.close()


def _check_origin(origin: str) -> None:
    """Refuse a name that no log may have."""
    # The longest name below it is that of a run's key (KEY-11).
    longest = run_key_name(key_name(origin, "trainer"), "0" * 32)
    if (
        not re.fullmatch(lines.KEY_NAME, origin)
        or origin.endswith("/")
        or not re.fullmatch(lines.KEY_NAME, longest)
    ):
        most = KEY_NAME_MAX - len(longest) + len(origin)
        message = (
            f"origin: expected a name such as example.org/acme of at most {most} "
            f"characters, found {origin!r}"
        )
        raise InputError(message)
