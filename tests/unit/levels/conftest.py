"""An office in a folder of its own."""

import pytest

from tests.unit.levels.office import Office


@pytest.fixture
def office(tmp_path):
    """An auditor with a policy that asks for L1 only."""
    return Office(tmp_path)
