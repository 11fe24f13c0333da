"""What a producer says it dropped is no fault, and nothing that passes for complete."""

from tests.tamper.harness import found, told_ledger, verify_simulated

STREAM = "ingest/worker-3"


def dropped(report) -> list[str]:
    """The lines about what producers dropped."""
    return [line for line in report.not_proven if "dropped" in line]


def test_each_stream_has_its_sum(tmp_path):
    """The verifier adds up what a stream lost, by reason."""
    ledger = told_ledger()
    for events, reason in ((4, "spool_full"), (5, "disk_full")):
        event = ledger.event("spool.events_dropped.v1", events=events, reason=reason)
        ledger.submit(STREAM, [event])
    other = ledger.event("spool.events_dropped.v1", events=1, reason="producer_error")
    ledger.submit("ingest", [other])
    report = verify_simulated(ledger, tmp_path)

    assert ([], 2) == (found(report), len(dropped(report)))
    assert "stream ingest " in dropped(report)[0]
    assert "1 for producer_error" in dropped(report)[0]
    assert f"stream {STREAM} " in dropped(report)[1]
    assert "8 for disk_full, 4 for spool_full" in dropped(report)[1]


def test_family_that_was_not_granted(tmp_path):
    """A key says so only where it was granted the family spool."""
    ledger = told_ledger()
    event = ledger.event("spool.events_dropped.v1", events=1, reason="disk_full")
    seq = ledger.submit("scanner", [event])

    assert [("FAMILY_NOT_ALLOWED", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )
