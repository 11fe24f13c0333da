"""Several processes append to one ledger: no fork, no loss, no duplicate."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ledger.disk import sqlite as sqlite_module
from ledger.errors import LockedError
from tests.crash.conftest import appender, check_holds, check_verifies, receipts
from tests.unit.ledger.workshop import assigned, open_ledger

EACH = 12

HOLDER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from ledger.disk.sqlite import SqliteStore
store = SqliteStore.open(Path(sys.argv[1]))
with store.writing():
    print("held", flush=True)
    sys.stdin.readline()
store.close()
"""


@pytest.mark.parametrize(
    "streams",
    [["shards"] * 3, ["shards/a", "shards/b", "shards/c"]],
    ids=["same stream", "different streams"],
)
def test_processes_append_at_once(workspace, streams):
    """Every receipt of every process is there, each entry once."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(appender(workspace, stream, EACH)) for stream in streams
        ]
        printed = [receipts(child.stdout.readlines()) for child in children]
        assert [0, 0, 0] == [child.wait() for child in children]
    everything = sorted(one for lines in printed for one in lines)

    assert list(range(1, 3 * EACH + 1)) == [seq for seq, _ in everything]
    check_holds(workspace, everything)
    check_verifies(workspace)


def test_another_process_holds_the_lock(workspace, monkeypatch):
    """LockedError with exit code 8 after the wait; afterwards the append works."""
    monkeypatch.setattr(sqlite_module, "LOCK_WAIT_MS", 50)
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", HOLDER, workspace / "acme.ledger", root]
    with (
        open_ledger(workspace) as ledger,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder,
    ):
        assert "held\n" == holder.stdout.readline()
        with pytest.raises(LockedError, match="another writer") as caught:
            ledger.append([assigned()], stream="shards")
        holder.communicate("go\n")
        assert 8 == caught.value.exit_code
        assert 1 == ledger.append([assigned()], stream="shards").seq


def test_a_killed_holder_lets_go(workspace):
    """A lock dies with its process."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", HOLDER, workspace / "acme.ledger", root]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert "held\n" == holder.stdout.readline()
        holder.kill()
    with open_ledger(workspace) as ledger:
        assert 1 == ledger.append([assigned()], stream="shards").seq
