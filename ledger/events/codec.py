"""Events to lines and back, with no second spelling (docs/spec.md, section 3)."""

import re
from collections.abc import Iterable
from typing import Final, get_args

import msgspec

from ledger.errors import InputError, IntegrityError, UnknownTypeError
from ledger.events.base import Event
from ledger.events.erasure import ErasureEvent
from ledger.events.ingest import IngestEvent
from ledger.events.keys import KeysEvent
from ledger.events.licence import LicenceEvent
from ledger.events.model import ModelEvent
from ledger.events.optout import OptoutEvent
from ledger.events.policy import PolicyEvent
from ledger.events.review import ReviewEvent
from ledger.events.shards import ShardsEvent
from ledger.events.spool import SpoolEvent
from ledger.events.training import TrainingEvent

LINE_BYTES_MAX: Final = 16_384
"""Longest event line, without its newline (EVT-1)."""

AnyEvent = (
    KeysEvent
    | PolicyEvent
    | OptoutEvent
    | ReviewEvent
    | LicenceEvent
    | IngestEvent
    | ShardsEvent
    | TrainingEvent
    | ModelEvent
    | ErasureEvent
    | SpoolEvent
)
"""Every event type of format 1. A new family is added here and nowhere else."""

_TYPE: Final = re.compile(
    rb'\{"type":"([a-z][a-z0-9_]{0,31}\.[a-z][a-z0-9_]{0,63}\.v[1-9][0-9]{0,3})"'
)

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(AnyEvent)


def encode_event(event: Event, *, salt: str) -> bytes:
    """Encode `event` as the line that is signed and stored, without a newline.

    msgspec checks nothing when an event is built, so the line is decoded and encoded
    again: what comes back must be the same bytes.

    Args:
        event: an event of any type; a salt that it already carries is kept.
        salt: 24 lowercase hex digits for an event without one.

    Raises:
        InputError: a field breaks its own schema, or the line is too long.
    """
    salted = event if event.salt else msgspec.structs.replace(event, salt=salt)
    try:
        line = _encoder.encode(salted)
        again = _encoder.encode(_decoder.decode(line))
    except (msgspec.MsgspecError, UnicodeError, TypeError, OverflowError) as error:
        name = type(event).__name__
        message = f"event {name} breaks its own schema: {error}"
        raise InputError(message) from None
    if again != line:
        message = f"event {type(event).__name__} changes when it is read back"
        raise InputError(message)
    if len(line) > LINE_BYTES_MAX:
        message = (
            f"event {type(event).__name__} is too long: expected at most "
            f"{LINE_BYTES_MAX} bytes, found {len(line)}"
        )
        raise InputError(message)
    return line


def decode_event(line: bytes) -> AnyEvent:
    """Decode one stored line.

    Raises:
        IntegrityError: the line is too long, or not the one spelling of an event of
            format 1.
        UnknownTypeError: its type is well formed and not of format 1 (EVT-8).
    """
    if len(line) > LINE_BYTES_MAX:
        message = (
            f"stored event line is too long: expected at most {LINE_BYTES_MAX} "
            f"bytes, found {len(line)}"
        )
        raise IntegrityError(message)
    try:
        event: AnyEvent = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse_unknown_type(line)
        message = f"stored event line cannot be read: {error}"
        raise IntegrityError(message) from None
    if _encoder.encode(event) != line:
        message = "stored event line is not in its one spelling"
        raise IntegrityError(message)
    return event


def _refuse_unknown_type(line: bytes) -> None:
    """Tell a type of a later format from a malformed line."""
    match = _TYPE.match(line)
    known = {_name_of(kind) for kind in get_args(AnyEvent)}
    if match is not None and match[1].decode() not in known:
        message = f"event type {match[1].decode()} is not known to this version"
        raise UnknownTypeError(message)


def type_of(event: Event) -> str:
    """The event's type string, such as `ingest.record_decided.v1`."""
    return _name_of(type(event))


def families_of(events: Iterable[Event]) -> set[str]:
    """The families of the events: the first parts of their type strings."""
    kinds = set(map(type, events))
    return {_name_of(kind).partition(".")[0] for kind in kinds}


def _name_of(kind: type[Event]) -> str:
    return str(kind.__struct_config__.tag)
