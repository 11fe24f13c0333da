"""Rules across events: docs/spec.md, section 9."""

from verifier.rules import erasure, ingest, metered, optout, shards, training
from verifier.rules.state import Handler, RunRules

HANDLERS: dict[str, Handler] = {
    **optout.HANDLERS,
    **ingest.HANDLERS,
    **shards.HANDLERS,
    **training.HANDLERS,
    **erasure.HANDLERS,
}
"""By type: applies one event; makes the findings."""

RUNS: dict[str, RunRules] = {
    **optout.RUNS,
    **ingest.RUNS,
    **shards.RUNS,
    **metered.RUNS,
}
"""By type, of those that come in thousands: applies a run of events, or doubts."""
