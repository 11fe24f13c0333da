"""What a producer lost before it was signed: the `spool` family, in any stream."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.base import INT_MAX, Event


class EventsDropped(Event, frozen=True, kw_only=True, tag="spool.events_dropped.v1"):
    """The producer of this stream dropped events that it could not keep.

    A list that leaves out what was dropped would pass for complete, so the drop is an
    event itself.

    Attributes:
        events: how many were dropped since the last such event.
        reason: why.
    """

    events: Annotated[int, Meta(ge=1, le=INT_MAX)]
    reason: Literal["spool_full", "disk_full", "producer_error"]


SpoolEvent = EventsDropped
