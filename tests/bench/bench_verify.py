"""How fast a ledger verifies, against raw Ed25519 verification in this process.

    python tests/bench/bench_verify.py
    python tests/bench/bench_verify.py --memory --events 10000000

Ratios are of CPU time, the median over interleaved rounds: events verified in the
time of one signature check of `cryptography`, the floor. "bound" is hashes, chain,
tree and signatures; "whole" adds schemas, the rules across events and SQLite's own
check. Submissions hold 1,024 events, or 512 scans. The targets are 40 and 12.

With `--memory` one verification runs in a process of its own, and the time that it
took and its peak memory are printed. A ledger takes 670 bytes an event on disk, the
temporary index of a verification 50 more: 10 million events need 8 GB in TMPDIR.
"""

import argparse
import base64
import resource
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

from ledger.disk.sqlite import PAGE_BYTES
from tests.simulator import LedgerSimulator, encode, leaf, sign_note, tree_root
from tests.tamper import chapters
from verifier import verify
from verifier.format.entry import read_entry
from verifier.format.note import VerifierKey, signed_by_exactly
from verifier.format.submission import parse_submission
from verifier.format.tree import Frontier, leaf_hash
from verifier.history.content import check_lines
from verifier.store.file import open_ledger

BATCH = 1024
SHARDS, SLICES = 64, 8
SIGNATURES = 1500


class LedgerStream(LedgerSimulator):
    """A ledger that goes to disk entry by entry; memory does not grow with it."""

    def __init__(self, database: sqlite3.Connection) -> None:
        super().__init__()
        database.execute(f"PRAGMA page_size={PAGE_BYTES}")
        self.fill(database)
        self._database = database
        self._tree = Frontier()
        self._last = ""

    def append(self, note: bytes, events: bytes, **changes) -> int:
        """Write an entry around a submission note; return its seq."""
        seq = self._tree.size
        more = {"seq": seq, "base": seq, "previous": self._last or "0" * 64}
        super().append(note, events, **more | changes)
        self._database.execute(
            "INSERT INTO entry VALUES (?, ?, ?)", (seq, *self.entries.pop())
        )
        self._tree.push(self.leaves[-1])
        self._last = self.leaves.pop().hex()
        return seq

    def checkpoint(self, **_: object) -> None:
        """Write the checkpoint over all entries."""
        root = base64.b64encode(self._tree.root()).decode()
        text = f"{self.origin}\n{self._tree.size}\n{root}\n".encode()
        values = self._tree.size, sign_note(text, self.log)
        self._database.execute("INSERT INTO checkpoint VALUES (?, ?)", values)


def events(sim: LedgerSimulator, count: int) -> Iterator[tuple[str, list[bytes]]]:
    """(stream, lines) of a history in which records outnumber everything else.

    Per ten events: 4 scans, 3 decisions, 2 assignments, 1 batch of metered steps;
    and one trained slice for each of 64 shards of 8 slices.
    """
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
                # Of their size, 1,024 scans pass the bytes of a submission (SUB-3).
                cut = BATCH // 2 if stream == "scanner" else BATCH
                yield stream, batch[:cut]
                if batch[cut:]:
                    yield stream, batch[cut:]
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
    yield chapters.plan_registered(sim, chapters.RUN)
    cost: Counter[tuple[int, int]] = Counter()
    for batch in range(batches):
        place = batch % SHARDS, batch // SHARDS % SLICES
        cost[place] += 1
        yield chapters.metered(sim, chapters.RUN, batch, *place)
    for shard in shards:
        # Id, slice and leaf of each record, in the order of ids.
        stock = sorted(
            (
                chapters.ident("record", n),
                n // SHARDS % SLICES,
                leaf(bytes.fromhex(chapters.digest("commitment", n))),
            )
            for n in range(shard, records, SHARDS)
        )
        for slice_ in range(SLICES):
            seen = [hashed for _, place, hashed in stock if place <= slice_]
            times = cost[shard, slice_]
            more = {
                "records": len(seen),
                "records_root": tree_root(seen).hex(),
                "steps": 10 * times,
                "tokens": 5120 * times,
            }
            yield chapters.slice_trained(sim, chapters.RUN, shard, slice_, **more)


