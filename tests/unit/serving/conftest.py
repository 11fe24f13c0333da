"""Fixtures of this folder; see tests/unit/workspace/fixtures.py."""

import pytest

from tests.unit.cli.shell import Shell
from tests.unit.serving.shop import publish
from tests.unit.workspace.fixtures import office, tiny_training, trained, trained_once

__all__ = ["office", "tiny_training", "trained", "trained_once"]


@pytest.fixture
def serving(trained):
    """A trained office whose model serves."""
    publish(trained)
    return trained


@pytest.fixture
def shell(trained, capsys):
    """A shell in a trained workspace."""
    return Shell(capsys, trained.folder)
