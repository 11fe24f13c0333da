"""An erasure whose retrain and proof run in fresh processes, as commands run them."""

import pytest

from ledger.events.erasure import ErasureVerified
from tests.unit.workspace.office import leaks, secrets_of
from tests.unit.workspace.tiny import make_recipes_tiny


@pytest.fixture(autouse=True)
def tiny_training(monkeypatch):
    """Tiny recipes, but real workers."""
    make_recipes_tiny(monkeypatch.setitem)


def test_fresh_processes_agree_to_the_bit(trained):
    """Slices trained here, in a worker and in the clean room continue each other."""
    trained.erase("jane")

    assert ["bitwise_equal"] == [
        one.exactness for one in trained.events(ErasureVerified)
    ]
    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()
