"""A disk that refuses a write: one line, nothing half written, appends go on."""

import subprocess

import pytest

from ledger.errors import StorageError
from ledger.streams.room import Limits
from tests.crash.conftest import appender, check_holds, check_verifies, receipts
from tests.unit.ledger.workshop import adopted, assigned, new_workspace, open_ledger
from tests.unit.spool.conftest import numbers, open_producer


@pytest.mark.parametrize("room", [0, 20_000, 100_000, 333_333])
def test_a_file_that_may_not_grow(workspace, room):
    """The limit on file sizes is met inside an append (EFBIG)."""
    size_max = (workspace / "acme.ledger").stat().st_size + room
    with appender(workspace, "shards", 10_000, size_max) as child:
        lines = child.stdout.readlines()
        assert 0 == child.wait()
    errors = [line for line in lines if line.startswith("error")]

    assert 1 == len(errors)
    assert errors[0].startswith("error StorageError 70 acme.ledger: the disk refused")
    assert lines[-1] != errors[0]
    check_holds(workspace, receipts(line for line in lines if line not in errors))
    check_verifies(workspace)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB; skipped where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("no mount command")
    if done.returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def _fill(ledger):
    """Append far more than the disk holds."""
    for _ in range(100):
        ledger.append([adopted(200)] * 10, stream="policy")


def test_a_full_disk(small_disk):
    """ENOSPC inside an append; once there is room again, the append works."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(600_000))
    workspace = new_workspace(small_disk / "acme")
    with open_ledger(workspace) as ledger:
        with pytest.raises(StorageError, match="the disk refused the write") as caught:
            _fill(ledger)
        size = ledger.size
        assert "\n" not in str(caught.value)
        ballast.unlink()
        assert size == ledger.append([assigned()], stream="shards").seq

    check_holds(workspace, [])
    check_verifies(workspace)


def test_a_full_disk_under_a_spool(small_disk):
    """What was acknowledged is drained once there is room; drops are said."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    workspace = new_workspace(small_disk / "acme")
    with open_producer(workspace, limits=Limits(when_full="count")) as producer:
        tickets = [producer.append([assigned(one)] * 300) for one in range(20)]
        ballast.unlink()
        producer.flush()
        producer.flush()
    kept = [one for one, ticket in enumerate(tickets) if ticket is not None]
    with open_ledger(workspace) as ledger:
        events = [one.event for one in ledger.events()]
    dropped = [(one.events, one.reason) for one in events if hasattr(one, "events")]

    assert 0 < len(kept) < 20
    assert [(300 * (20 - len(kept)), "disk_full")] == dropped
    assert [one for one in kept for _ in range(300)] == numbers(workspace)
    check_verifies(workspace)
