"""Who may sign what: the `keys` family, signed by root."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.events.base import (
    Count,
    Event,
    KeyName,
    Origin,
    PublicKeyHex,
    SignatureHex,
    StreamName,
)

Role = Literal[
    "log", "scanner", "ingest", "sharder", "trainer", "eraser", "governance", "ci"
]
"""What a key is for. Root keys stand in `LedgerCreated` and have no grant."""

Family = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,31}\Z")]
"""The first part of an event's type; open, so that a key may be granted families that
come later."""


class RootKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the offline keys that may sign key events.

    Attributes:
        name: signed-note key name.
        public_key: Ed25519 public key.
    """

    name: KeyName
    public_key: PublicKeyHex


class LedgerCreated(Event, frozen=True, kw_only=True, tag="keys.ledger_created.v1"):
    """The ledger began: its name, format, limits and root keys. Always event 0.0.

    Attributes:
        origin: name of the log in every checkpoint and submission.
        format_version: version of docs/spec.md, section 1.
        root_threshold: how many distinct root keys a key event needs.
        root_keys: the root keys.
        line_bytes_max: longest event line.
        submission_bytes_max: most bytes of event lines in one submission.
        entry_bytes_max: longest entry (C2SP tlog-tiles).
        submission_events_max: most events in one submission.
    """

    origin: Origin
    format_version: Literal[1]
    root_threshold: Annotated[int, Meta(ge=1, le=16)]
    root_keys: Annotated[list[RootKey], Meta(min_length=1, max_length=16)]
    line_bytes_max: Literal[16384]
    submission_bytes_max: Literal[1048576]
    entry_bytes_max: Literal[65535]
    submission_events_max: Literal[1024]


class KeyGranted(Event, frozen=True, kw_only=True, tag="keys.granted.v1"):
    """Root granted a role to a key, from this entry on (not before, not by time).

    Attributes:
        name: signed-note key name, which no other active key has; the log key's is
            the origin.
        public_key: Ed25519 public key; unique in the ledger, not of low order.
        role: what the key is for.
        families: event families that it may sign; empty for the log and ci roles.
        stream_prefix: it may sign the stream of this name and those below it.
        possession: the key's own signature over the text of docs/spec.md, KEY-5,
            so that nobody is granted a key that somebody else holds.
    """

    name: KeyName
    public_key: PublicKeyHex
    role: Role
    families: Annotated[list[Family], Meta(max_length=16)]
    stream_prefix: StreamName
    possession: SignatureHex


class KeyRetired(Event, frozen=True, kw_only=True, tag="keys.retired.v1"):
    """Root ended a key's grant: it signs nothing after this entry.

    Attributes:
        name: the key's name.
        public_key: the key.
        reason: why.
    """

    name: KeyName
    public_key: PublicKeyHex
    reason: Literal["rotated", "unused", "compromised"]


class StreamAbandoned(Event, frozen=True, kw_only=True, tag="keys.stream_abandoned.v1"):
    """A stream was closed for ever because its spool was lost.

    What its producer signed after the last submission in the ledger is unknown, and
    the verifier says so.

    Attributes:
        stream: the closed stream.
        submissions: how many of its submissions the ledger holds.
    """

    stream: StreamName
    submissions: Count


class KeyRotated(Event, frozen=True, kw_only=True, tag="keys.rotated.v1"):
    """A key gave way to its successor; the old key, the new one and root signed it.

    The new key takes over name, role, families and stream prefix. A key that is lost
    cannot consent: it is retired, and another one granted.

    Attributes:
        name: name of both keys.
        old_public_key: the key that ends with this entry.
        new_public_key: the key that may sign after it; unique in the ledger.
        consent: the old key's signature over the text of docs/spec.md, KEY-9.
        possession: the new key's signature over the same text.
    """

    name: KeyName
    old_public_key: PublicKeyHex
    new_public_key: PublicKeyHex
    consent: SignatureHex
    possession: SignatureHex


class KeyCompromised(Event, frozen=True, kw_only=True, tag="keys.compromised.v1"):
    """Root said that somebody else may have used a key; nothing is deleted for it.

    What it signed from `since_seq` on is untrusted, and so is what it signed before,
    unless an anchor older than this entry covers it (docs/spec.md, KEY-10).

    Attributes:
        name: the key's name.
        public_key: a key that was granted earlier, active or not.
        since_seq: the first entry that the thief may have signed.
    """

    name: KeyName
    public_key: PublicKeyHex
    since_seq: Count


KeysEvent = (
    LedgerCreated
    | KeyGranted
    | KeyRetired
    | StreamAbandoned
    | KeyRotated
    | KeyCompromised
)
