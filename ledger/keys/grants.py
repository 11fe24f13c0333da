"""Which key may sign what, at which entry (docs/spec.md, section 2)."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from ledger.errors import InputError, IntegrityError, KeyTrustError
from ledger.format import lines
from ledger.format.note import Note, VerifierKey, check_exact
from ledger.format.submission import ROOT_STREAM

RUN: Final = "run"
"""Role of a key that the trainer certified for one run (KEY-11)."""


def is_below(stream: str, prefix: str) -> bool:
    """Whether `stream` is the stream `prefix` or below it."""
    return stream == prefix or stream.startswith(f"{prefix}/")


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One granted key.

    Attributes:
        name: key name.
        public_key: hex.
        role: its role; `run` for the key of one run.
        families: event families that it may sign.
        stream_prefix: its stream, and those below; the stream itself for a run's key.
        granted_seq: the entry that granted it; it may sign after that one.
        retired_seq: the entry that ended it; None while it is active.
        compromised_since: the first entry that a thief may have signed; None where
            nobody declared that.
        follows: hex public key that it took over from by rotation; empty for none.
        run_id: the run whose key it is; empty for others.
        certified_by: hex public key that certified a run's key; empty for others.
    """

    name: str
    public_key: str
    role: str
    families: list[str]
    stream_prefix: str
    granted_seq: int
    retired_seq: int | None = None
    compromised_since: int | None = None
    follows: str = ""
    run_id: str = ""
    certified_by: str = ""

    @property
    def verifier(self) -> VerifierKey:
        """The key with its name."""
        return VerifierKey(self.name, bytes.fromhex(self.public_key))

    def covers(self, stream: str) -> bool:
        """Whether the key may sign in `stream`."""
        if self.role == RUN:
            return stream == self.stream_prefix
        return is_below(stream, self.stream_prefix)


class Grants(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All keys of a ledger, as its key events made them.

    Attributes:
        origin: name of the log; empty before genesis.
        root_threshold: root signatures that a key event needs.
        root_keys: (name, hex public key) of each root key, in genesis order.
        grants: every grant, oldest first.
        abandoned: closed streams.
        runs: hex public key of every run's own key, by run id; empty for a run that
            started without one.
    """

    origin: str = ""
    root_threshold: int = 0
    root_keys: list[tuple[str, str]] = []
    grants: list[Grant] = []
    abandoned: list[str] = []
    runs: dict[str, str] = {}

    def copy(self) -> "Grants":
        """Independent grants; what they hold is never changed, only replaced."""
        return replace(
            self,
            grants=list(self.grants),
            abandoned=list(self.abandoned),
            runs=dict(self.runs),
        )

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

    def allowed(self, stream: str, families: set[str]) -> list[Grant]:
        """The active keys that may sign these families in `stream`.

        The one with the longest stream comes first: a run's key, then a worker's, then
        the role's.

        Raises:
            KeyTrustError: there is none.
        """
        found = [
            grant
            for grant in self.active()
            if grant.covers(stream) and families <= set(grant.families)
        ]
        if not found:
            message = (
                f"no active key may sign {', '.join(sorted(families))} "
                f"in stream {stream}"
            )
            raise KeyTrustError(message)
        return sorted(found, key=lambda grant: -len(grant.stream_prefix))

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

    def is_new(self, public_key: str, name: str = "") -> bool:
        """Whether a key is nobody's, and its name is free (KEY-7)."""
        used = {grant.public_key for grant in self.grants}
        used |= {key for _, key in self.root_keys}
        taken = {grant.name for grant in self.active() if grant.role != "log"}
        return public_key not in used and name not in taken

    def place(self, name: str, public_key: str, seq: int) -> int | None:
        """Where a key stands in `grants` that an entry before `seq` made known."""
        for place, grant in enumerate(self.grants):
            # A grant takes effect after its entry, so it cannot end inside it.
            if (grant.name, grant.public_key) == (name, public_key):
                return place if grant.granted_seq < seq else None
        return None

    def active_place(self, name: str, public_key: str, seq: int) -> int | None:
        """Where an active key stands that was granted, not certified for a run."""
        place = self.place(name, public_key, seq)
        if place is None or self.grants[place].role == RUN:
            return None
        return place if self.grants[place].retired_seq is None else None

    def end(self, place: int, seq: int) -> None:
        """End one key with entry `seq`, if it is active."""
        if self.grants[place].retired_seq is None:
            self.grants[place] = replace(self.grants[place], retired_seq=seq)

    def end_runs_of(self, certifier: Grant, seq: int) -> None:
        """End the run keys of a key, and of those that it took over from (KEY-11)."""
        follows = {grant.public_key: grant.follows for grant in self.grants}
        public_key, certifiers = certifier.public_key, set[str]()
        while public_key:
            certifiers.add(public_key)
            public_key = follows[public_key]
        for place, grant in enumerate(self.grants):
            if grant.certified_by in certifiers:
                self.end(place, seq)

    def end_run(self, run_id: str, seq: int) -> None:
        """End the key of a run with the entry that ends the run (KEY-11)."""
        for place, grant in enumerate(self.grants):
            if grant.run_id == run_id:
                self.end(place, seq)
