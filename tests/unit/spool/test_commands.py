"""spool status and spool drain (producers.commands.spool)."""

import pytest

from ledger.log import group as group_module
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.ledger.workshop import assigned
from tests.unit.spool.conftest import (
    STREAM,
    bring_back,
    hide,
    numbers,
    open_producer,
    spool_of,
)


@pytest.fixture
def shell(capsys, workspace):
    """Runs commands on the workspace."""
    return Shell(capsys, workspace)


def fill(workspace, stream=STREAM):
    """Spool two submissions."""
    with open_producer(workspace, stream) as producer:
        for number in range(2):
            producer.append([assigned(number)])


def test_status_of_nothing(shell):
    """Nothing to say."""
    ran = shell.w("spool", "status")

    assert (0, "", "") == (ran.code, ran.out, ran.err)


def test_status(shell, workspace):
    """One line a stream: submissions, bytes, name; with or without the ledger."""
    fill(workspace)
    hide(workspace)
    ran = shell.w("spool", "status")
    bring_back(workspace)
    _, size = spool_of(workspace).size()

    assert (0, f"      2 {size:>12}  {STREAM}\n") == (ran.code, ran.out)


def test_status_of_an_open_stream(shell, workspace):
    """Whose producer is at work."""
    with open_producer(workspace):
        ran = shell.w("spool", "status", "--json")

    assert [
        {
            "stream": STREAM,
            "submissions": 0,
            "bytes": 0,
            "is_open": True,
            "quarantined": "",
        }
    ] == ran.json()["streams"]


def test_drain(shell, workspace):
    """Everything goes in; a second time there is nothing."""
    fill(workspace)
    fill(workspace, "shards/worker-2")
    first, second = (shell.w("spool", "drain") for _ in range(2))

    assert (0, "appended 4 submissions\n", "") == (first.code, first.out, first.err)
    assert (0, "appended 0 submissions\n", "") == (second.code, second.out, second.err)
    assert 4 == len(numbers(workspace))


def test_a_bad_file(shell, workspace):
    """Exit code 8 and one line; the others go in, and status says where it lies."""
    fill(workspace)
    fill(workspace, "shards/worker-2")
    spool_of(workspace).path(0).write_bytes(b"")
    drained = shell.w("spool", "drain")
    status = shell.w("spool", "status")

    assert (8, "appended 2 submissions\n") == (drained.code, drained.out)
    assert drained.err.startswith(
        f"stream {STREAM}: not appended: spool file: expected"
    )
    assert 8 == status.code
    assert "quarantined: counter 0: spool file: expected" in status.out


def test_no_ledger(shell, workspace):
    """Exit code 6; nothing is lost."""
    fill(workspace)
    hide(workspace)
    ran = shell.w("spool", "drain")

    assert 6 == ran.code
    assert [0, 1] == spool_of(workspace).waiting()


def test_a_bad_file_of_an_earlier_commit(shell, workspace, monkeypatch):
    """Exit code 8 although the last of several commits had nothing to refuse."""
    monkeypatch.setattr(group_module, "ENTRIES_MAX", 1)
    fill(workspace)
    fill(workspace, "shards/worker-2")
    spool_of(workspace).path(0).write_bytes(b"")
    drained = shell.w("spool", "drain")

    assert (8, "appended 2 submissions\n") == (drained.code, drained.out)
    assert f"stream {STREAM}: not appended" in drained.err


def test_status_of_no_folder(shell, tmp_path):
    """Exit code 6, not an empty list."""
    shell.folder = tmp_path / "missing"

    check_one_error(shell.w("spool", "status"), 6, "no such folder")


def test_a_file_among_the_spools(shell, workspace):
    """A stray one is no stream that was cut off."""
    fill(workspace)
    (workspace / "spool" / "notes").write_text("mine")
    ran = shell.w("spool", "status")

    assert (0, "") == (ran.code, ran.err)
    assert "quarantined" not in ran.out
