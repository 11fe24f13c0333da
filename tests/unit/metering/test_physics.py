"""What devices can do in a time: what is impossible, in doubt, or not to be told."""

import msgspec
import pytest

from ledger.events.base import Name
from producers.metering.batch import Counted, total
from producers.metering.peaks import PEAKS, event_name
from producers.metering.physics import Work, physics
from tests.unit.metering.plans import make_plan
from tests.unit.projections.builders import finished, started

DEVICE = event_name("NVIDIA H100 80GB HBM3")
SECOND = 989_400_000_000_000
"""FLOP of one of them in a second in half precision."""


def said(flop, *, wall_ms=999, is_complete=True, pairs=0, **start):
    """What is said of a run of as many FLOP; a second passes in 999 ms and one more."""
    start = {"device": DEVICE} | start
    return physics(
        msgspec.structs.replace(started(), **start),
        msgspec.structs.replace(finished(), wall_ms=wall_ms),
        Work(algorithmic=flop + pairs, certain=flop),
        is_complete=is_complete,
    )


@pytest.mark.parametrize(
    ("flop", "speed"),
    [
        (0, "implausible"),
        (SECOND // 200 - 1, "implausible"),
        (SECOND // 200, "possible"),
        (SECOND // 4 * 3, "possible"),
        (SECOND // 4 * 3 + 1, "implausible"),
        (1_978_900_000_000_000, "implausible"),
        (1_978_900_000_000_001, "impossible"),
    ],
    ids=["none", "low", "least", "most", "high", "any-format", "beyond"],
)
def test_utilisation(flop, speed):
    """Outside of 0.5 % to 75 % is a doubt, beyond the fastest format a finding."""
    assert speed == said(flop).speed


def test_devices_and_time_multiply():
    """Eight devices for ten seconds can do eighty times as much."""
    ranks = {"data_parallel": 2, "tensor_parallel": 2, "pipeline_parallel": 2}
    found = said(40 * SECOND, wall_ms=9_999, **ranks)

    assert ("possible", 500_000) == (found.speed, found.utilisation_ppm)
    assert found.reason.startswith("50 % of the peak in half precision of 8 x NVIDIA")


def test_pairs_that_a_kernel_may_skip_are_no_finding():
    """Masked pairs are counted and may not have run: a doubt, however many."""
    assert "implausible" == said(SECOND, pairs=100 * SECOND).speed


def test_count_with_faults_is_no_finding():
    """It may be too high as well."""
    assert "implausible" == said(100 * SECOND, is_complete=False).speed


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("cpu", "no peak is known of the device cpu"),
        ("NVIDIA H20", "no peak is known of the device NVIDIA H20"),
        ("NVIDIA H200 NVL", "no peak is known of the device NVIDIA H200 NVL"),
        ("nvidia h200", "no peak is known of the device nvidia h200"),
    ],
    ids=["cpu", "begins-alike", "longer", "case"],
)
def test_unknown_device_is_not_bounded(device, reason):
    """Names are exact: of one that only resembles a known one nothing is said."""
    found = said(10**30, device=device)

    assert ("not_bounded", reason, None) == (
        found.speed,
        found.reason,
        found.utilisation_ppm,
    )


def test_run_without_a_time_is_not_bounded():
    """Nor is one that did not finish."""
    begun = msgspec.structs.replace(started(), device=DEVICE)
    open_run = physics(begun, None, Work(algorithmic=1), is_complete=True)

    assert "no time is stated" == said(10**30, wall_ms=0).reason
    assert ("not_bounded", "the run did not finish") == (
        open_run.speed,
        open_run.reason,
    )


def test_work_of_a_batch():
    """What is computed again is left out; of what is certain, the pairs are as well."""
    facts = {"plan": make_plan(), "batch": 2, "sequence": 10}
    counted = [
        Counted(**facts, phase="train", has_gradient=True, forwards=3, backwards=2),
        Counted(
            **facts, phase="evaluation", has_gradient=False, forwards=1, backwards=0
        ),
    ]
    work = Work()
    work.add(total(counted), counted)

    assert 20 * (3 * (3 + 20) + 2 * (7 + 50) + 1 * (2 + 10)) == work.algorithmic
    assert 20 * (3 * 3 + 2 * 7 + 1 * 2) == work.certain


def test_no_format_is_slower_than_half_precision():
    """The bound for a finding is never below the one for a doubt."""
    assert all(peak.half <= peak.most for peak in PEAKS.values())


def test_a_device_with_a_peak_can_stand_in_an_event():
    """Names in events have no blanks, and drivers' names have."""
    assert sorted(PEAKS) == [msgspec.convert(name, Name) for name in sorted(PEAKS)]
    assert "NVIDIA-H100-80GB-HBM3" in PEAKS
