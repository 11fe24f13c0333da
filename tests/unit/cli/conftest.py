"""Fixtures of this folder; see tests/unit/workspace/fixtures.py."""

import pytest

from producers.demo import site as demo
from producers.optout.net.resolve import Endpoint
from tests.unit.cli.desk import Desk
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


@pytest.fixture
def site():
    """Every host is played by a loopback server."""
    with demo.running_site() as running:

        def resolve(_host, _port, _scheme):
            return Endpoint(address=running.address, port=running.port, scheme="http")

        yield resolve


@pytest.fixture
def desk(office, capsys, site, tmp_path):
    """A shell in an empty workspace, whose scans reach that server."""
    return Desk(Shell(capsys, office.folder), site, tmp_path)


@pytest.fixture
def say(monkeypatch):
    """Lets `clear.example` say something new in its pages' headers."""

    def change(headers):
        said = demo.SitePolicy(page_headers=headers)
        monkeypatch.setitem(demo.POLICIES, "clear", said)

    return change
