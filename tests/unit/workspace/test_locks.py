"""ledger.disk.locks: one process at a time."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.disk.locks import file_lock
from ledger.errors import LockedError, StorageError

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys
from pathlib import Path
from ledger.disk.locks import file_lock
with file_lock(Path(sys.argv[1]), what="train"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock until it gets a line."""
    command = [sys.executable, "-c", HOLDER, tmp_path / "lock"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert "held\n" == process.stdout.readline()
        yield process
        process.kill()


def ask(path, wait_seconds=0.0):
    """Take the lock and let it go."""
    with file_lock(path, what="train", wait_seconds=wait_seconds):
        pass


@pytest.mark.parametrize("wait_seconds", [0, 0.06])
def test_refused_while_another_process_holds_it(tmp_path, holder, wait_seconds):
    """LockedError says what is running, and ends with exit code 8."""
    with pytest.raises(
        LockedError, match=r"^train is running in another process$"
    ) as caught:
        ask(tmp_path / "lock", wait_seconds)

    assert 8 == caught.value.exit_code


def test_taken_once_it_is_let_go(tmp_path, holder):
    """Whoever waits gets it."""
    holder.stdin.write("go\n")
    holder.stdin.flush()
    ask(tmp_path / "lock", 10)

    assert 0 == holder.wait()


def test_a_killed_holder_lets_go(tmp_path, holder):
    """The system frees it; no stale lock file stops anybody."""
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    ask(tmp_path / "lock")


def test_an_error_lets_go(tmp_path):
    """Whatever ends the body."""
    with pytest.raises(KeyboardInterrupt), file_lock(tmp_path / "lock", what="train"):
        raise KeyboardInterrupt
    ask(tmp_path / "lock")


def test_not_twice_in_one_process_either(tmp_path):
    """Two sessions of one process exclude each other."""
    with file_lock(tmp_path / "lock", what="train"), pytest.raises(LockedError):
        ask(tmp_path / "lock")


def test_the_file_is_private_and_empty(tmp_path):
    """It tells nothing."""
    ask(tmp_path / "lock")
    found = (tmp_path / "lock").stat()

    assert (0o600, 0) == (stat.S_IMODE(found.st_mode), found.st_size)


def test_a_folder_that_is_missing(tmp_path):
    """A refused write, not a crash."""
    with pytest.raises(StorageError):
        ask(tmp_path / "missing" / "lock")
