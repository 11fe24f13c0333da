r"""The field types that every event is made of, and the common base.

An event is one line of JSON (docs/spec.md, section 3). Every string field has a
pattern of printable ASCII that needs no JSON escape, so that a line has exactly one
spelling and a verifier can check it with one regular expression for each type.
Patterns end in `\Z`, since `$` would also match before a final newline.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

INT_MAX = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 7493, section 2.2)."""

LIST_MAX = 256
"""Most items in one list of an event; longer facts take several events."""

Salt = Annotated[str, Meta(pattern=r"\A[0-9a-f]{24}\Z")]
"""96 random bits, so that a sibling's hash in a receipt cannot be guessed."""

Id = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
"""128 random bits that mean nothing outside the vault."""

OptionalId = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{32})?\Z")]
"""An `Id`, or the empty string for none."""

Sha256Hex = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""32 bytes in lowercase hex: a digest, or a commitment of that size."""

OptionalSha256Hex = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{64})?\Z")]
"""A `Sha256Hex`, or the empty string for none."""

PublicKeyHex = Sha256Hex
"""An Ed25519 public key, 32 bytes in lowercase hex (RFC 8032, section 5.1.5)."""

SignatureHex = Annotated[str, Meta(pattern=r"\A[0-9a-f]{128}\Z")]
"""An Ed25519 signature, 64 bytes in lowercase hex."""

KeyName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._~/:-]{1,128}\Z")]
"""A signed-note key name: no space and no plus sign (C2SP signed-note)."""

Origin = KeyName
"""The name of a log, a schema-less URL (C2SP tlog-checkpoint)."""

StreamName = Annotated[
    str,
    Meta(pattern=r"\A[a-z][a-z0-9-]{0,31}(?:/[a-z0-9][a-z0-9-]{0,31}){0,3}\Z"),
]
"""A producer's stream: a name, and up to three parts below it."""

Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._+:/-]{0,127}\Z")]
"""The name or version of a thing (a model, a build); never of a person."""

OptionalName = Annotated[
    str, Meta(pattern=r"\A(?:[A-Za-z0-9][A-Za-z0-9._+:/-]{0,127})?\Z")
]
"""A `Name`, or the empty string for none."""

Token = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._/ -]{0,63}\Z")]
"""A crawler's product token as its operator spells it."""

RuleName = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,63}\Z")]
"""The name of a rule of the ingest policy."""

LicenceExpression = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9 .+()-]{0,256}\Z")]
"""An SPDX licence expression; the empty string where there is none."""

Count = Annotated[int, Meta(ge=0, le=INT_MAX)]
"""A count, 0 .. 2^53 - 1."""

UnixMs = Count
"""Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted."""

ShardIndex = Annotated[int, Meta(ge=0, le=4095)]
"""0-based number of a shard."""

SliceIndex = Annotated[int, Meta(ge=0, le=255)]
"""0-based number of a slice inside its shard."""

Flop = Annotated[str, Meta(pattern=r"\A(?:0|[1-9][0-9]{0,39})\Z")]
"""A count of floating-point operations as decimal text.

One step of a large model passes 2^53 and the 10^25 threshold passes 2^64, so a JSON
number would lose digits.
"""

OptionalFlop = Annotated[str, Meta(pattern=r"\A(?:(?:0|[1-9][0-9]{0,39}))?\Z")]
"""A `Flop`, or the empty string where the value is not known."""


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
):
    """Something that happened, as a producer states it.

    Attributes:
        salt: filled in by the ledger when the event is encoded; leave it empty.
    """

    salt: Salt = ""
