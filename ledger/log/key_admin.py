"""What root decides about keys: list them, add, rotate, retire, revoke.

with open_key_admin(Path("acme"), root_folder=Path("/media/stick")) as admin:
    admin.rotate("ingest")

A new private key lies on the disk before the ledger grants it, and takes its place
afterwards; see `ledger.keys.chain`.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.disk.files import remove_temporaries
from ledger.disk.locks import file_lock
from ledger.disk.places import ledger_file
from ledger.errors import InputError, KeyTrustError
from ledger.events import Event
from ledger.events.keys import KeyCompromised, KeyRetired
from ledger.format.note import VerifierKey
from ledger.format.submission import ROOT_STREAM
from ledger.keys.files import (
    ROLE_GRANTS,
    ROOT,
    RoleGrant,
    SigningKey,
    grant_event,
    key_name,
    rotation_event,
)
from ledger.keys.grants import RUN, Grant, is_below
from ledger.log.key_standings import keys_called, only_key
from ledger.log.ledger import Ledger, system_clock_ms

_ROLES: Final = {grant.role: grant for grant in ROLE_GRANTS}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What a revocation leaves.

    Attributes:
        key: the revoked key.
        role: its role.
        successor: the log key that was granted in its place, or None.
        is_role_empty: whether no active key of the role is left.
    """

    key: VerifierKey
    role: str
    successor: VerifierKey | None
    is_role_empty: bool


