"""Rules across events: docs/spec.md, section 9."""

from verifier.rules import (
    dataset,
    erasure,
    erasure_request,
    ingest,
    known,
    licence,
    metered,
    optout,
    quarantine,
    review,
    saved,
    served,
    shards,
    training,
)
from verifier.rules.state import BulkRules, Handler

HANDLERS: dict[str, Handler] = {
    **optout.HANDLERS,
    **review.HANDLERS,
    **licence.HANDLERS,
    **quarantine.HANDLERS,
    **dataset.HANDLERS,
    **ingest.HANDLERS,
    **shards.HANDLERS,
    **training.HANDLERS,
    **metered.HANDLERS,
    **saved.HANDLERS,
    **known.HANDLERS,
    **served.HANDLERS,
    **erasure_request.HANDLERS,
    **erasure.HANDLERS,
}
"""By type: applies one event; makes the findings."""

BULK: dict[str, BulkRules] = {
    **optout.BULK,
    **ingest.BULK,
    **shards.BULK,
    **metered.BULK,
}
"""By type, of those that come in thousands: applies many events at once, or doubts."""
