"""Fixtures that the tests of workspaces, erasures and commands share."""

from contextlib import contextmanager

import pytest

from tests.unit.workspace.office import filled_office, new_office
from tests.unit.workspace.tiny import make_recipes_tiny, make_workers_calls


@pytest.fixture(autouse=True)
def tiny_training(monkeypatch):
    """Whatever trains here trains the tiny recipes, in this process."""
    make_recipes_tiny(monkeypatch.setitem)
    make_workers_calls(monkeypatch.setattr)


@contextmanager
def tiny():
    """The same for fixtures that outlive a test."""
    with pytest.MonkeyPatch.context() as patch:
        make_recipes_tiny(patch.setitem)
        make_workers_calls(patch.setattr)
        yield


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """A trained office; read, never written."""
    pytest.importorskip("torch")
    with tiny():
        return filled_office(tmp_path_factory.mktemp("office") / "acme")


@pytest.fixture
def trained(trained_once, tmp_path):
    """A trained office of the test's own."""
    return trained_once.copy(tmp_path / "acme")


@pytest.fixture
def office(tmp_path):
    """An empty office."""
    return new_office(tmp_path / "acme")