@contextlib.contextmanager
def open_key_admin(
    folder: Path,
    *,
    root_folder: Path | None = None,
    passphrase: bytes | None = None,
    clock_ms: Callable[[], int] = system_clock_ms,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Iterator["KeyAdmin"]:
    """Open a workspace's ledger to change its keys; one process at a time.

    Two rotations of a key at once would overwrite each other's new key file.

    Raises:
        LockedError: another process changes keys.
        NotALedgerError: the folder is no workspace.
    """
    with contextlib.ExitStack() as stack:
        ledger_file(folder)  # nothing is left in a folder that is no workspace
        stack.enter_context(file_lock(folder / ".keys.lock", what="key"))
        remove_temporaries(folder / "keys")  # a kill may have left half a new key
        ledger = Ledger.open(
            folder,
            root_folder=root_folder,
            passphrase=passphrase,
            clock_ms=clock_ms,
            random_bytes=random_bytes,
        )
        yield KeyAdmin(stack.enter_context(ledger), random_bytes=random_bytes)


class KeyAdmin:
    """Changes keys by root's word; each change is one entry, or nothing."""

    def __init__(
        self, ledger: Ledger, *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Use `open_key_admin`, which keeps other processes out."""
        self._ledger = ledger
        self._random_bytes = random_bytes

    def add(
        self, role: str, *, name: str | None = None, stream: str | None = None
    ) -> VerifierKey:
        """Make a further key of a role and grant it.

        Args:
            role: one of the roles, except log.
            name: last part of the key's name and its file's; the role by default.
            stream: what it writes, the role's stream or below; that by default.

        Raises:
            InputError: no such role, or the name is taken or reserved.
            KeyTrustError: root keys are missing.
        """
        if role not in _ROLES or role == "log":
            expected = ", ".join(sorted(set(_ROLES) - {"log"}))
            message = f"role: expected one of {expected}, found {role!r}"
            if role == "log":
                message += "; a ledger has one log key: rotate or revoke it"
            raise InputError(message)
        full = key_name(self._ledger.origin, _checked_name(role, name))
        if any(grant.name == full for grant in self._active()):
            message = f"key {full} is active; choose another one with --name"
            raise InputError(message)
        template = _ROLES[role]
        if stream is not None and not is_below(stream, template.stream):
            message = (
                f"stream: expected {template.stream} or one below it, found {stream!r}"
            )
            raise InputError(message)
        grant = RoleGrant(
            role=template.role,
            stream=stream or template.stream,
            families=template.families,
        )
        self._check_roots()
        key = self._new_key(full)
        event = grant_event(self._ledger.origin, grant, key)
        self._append([event], new=key)
        return key.verifier

    def rotate(self, which: str) -> VerifierKey:
        """Let a new key take over from an active one, whose file it replaces.

        Args:
            which: role, name or key id.

        Raises:
            InputError: no such key, or several.
            KeyTrustError: the old key, or root keys, are missing.
        """
        grant = self._find(which, self._granted())
        self._check_roots()
        old = self._ledger.signer(grant.name)
        new = self._new_key(grant.name)
        self._append(
            [rotation_event(self._ledger.origin, grant.role, old, new)], new=new
        )
        return new.verifier

    def retire(self, which: str) -> VerifierKey:
        """End a key that is not needed any more, and destroy its file.

        Raises:
            InputError: no such key, several, or the log key.
            KeyTrustError: root keys are missing; or the key ended, and its file could
                not be destroyed.
        """
        grant = self._find(which, self._granted())
        if grant.role == "log":
            message = "without a log key nothing can be appended: rotate it instead"
            raise InputError(message)
        event = KeyRetired(
            name=grant.name, public_key=grant.public_key, reason="unused"
        )
        self._append([event])
        self._ledger.keys.destroy(self._ledger.origin, grant.verifier)
        return grant.verifier

    def revoke(self, which: str, *, since_seq: int) -> Revoked:
        """Declare a key compromised, which ends it; its file is destroyed.

        A log key gets its successor in the same entry.

        Args:
            which: role, name or key id; a key that ended can be revoked too.
            since_seq: the first entry that a thief may have signed.

        Raises:
            InputError: no such key, several, or `since_seq` contradicts the ledger.
            KeyTrustError: root keys are missing; or the key ended, and its file could
                not be destroyed.
        """
        active = self._active()
        grant = self._find(which, active, self._ledger.grants)
        self._check_roots()
        events: list[Event] = [
            KeyCompromised(
                name=grant.name, public_key=grant.public_key, since_seq=since_seq
            )
        ]
        new = None
        if grant.role == "log" and grant in active:
            new = self._new_key(grant.name)
            events.append(grant_event(self._ledger.origin, _ROLES["log"], new))
        self._append(events, new=new)
        if new is None:
            self._ledger.keys.destroy(self._ledger.origin, grant.verifier)
        return Revoked(
            key=grant.verifier,
            role=grant.role,
            successor=None if new is None else new.verifier,
            is_role_empty=all(one.role != grant.role for one in self._active()),
        )

    def _active(self) -> list[Grant]:
        return [one for one in self._ledger.grants if one.retired_seq is None]

    def _granted(self) -> list[Grant]:
        """The active keys that root granted; a run's key ends with its run."""
        return [one for one in self._active() if one.role != RUN]

    def _check_roots(self) -> None:
        """Ask for the root keys before a new key is made."""
        self._ledger.root_signers()

    def _new_key(self, name: str) -> SigningKey:
        return SigningKey.from_seed(name, bytearray(self._random_bytes(32)))

    def _append(self, events: list[Event], *, new: SigningKey | None = None) -> None:
        """Append in root's stream; a new key's file gets its place afterwards."""
        ledger = self._ledger
        if new is not None:
            ledger.keys.put(ledger.origin, new)
            ledger.keys.hold(new)
        try:
            ledger.append(events, stream=ROOT_STREAM)
        except (InputError, KeyTrustError):
            # Refused before the commit; after any other error the disk knows best.
            if new is not None:
                ledger.keys.discard(ledger.origin, new.verifier)
            raise
        if new is not None:
            ledger.settle_keys()
            ledger.keys.let_go(new.verifier)

    def _find(self, which: str, *choices: list[Grant]) -> Grant:
        """The one key of that role, name or id in the first list that has any.

        Raises:
            InputError: none or several.
        """
        if which == ROOT or which.startswith(f"{ROOT}-"):
            message = "root keys are those of the genesis entry and cannot be changed"
            raise InputError(message)
        keys: dict[VerifierKey, Grant] = {}
        found: list[VerifierKey] = []
        for grants in choices:
            keys = {one.verifier: one for one in grants}
            roles = ((key, one.role) for key, one in keys.items())
            found = found or keys_called(which, self._ledger.origin, roles)
        return keys[only_key(which, found)]


def _checked_name(role: str, name: str | None) -> str:
    """The last part of a new key's name.

    Raises:
        InputError: malformed, or it would be taken for a root or another role's key.
    """
    if name is None or name == role:
        return role
    if not _NAME.fullmatch(name) or name in _ROLES or name.startswith(ROOT):
        message = (
            f"name: expected letters, digits, - and _, no other role's and not root, "
            f"found {name!r}"
        )
        raise InputError(message)
    return name