def build(path: Path, count: int) -> tuple[int, int, Counter[str]]:
    """Write a ledger; return its events, their median length and the mix."""
    lengths: Counter[int] = Counter()
    mix: Counter[str] = Counter()
    database = sqlite3.connect(path)
    sim = LedgerStream(database)
    sim.submit("root", chapters.begin(sim)[0].events)
    for stream, lines in events(sim, count):
        sim.submit(stream, lines)
        lengths.update(map(len, lines))
        mix.update(line.split(b'"', 4)[3].decode() for line in lines)
        database.commit()
    database.close()
    total, passed = mix.total(), 0
    for length in sorted(lengths):
        passed += lengths[length]
        if passed * 2 >= total:
            return total, length, mix
    raise LookupError(count)


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


def whole(path: Path, jobs: int = 1) -> None:
    """Verify everything."""
    report = verify(path, level=0, jobs=jobs)
    if report.exit_code != 0:
        raise SystemExit(report.as_text())


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """CPU time, of ended child processes as well, and wall time of one call."""

    def cpu() -> float:
        used = [resource.getrusage(resource.RUSAGE_CHILDREN)]
        used.append(resource.getrusage(resource.RUSAGE_SELF))
        return sum(usage.ru_utime + usage.ru_stime for usage in used)

    start = cpu(), time.perf_counter()
    work()
    return cpu() - start[0], time.perf_counter() - start[1]


def measure(path: Path, count: int, rounds: int, jobs: int) -> None:
    """Print the ratios."""
    parts = {"bound": lambda: bound(path), "whole": lambda: whole(path)}
    parts[f"whole, {jobs} jobs"] = lambda: whole(path, jobs)
    floor: list[float] = []
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in parts}
    for _ in range(rounds):
        floor.append(seconds(raw_signatures)[0] / SIGNATURES)
        for name, work in parts.items():
            taken[name].append(seconds(work))
    print(f"floor: {statistics.median(floor) * 1e6:.1f} us a signature")
    for name, values in taken.items():
        ratios = [
            raw * count / cpu for raw, (cpu, _) in zip(floor, values, strict=True)
        ]
        cpu, wall = (
            statistics.median(each) / count * 1e6 for each in zip(*values, strict=True)
        )
        print(
            f"{name}: {statistics.median(ratios):.1f} x floor ({min(ratios):.1f} to"
            f" {max(ratios):.1f} in {rounds} rounds), CPU {cpu:.2f} us an event,"
            f" wall {wall:.2f} us"
        )


def report_memory(path: Path, jobs: int) -> None:
    """Verify once, and print time and peak memory of this process and its workers."""
    cpu, wall = seconds(lambda: whole(path, jobs))
    # Not ru_maxrss: that counts what the parent had before this program began.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1000
    print(f"verified in {wall:.0f} s, CPU {cpu:.0f} s, peak memory {peak:.0f} MB")
    if jobs > 1:
        worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
        print(f"peak memory of a worker {worker:.0f} MB")


def main() -> None:
    """Build a ledger in a temporary folder and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--jobs", type=int, help="2, and 1 with --memory, if not given")
    parser.add_argument("--memory", action="store_true", help="peak memory instead")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        report_memory(options.child, options.jobs)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.ledger"
        start = time.perf_counter()
        count, median, mix = build(path, options.events)
        wall = time.perf_counter() - start
        size = path.stat().st_size
        print(f"{count} events, median {median} B, {size / count:.0f} B in the file")
        print("mix:", ", ".join(f"{kind} {n}" for kind, n in mix.most_common()))
        print(f"written in {wall:.0f} s, {size / 1e9:.2f} GB", flush=True)
        if options.memory:
            jobs = str(options.jobs or 1)
            command = [sys.executable, __file__, "--child", str(path), "--jobs", jobs]
            subprocess.run(command, check=True)
        else:
            measure(path, count, options.rounds, options.jobs or 2)


if __name__ == "__main__":
    main()
