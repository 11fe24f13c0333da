"""The ends of a run in a bundle: which event is blamed where one is missing."""

import pytest

from verifier.bundle.events import ReadEvent
from verifier.bundle.findings import BundleViolation
from verifier.bundle.run import check_run

STARTED = "training.run_started.v1"
METERED = "training.steps_metered.v1"
RUN = {"run_id": b"5" * 32}


def test_run_without_an_end():
    """The last event is blamed, by its place and its type (BUN-11)."""
    started = ReadEvent("event 5.0", "training", STARTED, RUN)
    metered = ReadEvent("event 6.0", "training", METERED, RUN)
    with pytest.raises(BundleViolation) as caught:
        check_run([started, metered])

    finding = caught.value.finding
    assert ("event 6.0", METERED) == (finding.where, finding.found)
