"""Fixtures of this folder; see tests/unit/ledger and tests/unit/workspace."""

import pytest

from ledger.disk.places import ledger_file
from tests.unit.cli.shell import Shell
from tests.unit.ledger.conftest import pristine, workspace
from tests.unit.ledger.workshop import open_ledger
from tests.unit.workspace.fixtures import office, tiny_training, trained, trained_once
from verifier import verify

__all__ = [
    "office",
    "pristine",
    "tiny_training",
    "trained",
    "trained_once",
    "workspace",
]


@pytest.fixture
def ledger(workspace):
    """The ledger of a fresh workspace."""
    with open_ledger(workspace) as found:
        yield found
    check_keys(workspace)


def check_keys(workspace):
    """The independent verifier agrees with every key event that the writer let in.

    Its rules across events (LV7..) are not asked here: these runs are half told.
    """
    report = verify(ledger_file(workspace), level=0)
    assert [] == [one for one in report.findings if one.code < "LV5"]


@pytest.fixture
def shell(office, capsys):
    """A shell in an empty office."""
    return Shell(capsys, office.folder)
