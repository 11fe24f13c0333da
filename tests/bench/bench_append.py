"""What an append costs, as a ratio to the signature that it cannot do without.

    python tests/bench/bench_append.py [ROUNDS]

Prints appended events a second over raw Ed25519 signatures a second of `cryptography`,
both in CPU time of this process, as the median of interleaved rounds, and bytes an
event in the file. Rates of one machine say little; the ratio is what to compare.
"""

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
SIGNATURES = 4000


def submissions(world):
    """A round: 1,024 events of one family each, mostly decisions and scans."""
    makers = (world.decisions, world.scans, world.run)
    makers += (world.decisions, world.scans, world.assignments)
    return [_fill(maker) for maker in makers]


def _fill(maker):
    """A stream, and 1,024 events that the world makes for it."""
    stream, events = maker()
    while len(events) < BATCH:
        events = events + maker()[1]
    return stream, events[:BATCH]


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


def measure(rounds):
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
                batches = submissions(world)
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
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    rates, lengths, grown = measure(rounds)
    appended = statistics.median(events for events, _ in rates)
    signed = statistics.median(signatures for _, signatures in rates)
    ratio = statistics.median(events / signatures for events, signatures in rates)
    print(f"events appended      {len(lengths)} in {rounds} rounds")
    print(f"median event line    {statistics.median(lengths):.0f} bytes")
    print(f"appended events/s    {appended:.0f} (CPU time)")
    print(f"Ed25519 signatures/s {signed:.0f} (CPU time)")
    print(f"ratio                {ratio:.2f}")
    print(f"bytes an event       {grown / len(lengths):.0f}")


if __name__ == "__main__":
    main()
