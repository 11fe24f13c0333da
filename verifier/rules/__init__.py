"""Rules across events: docs/spec.md, section 9."""

from verifier.rules import erasure, ingest, optout, shards, training
from verifier.rules.state import Handler

HANDLERS: dict[str, Handler] = {
    **optout.HANDLERS,
    **ingest.HANDLERS,
    **shards.HANDLERS,
    **training.HANDLERS,
    **erasure.HANDLERS,
}
