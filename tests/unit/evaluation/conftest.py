"""Fixtures of this folder; see tests/unit/workspace/fixtures.py."""

from tests.unit.workspace.fixtures import office, tiny_training, trained, trained_once

__all__ = ["office", "tiny_training", "trained", "trained_once"]
