"""The project's own table of signals: what each source says, exactly."""

import pytest

from tests.bench.compare_scanners import fault_of
from tests.bench.scanner_cases import own_cases
from tests.bench.scanner_ours import ours

CASES = own_cases()
READERS = ours().readers


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.channel}: {c.name}")
def test_case(case):
    """Nothing reserved or unclear passes, and nothing else is held back."""
    assert "" == fault_of(case, READERS[case.channel](case))


def test_table_is_wide():
    """Every channel of the table is read, and no case is there twice."""
    assert {case.channel for case in CASES} == set(READERS)
    assert len(CASES) == len({(case.channel, case.name) for case in CASES})
    assert len(CASES) >= 150
