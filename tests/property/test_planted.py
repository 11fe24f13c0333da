"""Each planted fault of the verifier is caught: the campaign looks at every check."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.property.campaign.audience import Audience
from tests.property.campaign.machine import Campaign
from tests.property.planted.bugs import IN_HISTORY, IN_THE_FILE
from tests.property.test_attacker import profile
from tests.tamper import attacks_pages, attacks_sqlite
from tests.tamper.attack import attacks

MODULES = (attacks_pages, attacks_sqlite)
SEQUENCES = 400
SAMPLE = (
    "tree_root_not_compared",
    "place_in_the_stream_not_compared",
    "pinned_root_not_compared",
)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", IN_HISTORY)
def test_campaign_catches_a_fault_in_history(request, monkeypatch, name):
    """With this check gone, verifier and model part within the campaign's sequences."""
    if name not in SAMPLE and not request.config.getoption("--soak"):
        pytest.skip("a sample of faults is planted; all of them with --soak")
    IN_HISTORY[name](monkeypatch)
    Audience.looks = 0
    caught = False
    try:
        run_state_machine_as_test(
            Campaign, settings=profile(SEQUENCES, derandomize=True)
        )
    except (AssertionError, LookupError, TypeError, ValueError):
        caught = True
    print(f"caught after {Audience.looks} files")

    assert caught


@pytest.mark.parametrize("name", IN_THE_FILE)
def test_hostile_files_catch_a_fault(monkeypatch, tmp_path, name):
    """With this check gone, one of the attacks S1 to S17 ends in another way."""
    IN_THE_FILE[name](monkeypatch)
    caught = []
    for number, attack in enumerate(attacks("S")):
        try:
            _, after = attack.carry_out(tmp_path / str(number))
        except Exception as error:  # noqa: BLE001 (a crash is a catch)
            caught.append((attack.name, error))
            continue
        if attack.after != after.verdict or attack.code not in ("", *after.codes):
            caught.append((attack.name, after))

    assert caught
