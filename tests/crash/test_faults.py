"""Every file operation may fail, or be the last: nothing acknowledged is lost.

One operation at a time, of an append, a spool, a flush, a drain and an anchor, fails
with an I/O error, finds the disk full, writes only a part, or is where the process is
killed. Afterwards the file opens and verifies, and holds exactly what was acknowledged
and at most what was in flight. A seeded sample; every operation under `--soak`.
"""

import random
import shutil
import signal

import pytest

from ledger import Ledger
from tests.crash.faults import build, check_after, check_verifies, machine
from tests.unit.ledger.workshop import assigned, open_ledger

SAMPLE = 2
SPOOLED = {"drain": (20, 21, 30, 31)}
EVENTS = {"append": {0: 1, 1: 61, 2: 121}}


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """The machine; skipped without a compiler."""
    folder = tmp_path_factory.mktemp("faults")
    shim = build(folder)
    if shim is None:
        pytest.skip("no C compiler, or no Linux, to build tests/crash/fault.c with")
    with machine(shim, folder) as found:
        yield found


@pytest.mark.parametrize("scenario", ["append", "spool", "flush", "drain", "anchor"])
def test_without_a_fault(faults, scenario):
    """The scenario itself: everything tried is acknowledged, each event once."""
    workspace, outcome = faults.run(scenario)
    found = check_after(workspace, outcome, spooled_before=SPOOLED.get(scenario, ()))

    assert outcome.tried == outcome.acknowledged
    assert 0 == outcome.status
    expected = EVENTS.get(scenario, {})
    assert all(found.count(one) == expected.get(one, 1) for one in found)


@pytest.mark.parametrize("scenario", ["append", "spool", "flush", "drain", "anchor"])
@pytest.mark.parametrize(
    "kind",
    ["io-error", "disk-full", "short-write", "kill-before", "kill-after", "torn-write"],
)
def test_a_fault_at_an_operation(faults, scenario, kind, request):
    """Whichever operation it is, what was acknowledged is there, each event once."""
    operations = faults.operations(scenario)
    places = [
        place
        for place, name in enumerate(operations)
        if name == "write" or kind not in {"short-write", "torn-write"}
    ]
    if not request.config.getoption("--soak"):
        chance = random.Random(f"{scenario} {kind}")
        places = sorted(chance.sample(places, min(SAMPLE, len(places))))
    for place in places:
        workspace, outcome = faults.run(scenario, place, kind)
        where = f"{kind} at operation {place}, {operations[place]}"
        is_killed = kind in {"kill-before", "kill-after", "torn-write"}
        assert (signal.SIGKILL if is_killed else 0) == outcome.status, where
        found = check_after(
            workspace, outcome, spooled_before=SPOOLED.get(scenario, ())
        )
        expected = EVENTS.get(scenario, {})
        assert [
            one for one in found if found.count(one) != expected.get(one, 1)
        ] == [], where
        check_anchors(workspace, outcome)
        with open_ledger(workspace) as ledger:
            ledger.append([assigned(99)], stream="shards")
        check_verifies(workspace)
        shutil.rmtree(workspace)


def check_anchors(workspace, outcome):
    """Every acknowledged anchor is there, and every one that is there was tried."""
    with Ledger.open(workspace) as ledger:
        found = {size for size, _ in ledger.anchors("cosignature")}
    assert outcome.numbers(outcome.acknowledged, "anchored") <= found
    assert found <= outcome.numbers(outcome.tried, "anchored")


def test_a_spooled_file_is_durable_before_it_is_acknowledged(faults):
    """Its bytes, then its name: write, fsync, rename, fsync of the folder."""
    _, outcome = faults.run("spool")
    text = " ".join(outcome.operations)

    assert 3 == text.count("write fsync rename fsync")


def test_a_spool_is_deleted_only_after_the_commit(faults):
    """The transaction is on the disk before the first file is renamed or unlinked."""
    _, outcome = faults.run("drain")
    settled = outcome.operations.index("rename")

    assert "fsync" == outcome.operations[settled - 1]
    assert 2 == outcome.operations.count("rename")


def test_a_kill_before_anything_changed(faults):
    """The journal that it leaves is gone once a writer has looked; nothing else is."""
    workspace, outcome = faults.run("append", 0, "kill-before")
    assert signal.SIGKILL == outcome.status
    assert (workspace / "acme.ledger-journal").exists()
    open_ledger(workspace).close()

    assert not (workspace / "acme.ledger-journal").exists()
    check_verifies(workspace)
