"""Every event of format 1, one module a family, and the codec.

To add a type: write its class in the family's module, add it to that module's union,
run `make vectors` for its page in docs/events.md, add its fields to
verifier/schema/tables.py, and a vector.
"""

from ledger.events.base import Event
from ledger.events.codec import (
    LINE_BYTES_MAX,
    AnyEvent,
    decode_event,
    encode_event,
    families_of,
    type_of,
)

__all__ = [
    "LINE_BYTES_MAX",
    "AnyEvent",
    "Event",
    "decode_event",
    "encode_event",
    "families_of",
    "type_of",
]
