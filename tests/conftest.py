"""Options and fixtures that every test folder shares."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("soak", deadline=None, max_examples=1000)
settings.load_profile("default")


def pytest_addoption(parser):
    parser.addoption(
        "--cases",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of conformance cases for tests/interop; skipped without it",
    )
    parser.addoption(
        "--soak", action="store_true", help="run the long campaigns in full"
    )
