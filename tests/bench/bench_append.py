"""What an append costs, as a ratio to the signature that it cannot do without.

    python tests/bench/bench_append.py [--events N] [--rounds N]

Prints appended events a second over raw Ed25519 signatures a second of `cryptography`,
both in CPU time of this process, as the median of interleaved rounds, and bytes an
event in the file. Rates of one machine say little; the ratio is what to compare.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
)

from ledger import Ledger, create_ledger
from ledger.events import encode_event
from tests.unit.ledger.world import World

ROUNDS = 7
BATCH = 1024
SCANS = 640
"""Scans of one submission: of their size, more pass 1 MiB (SUB-3)."""
SIGNATURES = 4000


MIX = ("decisions", "assignments", "scans", "decisions", "assignments", "run")
"""A corpus of which every second record is scanned, and a run: each record is decided
on and assigned once. Submissions hold 1,024 events of one kind, or 640 scans."""


def submissions(world, events):
    """The submissions of a round, at least `events` events."""
    rounds = max(1, round(events / BATCH / len(MIX)))
    return [_fill(getattr(world, kind)) for _ in range(rounds) for kind in MIX]


def _fill(maker):
    """A stream, and as many events as fit that the world makes for it."""
    stream, events = maker()
    size = SCANS if stream.startswith("scan") else BATCH
    while len(events) < size:
        events = events + maker()[1]
    return stream, events[:size]


def signatures_per_second():
    """Raw Ed25519 signatures over 200 bytes, a second of CPU time."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    message = bytes(200)
    start = time.process_time()
    for _ in range(SIGNATURES):
        key.sign(message)
    return SIGNATURES / (time.process_time() - start)


def events_per_second(ledger, batches):
    """Appended events, a second of CPU time."""
    start = time.process_time()
    for stream, events in batches:
        ledger.append(events, stream=stream)
    count = sum(len(events) for _, events in batches)
    return count / (time.process_time() - start)


def measure(rounds, events):
    """Both rates of each round, the lines' lengths, and the file's growth."""
    world = World(random.Random(1))
    world.policy()
    world.site()
    rates, lengths = [], []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "bench"
        create_ledger(workspace, origin="example.org/bench")
        size = (workspace / "bench.ledger").stat().st_size
        with Ledger.open(workspace) as ledger:
            for _ in range(rounds):
                batches = submissions(world, events)
                lengths += [
                    len(encode_event(event, salt="0" * 24))
                    for _, events in batches
                    for event in events
                ]
                rates.append(
                    (events_per_second(ledger, batches), signatures_per_second())
                )
        grown = (workspace / "bench.ledger").stat().st_size - size
    return rates, lengths, grown


def main():
    """Print one figure a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=6144, help="in each round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    rounds = options.rounds
    rates, lengths, grown = measure(rounds, options.events)
    appended = statistics.median(events for events, _ in rates)
    signed = statistics.median(signatures for _, signatures in rates)
    ratio = statistics.median(events / signatures for events, signatures in rates)
    print(
        f"mix                  {', '.join(MIX)}; 1024 events or 640 scans a submission"
    )
    print(f"events appended      {len(lengths)} in {rounds} rounds")
    print(f"median event line    {statistics.median(lengths):.0f} bytes")
    print(f"appended events/s    {appended:.0f} (CPU time)")
    print(f"Ed25519 signatures/s {signed:.0f} (CPU time)")
    print(f"ratio                {ratio:.2f}")
    print(f"bytes an event       {grown / len(lengths):.0f}")


if __name__ == "__main__":
    main()
