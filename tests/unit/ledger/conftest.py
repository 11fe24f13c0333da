"""A workspace made once, copied for each test that changes it."""

import shutil

import pytest

from tests.unit.ledger.workshop import new_workspace


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """A workspace with its genesis entry only; read, never write."""
    return new_workspace(tmp_path_factory.mktemp("pristine") / "acme")


@pytest.fixture
def workspace(pristine, tmp_path):
    """A fresh copy of the pristine workspace."""
    return shutil.copytree(pristine, tmp_path / "acme")
