"""A redaction that is killed at any moment is finished by asking for it again."""

import random
import signal

import pytest

from ledger.events.erasure import LinesRedacted
from ledger.events.optout import PolicyFileFetched
from tests.crash.killing import run_and_kill
from tests.unit.erasure.test_redact import BODY, fetched, holders, redact, registered
from tests.unit.workspace.office import new_office

KILLS, KILLS_SOAK = 4, 60
LINES = 8


@pytest.fixture
def office(tmp_path):
    """A workspace with as many entries of one policy file each."""
    office = new_office(tmp_path / "acme")
    with office.open() as workspace:
        workspace.ledger.append([registered()], stream="scan")
        for _ in range(LINES):
            workspace.ledger.append([fetched()], stream="scan")
    return office


def test_killed_at_any_moment(office, request):
    """The file verifies behind each kill; in the end every line is gone, named once."""
    chance = random.Random(20_261_122)
    kills = KILLS_SOAK if request.config.getoption("--soak") else KILLS
    with office.open() as workspace:
        first = next(
            one.seq
            for one in workspace.ledger.events()
            if isinstance(one.event, PolicyFileFetched)
        )
    asked = [f"{seq}.0" for seq in range(first, first + LINES)]
    for number in range(kills):
        some = asked[: 2 * (number % len(asked[::2])) + 2]
        command = ["redact", *some, "-w", str(office.folder)]
        status, said = run_and_kill(command, chance, moments_max=3, wait_s=0.05)
        assert status in (0, -signal.SIGKILL), said
        with office.open():
            pass  # a journal that was left is put right by whoever opens the file
        office.check()
    redact(office, *asked)

    assert [] == office.events(PolicyFileFetched)
    assert LINES == len(office.events(LinesRedacted))
    assert [] == holders(office, BODY.encode())
    office.check()
