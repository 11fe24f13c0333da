"""Which key may sign what, at which entry (docs/spec.md, section 2)."""

import re
from collections.abc import Iterable

import msgspec

from ledger import lines
from ledger.ed25519 import check_public_key, check_signature
from ledger.errors import InputError, IntegrityError, KeyTrustError
from ledger.events.keys import (
    KeyGranted,
    KeyRetired,
    KeysEvent,
    LedgerCreated,
    StreamAbandoned,
)
from ledger.keys import possession_text
from ledger.note import Note, VerifierKey, check_exact
from ledger.submission import ROOT_STREAM


class Grant(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One granted key.

    Attributes:
        name: key name.
        public_key: hex.
        role: its role.
        families: event families that it may sign.
        stream_prefix: its stream, and those below.
        granted_seq: the entry that granted it; it may sign after that one.
        retired_seq: the entry that retired it; None while it is active.
    """

    name: str
    public_key: str
    role: str
    families: list[str]
    stream_prefix: str
    granted_seq: int
    retired_seq: int | None = None

    @property
    def verifier(self) -> VerifierKey:
        """The key with its name."""
        return VerifierKey(self.name, bytes.fromhex(self.public_key))

    def covers(self, stream: str) -> bool:
        """Whether the key may sign in `stream`."""
        return stream == self.stream_prefix or stream.startswith(
            f"{self.stream_prefix}/"
        )


class Grants(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All keys of a ledger, as its key events made them.

    Attributes:
        origin: name of the log; empty before genesis.
        root_threshold: root signatures that a key event needs.
        root_keys: (name, hex public key) of each root key, in genesis order.
        grants: every grant, oldest first.
        abandoned: closed streams.
    """

    origin: str = ""
    root_threshold: int = 0
    root_keys: list[tuple[str, str]] = []
    grants: list[Grant] = []
    abandoned: list[str] = []

    @property
    def root_verifiers(self) -> list[VerifierKey]:
        """The root keys, in genesis order."""
        return [VerifierKey(name, bytes.fromhex(key)) for name, key in self.root_keys]

    def active(self) -> list[Grant]:
        """The grants that no entry has retired."""
        return [grant for grant in self.grants if grant.retired_seq is None]

    def log_key(self) -> VerifierKey:
        """The key that signs the next checkpoint.

        Raises:
            KeyTrustError: no log key is active.
        """
        for grant in self.active():
            if grant.role == "log":
                return grant.verifier
        message = "no log key is active"
        raise KeyTrustError(message)

    def check_stream(self, stream: str, families: set[str]) -> None:
        """Check that `stream` is open and may carry these families (SUB-7, SUB-9).

        Raises:
            InputError: it is no stream name, was abandoned, or key events and others
                would mix.
        """
        if not re.fullmatch(lines.STREAM, stream):
            message = (
                f"stream: expected a name such as ingest/worker-3, found {stream!r}"
            )
            raise InputError(message)
        if stream in self.abandoned:
            message = f"stream {stream} was abandoned"
            raise InputError(message)
        if stream == ROOT_STREAM and families != {"keys"}:
            message = "stream root carries events of the family keys only"
            raise InputError(message)
        if stream != ROOT_STREAM and "keys" in families:
            message = f"family keys belongs in stream root, found it in {stream}"
            raise InputError(message)

    def active_key(self, name: str) -> VerifierKey:
        """The active key of that name.

        Raises:
            KeyTrustError: no active grant has that name.
        """
        for grant in self.active():
            if grant.name == name:
                return grant.verifier
        message = f"key {name} has no active grant"
        raise KeyTrustError(message)

    def check_signer(
        self, key: VerifierKey, stream: str, families: Iterable[str]
    ) -> None:
        """Check that `key` may sign these families in `stream` now (SUB-6).

        Raises:
            KeyTrustError: it has no active grant that covers them.
        """
        for grant in self.active():
            if grant.verifier == key and grant.covers(stream):
                missing = sorted(set(families) - set(grant.families))
                if not missing:
                    return
                message = (
                    f"key {key.name} may not sign family {missing[0]} "
                    f"in stream {stream}"
                )
                raise KeyTrustError(message)
        message = f"key {key.name} has no active grant for stream {stream}"
        raise KeyTrustError(message)

    def check_root(self, note: Note) -> None:
        """Check that exactly a threshold of root keys signed, in genesis order (SUB-7).

        Raises:
            IntegrityError: other lines than these.
            KeyTrustError: a signature does not verify.
        """
        named = {(line.name, line.key_id) for line in note.signatures}
        keys = [key for key in self.root_verifiers if (key.name, key.key_id) in named]
        if len(keys) != self.root_threshold:
            message = (
                f"key event: expected {self.root_threshold} root signatures, "
                f"found {len(keys)}"
            )
            raise IntegrityError(message)
        check_exact(note, keys)

    def check_log_keys(self, seq: int) -> None:
        """Check, after an entry, that at most one log key is active (KEY-7).

        Raises:
            IntegrityError: there are more.
        """
        count = sum(grant.role == "log" for grant in self.active())
        if count > 1:
            message = f"entry {seq}: expected at most one active log key, found {count}"
            raise IntegrityError(message)

    def apply(self, event: KeysEvent, seq: int) -> None:
        """Take one key event of entry `seq`.

        Raises:
            IntegrityError: the event contradicts what stands.
            KeyTrustError: a key that must not be trusted.
        """
        if not self.origin and not isinstance(event, LedgerCreated):
            message = f"entry {seq}: expected keys.ledger_created.v1 first (ENT-6)"
            raise IntegrityError(message)
        match event:
            case LedgerCreated():
                self._create(event, seq)
            case KeyGranted():
                self._grant(event, seq)
            case KeyRetired():
                self._retire(event, seq)
            case StreamAbandoned(stream=stream):
                self.abandoned.append(stream)

    def _create(self, event: LedgerCreated, seq: int) -> None:
        names = {key.name for key in event.root_keys}
        keys = {key.public_key for key in event.root_keys}
        if seq or self.origin or len(event.root_keys) < event.root_threshold:
            message = f"entry {seq}: a ledger is created once, with enough root keys"
            raise IntegrityError(message)
        if min(len(names), len(keys)) < len(event.root_keys):
            message = "entry 0: root keys must differ in name and key"
            raise IntegrityError(message)
        for key in event.root_keys:
            check_public_key(bytes.fromhex(key.public_key))
        self.origin = event.origin
        self.root_threshold = event.root_threshold
        self.root_keys = [(key.name, key.public_key) for key in event.root_keys]

    def _grant(self, event: KeyGranted, seq: int) -> None:
        public_key = bytes.fromhex(event.public_key)
        check_public_key(public_key)
        text = possession_text(self.origin, event.name, event.role, public_key)
        check_signature(public_key, bytes.fromhex(event.possession), text)
        used = {grant.public_key for grant in self.grants}
        used |= {key for _, key in self.root_keys}
        taken = {grant.name for grant in self.active() if grant.role != "log"}
        is_log = event.role == "log"
        if (
            event.public_key in used
            or event.name in taken
            or is_log != (event.name == self.origin)
            or (event.role in {"log", "ci"} and event.families)
        ):
            message = f"entry {seq}: key {event.name} cannot be granted (KEY-7)"
            raise IntegrityError(message)
        self.grants.append(
            Grant(
                name=event.name,
                public_key=event.public_key,
                role=event.role,
                families=list(event.families),
                stream_prefix=event.stream_prefix,
                granted_seq=seq,
            )
        )

    def _retire(self, event: KeyRetired, seq: int) -> None:
        for grant in self.active():
            # A grant takes effect after its entry, so it cannot end inside it.
            if grant.granted_seq < seq and (grant.name, grant.public_key) == (
                event.name,
                event.public_key,
            ):
                grant.retired_seq = seq
                return
        message = f"entry {seq}: key {event.name} is not active (KEY-8)"
        raise IntegrityError(message)
