"""What group commit is worth: many producers against one, and against each its own.

    python tests/bench/bench_writers.py [--processes N] [--events N] [--batch N]

Three ways to append the same submissions, side by side in every round: processes that
spool and share commits, one process that spools and flushes alone, and processes that
each append in a transaction of their own. Prints events a second of wall time and of
CPU time (of all processes together, start-up left out), the submissions in one commit,
and ratios of medians. Rates of one machine say little; the ratios are what to compare.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger import Ledger, create_ledger
from ledger.streams.producer import Producer
from tests.unit.ledger.workshop import assigned

FLUSH_EVERY = 8
"""Submissions that a producer spools before it waits for the ledger."""


@dataclass(frozen=True)
class Rate:
    """What one way did in one round.

    Attributes:
        wall: events a second of wall time.
        cpu: events a second of CPU time.
        shared: submissions in one commit, on average.
    """

    wall: float
    cpu: float
    shared: float


def spool(workspace, number, submissions, events, barrier):
    """A producer that waits for its receipts every few submissions."""
    batch = [assigned(number)] * events
    with Producer.open(workspace, stream=f"shards/w{number}") as producer:
        barrier.wait()
        start = _cpu()
        for place in range(1, submissions + 1):
            producer.append(batch)
            if place % FLUSH_EVERY == 0 or place == submissions:
                producer.flush(wait_seconds=120)
        return _cpu() - start


def append(workspace, number, submissions, events, barrier):
    """A process that appends each submission in a transaction of its own."""
    batch = [assigned(number)] * events
    with Ledger.open(workspace) as ledger:
        barrier.wait()
        start = _cpu()
        for _ in range(submissions):
            ledger.append(batch, stream=f"shards/w{number}")
        return _cpu() - start


WAYS = {"spool": spool, "append": append}


def _cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _child(way, workspace, number, submissions, events, barrier, results):
    try:
        results.put(WAYS[way](workspace, number, submissions, events, barrier))
    except BaseException as error:
        results.put(error)
        barrier.abort()
        raise


def measure(way, processes, submissions, events):
    """One way, on a ledger of its own: all its processes start together."""
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "bench"
        create_ledger(workspace, origin="example.org/bench")
        barrier, results = fork.Barrier(processes + 1), fork.Queue()
        children = [
            fork.Process(
                target=_child,
                args=(way, workspace, n, submissions, events, barrier, results),
            )
            for n in range(processes)
        ]
        for child in children:
            child.start()
        barrier.wait()
        start = time.perf_counter()
        used = [results.get() for _ in children]
        wall = time.perf_counter() - start
        for child in children:
            child.join()
        with Ledger.open(workspace) as ledger:
            commits = sum(1 for _ in ledger.checkpoints()) - 1
            entries = ledger.size - 1
    if entries != processes * submissions:
        message = f"expected {processes * submissions} entries, found {entries}"
        raise RuntimeError(message)
    count = entries * events
    return Rate(wall=count / wall, cpu=count / sum(used), shared=entries / commits)


def main():
    """Print one figure a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--events", type=int, default=8192, help="of all together")
    parser.add_argument("--batch", type=int, default=16, help="in each submission")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    many, events = options.processes, options.batch
    each = max(1, options.events // (many * events))
    ways = {
        f"{many} processes, group commit": ("spool", many, each),
        "1 process, group commit": ("spool", 1, many * each),
        f"{many} processes, each its own": ("append", many, each),
    }
    rounds = [
        {name: measure(*way, events) for name, way in ways.items()}
        for _ in range(options.rounds)
    ]
    print(f"{many * each} submissions of {events} events, {options.rounds} rounds")
    for name in ways:
        wall, cpu, shared = (
            statistics.median(getattr(found[name], figure) for found in rounds)
            for figure in ("wall", "cpu", "shared")
        )
        print(f"{name:<28} {wall:>8.0f} events/s wall {cpu:>8.0f} events/s CPU", end="")
        print(f" {shared:>6.1f} submissions a commit")
    first, *others = ways
    for other in others:
        for figure in ("wall", "cpu"):
            ratio = statistics.median(
                getattr(found[first], figure) / getattr(found[other], figure)
                for found in rounds
            )
            print(f"ratio to {other:<24} {figure:<4} {ratio:.2f}")


if __name__ == "__main__":
    main()
