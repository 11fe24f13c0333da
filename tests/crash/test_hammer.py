"""Many producers at once, some killed at random: no fork, no loss, no duplicate."""

import random
import select
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ledger import Ledger
from tests.crash.conftest import check_file_verifies, check_holds, check_verifies
from tests.unit.ledger.workshop import assigned, open_ledger
from tests.unit.spool.conftest import numbers, open_producer

SPOOLER = Path(__file__).with_name("spooler.py")
WORKERS, EACH, EACH_SOAK = 8, 9, 1000
ROUNDS, ROUNDS_SOAK, VICTIMS = 2, 50, 4
ENDLESS = 1_000_000
"""More than a producer appends before it is killed, however busy the machine is."""


def start(stack, workspace, stream, first, count, *more):
    """A producer in a process of its own; it is gone when the stack ends."""
    command = [sys.executable, SPOOLER, workspace, stream, first, count, *more]
    child = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    stack.callback(child.stdout.close)
    stack.callback(child.wait)
    stack.callback(child.kill)
    return child


def said(lines, word):
    """The numbers in whole lines that begin with a word."""
    whole = (line.split() for line in lines if line.endswith("\n"))
    return [int(line[1]) for line in whole if line[0] == word]


@pytest.fixture
def soak(request):
    """Whether to take long."""
    return request.config.getoption("--soak")


@pytest.mark.parametrize(
    "skew_ms", [0, 60_000], ids=["steady clock", "clock steps back"]
)
def test_producers_at_once(workspace, soak, skew_ms):
    """Everything that each appended is there once, in its order."""
    each = EACH_SOAK if soak else EACH
    with ExitStack() as stack:
        children = [
            start(stack, workspace, f"shards/w{n}", n * each, each, skew_ms)
            for n in range(WORKERS)
        ]
        lines = [line for child in children for line in child.stdout.readlines()]
        assert [0] * WORKERS == [child.wait() for child in children]

    assert list(range(WORKERS * each)) == sorted(said(lines, "flushed"))
    assert list(range(WORKERS * each)) == sorted(numbers(workspace))
    with open_ledger(workspace) as ledger:
        times = [one.recorded_at_ms for one in ledger.events()]
    assert sorted(times) == times
    check_holds(workspace, [])
    check_verifies(workspace)


def test_one_of_them_brings_in_all(workspace):
    """Whoever has the lock appends the others' too; they find theirs in."""
    with ExitStack() as stack:
        producers = [
            stack.enter_context(open_producer(workspace, f"shards/w{n}"))
            for n in range(4)
        ]
        for number, producer in enumerate(producers):
            producer.append([assigned(number)])
        receipts = [receipt for one in producers for receipt in one.flush()]

    assert [1, 2, 3, 4] == [one.seq for one in receipts]
    assert 1 == len({one.checkpoint for one in receipts})


def test_two_processes_of_one_name(workspace):
    """One is refused at once; the other's events are there."""
    with ExitStack() as stack:
        first = start(stack, workspace, "shards/w0", 0, ENDLESS)
        assert "ready\n" == first.stdout.readline()
        second = start(stack, workspace, "shards/w0", 1000, 1)

        assert ["error LockedError\n"] == second.stdout.readlines()
        assert 8 == second.wait()
        first.kill()
        lines = first.stdout.readlines()
    with Ledger.open(workspace) as ledger:
        ledger.drain()
    found = numbers(workspace)

    assert found == list(range(len(found)))
    assert set(said(lines, "spooled")) <= set(found)


def _stop(child, chance, each):
    """Read some lines, then kill it at a moment that chance decides."""
    lines = [child.stdout.readline() for _ in range(chance.randrange(1, each))]
    select.select([child.stdout], [], [], chance.random() * 0.004)
    child.send_signal(signal.SIGKILL)
    return lines


def test_some_are_killed(workspace, soak):
    """What was spooled by anybody is there once, whoever died on the way."""
    chance = random.Random(20_250_103)
    with Ledger.open(workspace) as ledger:
        root_keys = ledger.root_keys
    kept, tried = [], 0
    for _ in range(ROUNDS_SOAK if soak else ROUNDS):
        with ExitStack() as stack:
            children = [
                start(stack, workspace, f"shards/w{n}", tried + n * EACH, EACH)
                for n in range(WORKERS)
            ]
            lines = []
            for child in chance.sample(children, VICTIMS):
                lines += _stop(child, chance, EACH)
            lines += [line for child in children for line in child.stdout.readlines()]
            codes = [child.wait() for child in children]
        assert set(codes) <= {0, -signal.SIGKILL}
        kept += said(lines, "spooled")
        tried += WORKERS * EACH
        check_file_verifies(workspace, root_keys)
        assert set(said(lines, "flushed")) <= set(numbers(workspace))
    with Ledger.open(workspace) as ledger:
        assert {} == ledger.drain().refused
    found = numbers(workspace)

    assert len(found) == len(set(found))
    assert set(kept) <= set(found) <= set(range(tried))
    check_holds(workspace, [])
    check_verifies(workspace)
