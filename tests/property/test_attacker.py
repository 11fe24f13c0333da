"""Honest ledgers keep their level; no thief's file reaches more than the keys allow."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.campaign.audience import Audience
from tests.property.campaign.machine import Campaign

SEQUENCES = 20
SEQUENCES_SOAK = 2500


def profile(sequences: int, *, derandomize: bool) -> settings:
    """No shrinking: what is found is a sequence of named moves, short enough."""
    return settings(
        max_examples=sequences,
        stateful_step_count=16,
        deadline=None,
        database=None,
        derandomize=derandomize,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


@pytest.mark.timeout(0)
def test_no_thief_gets_further_than_the_keys_allow(request):
    """Verifier and model agree on every forged and every honest file."""
    soak = request.config.getoption("--soak")
    sequences = SEQUENCES_SOAK if soak else SEQUENCES
    Audience.looks = 0
    run_state_machine_as_test(
        Campaign, settings=profile(sequences, derandomize=not soak)
    )
    print(f"{sequences} sequences, {Audience.looks} files judged")
