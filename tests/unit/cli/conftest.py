"""Fixtures of this folder; see tests/unit/workspace/fixtures.py."""

import pytest

from tests.unit.cli.shell import Shell
from tests.unit.workspace.fixtures import office, tiny_training, trained, trained_once

__all__ = ["office", "tiny_training", "trained", "trained_once"]


@pytest.fixture
def shell(trained, capsys):
    """A shell in a trained workspace."""
    return Shell(capsys, trained.folder)


@pytest.fixture
def here(tmp_path, capsys):
    """A shell in an empty folder."""
    return Shell(capsys, tmp_path)
