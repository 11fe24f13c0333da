"""How fast a ledger verifies, against raw Ed25519 verification in this process.

    python tests/bench/bench_verify.py --events 200000 --rounds 5
    python tests/bench/bench_verify.py --events 1000000 --memory

Ratios are of CPU time, the median over interleaved rounds: events verified in the
time of one signature check of `cryptography`. "bound" is hashes, chain, tree and
signatures; "whole" adds schemas, the rules across events and SQLite's own check.
Submissions hold 1024 events. The targets are 25 and 8, and 200 MB of memory.
"""

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.simulator import LedgerSimulator, encode, leaf, tree_root
from tests.tamper import chapters
from verifier import verify
from verifier.content import check_lines
from verifier.entry import read_entry
from verifier.file import open_ledger
from verifier.note import VerifierKey, signed_by_exactly
from verifier.submission import parse_submission
from verifier.tree import Frontier, leaf_hash

BATCH = 1024
SHARDS, SLICES = 64, 8
SIGNATURES = 1500


def events(count: int) -> Iterator[tuple[str, list[bytes]]]:
    """(stream, lines) of a history in which records outnumber everything else.

    Per ten events: 4 scans, 3 decisions, 2 assignments, 1 batch of metered steps;
    and one trained slice for each of 64 shards of 8 slices.
    """
    sim = LedgerSimulator()
    scans, records = count * 4 // 10, count * 3 // 10
    yield "governance", [encode(chapters.begin(sim)[1].events[0])]
    yield "scanner", [encode(event) for event in chapters.scan(sim)[0].events[:2]]
    declared = chapters.shard(sim)[0].events[0] | {"shards": SHARDS, "slices": SLICES}
    yield "sharder", [encode(declared)]
    sources = {
        "scanner": (chapters.url_scanned(sim, n) for n in range(scans)),
        "ingest": (chapters.record_decided(sim, n, "accepted") for n in range(records)),
        "sharder": (assigned(sim, n) for n in range(count * 2 // 10)),
        "trainer": trained(sim, count // 10, count * 2 // 10),
    }
    # Scans, decisions and assignments go on side by side; training comes after.
    while sources:
        for stream, source in list(sources.items()):
            if stream == "trainer" and len(sources) > 1:
                continue
            batch = [encode(event) for event in islice(source, BATCH)]
            if batch:
                yield stream, batch
            else:
                del sources[stream]


def assigned(sim: LedgerSimulator, number: int) -> dict:
    """The assignment of record `number`."""
    return sim.event(
        "shards.record_assigned.v1",
        map_id=chapters.MAP,
        record_id=chapters.ident("record", number),
        shard=number % SHARDS,
        slice=number // SHARDS % SLICES,
    )


def trained(sim: LedgerSimulator, batches: int, records: int) -> Iterator[dict]:
    """One run over all shards: its batches, then its slices."""
    shards = list(range(SHARDS))
    yield chapters.run_started(sim, chapters.RUN, shards, slices=SLICES)
    cost: Counter[tuple[int, int]] = Counter()
    for batch in range(batches):
        place = batch % SHARDS, batch // SHARDS % SLICES
        cost[place] += 1
        yield chapters.metered(sim, chapters.RUN, batch, *place)
    for shard in shards:
        numbers = range(shard, records, SHARDS)
        for slice_ in range(SLICES):
            seen = sorted(
                (chapters.ident("record", n), chapters.digest("commitment", n))
                for n in numbers
                if n // SHARDS % SLICES <= slice_
            )
            root = tree_root([leaf(bytes.fromhex(item)) for _, item in seen])
            times = cost[shard, slice_]
            more = {
                "records": len(seen),
                "records_root": root.hex(),
                "steps": 10 * times,
                "tokens": 5120 * times,
            }
            yield chapters.slice_trained(sim, chapters.RUN, shard, slice_, **more)


def build(path: Path, count: int) -> tuple[int, int, Counter[str]]:
    """Write a ledger; return its events, their median length and the mix."""
    sim = LedgerSimulator()
    lengths: list[int] = []
    mix: Counter[str] = Counter()
    database = sqlite3.connect(path)
    sim.submit("root", chapters.begin(sim)[0].events)
    for stream, lines in events(count):
        sim.submit(stream, lines)
        lengths += map(len, lines)
        mix.update(line.split(b'"', 4)[3].decode() for line in lines)
    sim.fill(database)
    database.commit()
    database.close()
    return len(lengths), int(statistics.median(lengths)), mix


def raw_signatures() -> None:
    """Check `SIGNATURES` signatures over 340 bytes."""
    key = Ed25519PrivateKey.from_private_bytes(sha256(b"raw").digest())
    message = bytes(340)
    signature, public = key.sign(message), key.public_key()
    for _ in range(SIGNATURES):
        public.verify(signature, message)


def bound(path: Path) -> None:
    """Check hashes, links, tree and signatures, and nothing else."""
    sim = LedgerSimulator()
    roles = ("governance", "scanner", "ingest", "sharder", "trainer")
    keys = {
        role: VerifierKey(sim.key(role).name, sim.key(role).public) for role in roles
    }
    keys["root"] = VerifierKey(sim.roots[0].name, sim.roots[0].public)
    tree, previous = Frontier(), bytes(32)
    with open_ledger(path) as file:
        for row in file.entries():
            entry = read_entry(row)
            submission = parse_submission(entry.note)
            check_lines(submission, row.events)
            fault = signed_by_exactly(submission.note, [keys[submission.stream]])
            if fault or entry.header is None or entry.header.previous != previous:
                raise SystemExit(f"entry {row.seq}: {fault}")
            previous = leaf_hash(row.entry)
            tree.push(previous)
            file.checkpoint_note(row.seq + 1)


def whole(path: Path) -> None:
    """Verify everything."""
    report = verify(path, level=0)
    if report.exit_code != 0:
        raise SystemExit(report.as_text())


def cpu_seconds(work: Callable[[], None]) -> float:
    """CPU time of one call, in seconds."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(path: Path, count: int, rounds: int) -> None:
    """Print the ratios."""
    parts = {"bound": lambda: bound(path), "whole": lambda: whole(path)}
    ratios: dict[str, list[float]] = {name: [] for name in parts}
    micros: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        raw = cpu_seconds(raw_signatures) / SIGNATURES
        for name, work in parts.items():
            each = cpu_seconds(work) / count
            ratios[name].append(raw / each)
            micros[name].append(each * 1e6)
    for name, values in ratios.items():
        print(
            f"{name}: {statistics.median(values):.1f} x raw Ed25519 "
            f"({statistics.median(micros[name]):.2f} us/event, "
            f"{min(values):.1f} to {max(values):.1f} over {rounds} rounds)"
        )


def main() -> None:
    """Build a ledger in a temporary folder and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="peak memory instead")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        whole(options.child)
        # Not ru_maxrss: that counts what the parent had before this program began.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peak = int(status.partition("VmHWM:")[2].split()[0]) / 1000
        print(f"peak memory: {peak:.0f} MB")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.ledger"
        count, median, mix = build(path, options.events)
        print(f"{count} events, median {median} B, {path.stat().st_size / count:.0f} B")
        print("mix:", ", ".join(f"{kind} {n}" for kind, n in mix.most_common()))
        if options.memory:
            command = [sys.executable, __file__, "--child", str(path)]
            subprocess.run(command, check=True)
        else:
            measure(path, count, options.rounds)


if __name__ == "__main__":
    main()
