"""T9 and T10: attacks on when things happened.

Each says which keys it takes.
"""

from tests.tamper.attack import attack
from tests.tamper.attacks_history import pending
from tests.tamper.auditor import HOUR_MS
from tests.tamper.story import Story


@attack("T9", after="L1")
@attack("T9", auditor="policy", after="L3", code="SUBMISSION_DELAYED")
def submission_held_back(scene):
    """With the log key: a submission is appended a fortnight after it was signed."""
    ledger = scene.ledger
    signed_at = ledger.now_ms
    for clock in (ledger, scene):
        clock.now_ms += 14 * 24 * HOUR_MS
    ledger.submit(
        "ingest", [pending(ledger, 60)], lines_changed={"claimed_at_ms": signed_at}
    )
    if scene.anchored:
        scene.anchor()
    scene.write()


@attack("T9", after="BROKEN", code="STREAM_GAP")
def stream_reordered(scene):
    """With the log key: two submissions of one stream change places."""
    ledger = scene.ledger
    first = ledger.submit("ingest", [pending(ledger, 60)])
    second = ledger.submit("ingest", [pending(ledger, 61)])
    rows = ledger.entries
    rows[first], rows[second] = rows[second], rows[first]
    ledger.rechain(first)
    scene.write()


@attack("T10", after="BROKEN", code="ENTRY_TIME")
def clock_set_back(scene):
    """With the ingest and log keys: an entry is recorded before the one before it."""
    scene.ledger.now_ms -= HOUR_MS
    scene.ledger.submit("ingest", [pending(scene.ledger, 60)])
    scene.write()


@attack("T10", auditor="policy", after="L1", code="CLOCK_SKEW")
def clock_ahead_of_its_anchors(scene):
    """With the ingest and log keys: recorded an hour after it was stamped."""
    scene.ledger.now_ms += HOUR_MS
    scene.ledger.submit("ingest", [pending(scene.ledger, 60)])
    scene.ledger.now_ms -= HOUR_MS
    scene.anchor()
    scene.write()


@attack("T10", after="L1")
def whole_clock_back_dated(scene):
    """With all keys: a ledger that says it is a year older. Only anchors date it."""
    scene.ledger = Story(now_ms=scene.ledger.now_ms - 365 * 24 * HOUR_MS).build()
    scene.write()
