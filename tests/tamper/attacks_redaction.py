"""T8: what was said is taken away again, as a redaction."""

from tests.tamper.attack import attack
from tests.tamper.redacting import hide, name, place_of


@attack("T8", after="BROKEN", code="LINE_REDACTED")
def line_hidden_without_an_event(scene):
    """An event line replaced by its leaf hash, as if it had been redacted."""
    hide(scene.ledger, *place_of("erasure.recipients_notified.v1"))
    scene.write()


@attack("T8", after="BROKEN", code="LINE_REDACTED")
def key_event_redacted(scene):
    """With the eraser and log keys: a declared theft of a key named and redacted."""
    at = place_of("keys.compromised.v1")
    name(scene.ledger, *at)
    hide(scene.ledger, *at)
    scene.write()


@attack("T8", after="BROKEN", code="REDACTION")
def quarantine_named_for_redaction(scene):
    """With the eraser and log keys: a quarantine named, while it stands in clear."""
    name(scene.ledger, *place_of("optout.records_quarantined.v1"))
    scene.write()


@attack("T8", after="BROKEN", code="SLICE_TRAINED")
def quarantine_redacted(scene):
    """With the eraser and log keys: a quarantine that a later slice obeys, redacted."""
    at = place_of("optout.records_quarantined.v1")
    name(scene.ledger, *at)
    hide(scene.ledger, *at)
    scene.write()


@attack("T8", after="L1")
@attack("T8", auditor="pin", after="L4")
def last_quarantine_redacted(scene):
    """With the eraser and log keys: a quarantine after which nothing was trained."""
    at = place_of("optout.records_quarantined.v1", 1)
    name(scene.ledger, *at)
    hide(scene.ledger, *at)
    if scene.anchored:
        scene.anchor()
    scene.write()
