"""No stolen key, nor several together, is worth more than the threat model says."""

import pytest

from tests.tamper.attack import AUDITORS
from tests.tamper.stolen import attempts

ALL = list(attempts())


@pytest.mark.parametrize("auditor", AUDITORS)
@pytest.mark.parametrize("attempt", ALL, ids=[f"{a.act} with {a.keys}" for a in ALL])
def test_worth_of_stolen_keys(tmp_path, attempt, auditor):
    """The verdict on what the thief writes is the promised one."""
    outcome = attempt.read(tmp_path, auditor)

    assert attempt.promised(auditor) == outcome.verdict, outcome
