"""How long it takes to learn what saw a person's records, on a ledger of many records.

    python tests/bench/bench_lookup.py [--records N] [--keep FOLDER]

It makes a workspace of N records of N/10 people, each record scanned (ten to a page),
decided and placed in 16 shards of 4 slices, with two trained runs. The events are
folded and kept in the views file by the project's own classes; nobody signs them, and
the vault's rows are written in bulk. Ids are random, as real ones are. Then processes
of their own print, with their peak memory:

- lookup: open the ledger and the vault for reading and the projections, find a person
  by an identifier, and say which slices, runs, weights and models saw the records;
- follow: what `project` costs after 1,000 further events were appended, and after none.

Rates of one machine say little; what must hold is that a tenth of the records takes as
long and as much memory. Exit code 1 where the median of a lookup is past 50 ms.
"""

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger import Ledger
from ledger.events import AnyEvent
from ledger.events.ingest import RecordDecided
from ledger.events.optout import UrlScanned
from ledger.events.shards import RecordAssigned
from ledger.exposure import exposure
from ledger.places import ledger_file
from ledger.projections import (
    Recorded,
    advance,
    begin,
    changes,
    document,
    pending,
    restore,
)
from ledger.projector import CHANGES_MAX, project
from ledger.settings import Settings
from ledger.vault import Vault
from ledger.views import Views
from ledger.workspace import Workspace
from tests.unit.projections import builders as make

LIMIT_SECONDS = 0.05
"""Most that the median lookup may take."""

LOOKUPS = 200
FOLLOWED = 1000
STREAMS = {"scan": UrlScanned, "ingest": RecordDecided, "shards": RecordAssigned}
SHARDS, SLICES = 16, 4
PER_PERSON = PER_PAGE = 10


def ident(kind: str, number: int) -> str:
    """A random-looking id, 32 hex digits."""
    return hashlib.sha256(f"{kind} {number}".encode()).hexdigest()[:32]


def place(number: int) -> tuple[int, int]:
    """Shard and slice of a record: those of its person."""
    person = number // PER_PERSON
    return person % SHARDS, person // SHARDS % SLICES


def of_record(number: int) -> Iterator[AnyEvent]:
    """The events of one record."""
    scan = ident("scan", number // PER_PAGE)
    if number % PER_PAGE == 0:
        site = f"site {number // 1000}"
        yield make.scanned("", site=site, scan_id=scan)
    record = ident("record", number)
    yield make.decided("", record_id=record, scan_id=scan, source_kind="web")
    shard, slice_ = place(number)
    yield RecordAssigned(
        map_id=make.ident("map"), record_id=record, shard=shard, slice=slice_
    )


def of_run(name: str) -> Iterator[AnyEvent]:
    """The events of one run over all shards."""
    yield make.started(name, map_id=make.ident("map"), model_name=f"model {name}")
    for shard in range(SHARDS):
        parent = "base"
        for slice_ in range(SLICES):
            saved = f"{name} {shard} {slice_}"
            yield make.saved(
                name, shard=shard, slice_=slice_, parent=parent, weights=saved
            )
            parent = saved
    last = {shard: f"{name} {shard} {SLICES - 1}" for shard in range(SHARDS)}
    yield make.finished(name, adapters=last)


def history(records: int) -> Iterator[AnyEvent]:
    """Everything that is folded: a run over each half."""
    yield make.declared(shards=SHARDS, slices=SLICES)
    for number in range(records):
        yield from of_record(number)
        if number == records // 2:
            yield from of_run("first")
    yield from of_run("second")


def fill_views(folder: Path, records: int) -> None:
    """Fold the history in parts, each kept in the views file as `project` keeps it."""
    with Ledger.open(folder) as ledger:
        head, root = ledger.size, ledger.root
    recorded = (
        Recorded(seq, 0, make.NOVEMBER_2026_MS, event)
        for seq, event in enumerate(history(records))
    )
    with closing(Views(ledger_file(folder).with_suffix(".views"))) as views:
        while True:
            snapshot = views.snapshot()
            seen = None if snapshot is None else views.cached(snapshot, "projections")
            states = begin() if seen is None else restore(json.loads(seen[1]), snapshot)
            before = pending(states)
            while part := list(islice(recorded, 1000)):
                states = advance(states, part)
                if pending(states) >= CHANGES_MAX:
                    break
            if before == pending(states):
                return
            if not views.save_tables(
                "projections",
                head,
                {"root": root.hex(), **document(states)},
                changes(states),
                seen=seen,
                is_afresh=seen is None,
            ):
                message = "the views could not be written"
                raise RuntimeError(message)
            if snapshot is not None:
                snapshot.close()  # so that the WAL starts again


def fill_vault(folder: Path, records: int) -> None:
    """Write the vault's rows of people and records."""
    path = ledger_file(folder).with_suffix(".vault")
    people = records // PER_PERSON
    with closing(Vault(path)) as vault, vault.transaction():
        vault.connection.executemany(
            "INSERT INTO subject (subject_id, tag, name, key) VALUES (?, ?, ?, ?)",
            (
                (ident("person", n), vault.tag("subject", name(n)), name(n), bytes(60))
                for n in range(people)
            ),
        )
        vault.connection.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?, 1000, 'public', 0, ?, ?, ?, 0)",
            (
                (
                    ident("record", n),
                    vault.tag("record", str(n)),
                    bytes(60),
                    bytes(32),
                    make.ident("map"),
                    *place(n),
                )
                for n in range(records)
            ),
        )
        vault.connection.executemany(
            "INSERT INTO record_subject VALUES (?, ?)",
            (
                (ident("record", n), ident("person", n // PER_PERSON))
                for n in range(people * PER_PERSON)
            ),
        )


def name(number: int) -> str:
    """A person's identifier."""
    return f"person-{number}@example.org"


def look_up(path: Path, person: str) -> int:
    """Open everything, and say how many models saw a person's records."""
    with (
        Ledger.open(path) as ledger,
        closing(Vault(path.with_suffix(".vault"), is_writable=False)) as vault,
    ):
        found = vault.find_identifier(person)
        who = [] if found is None else [found.subject_id]
        seen = exposure(vault, project(ledger), who)
        if len(seen.records) != PER_PERSON or not seen.slices:
            message = f"{person}: expected {PER_PERSON} placed records"
            raise RuntimeError(message)
        return len(seen.saw.models)


def show_lookups(folder: Path, records: int) -> int:
    """Print what lookups cost; 1 where the limit is passed, else 0."""
    path = ledger_file(folder)
    people = records // PER_PERSON
    spent, most = [], 0
    for number in range(LOOKUPS):
        person = name(int(ident("draw", number), 16) % people)
        began = time.perf_counter()
        most = max(most, look_up(path, person))
        spent.append(time.perf_counter() - began)
    spent.sort()
    median = statistics.median(spent)
    print(
        f"{records:>9} records  lookup: median {median * 1000:6.1f} ms, 99th "
        f"percentile {spent[len(spent) * 99 // 100] * 1000:6.1f} ms, {most} models  "
        f"{peak()}"
    )
    return int(median > LIMIT_SECONDS)


def show_following(folder: Path, records: int) -> int:
    """Append further events, and print what it costs to follow them; returns 0."""
    numbers = range(records, records + FOLLOWED)
    new = [event for number in numbers for event in of_record(number)][:FOLLOWED]
    with Ledger.open(folder) as ledger:
        project(ledger)
        for stream, kind in STREAMS.items():
            part = [one for one in new if isinstance(one, kind)]
            ledger.append(part, stream=stream)
        began = time.perf_counter()
        project(ledger)
        followed = time.perf_counter()
        project(ledger)
        again = time.perf_counter()
    print(
        f"{records:>9} records  follow {FOLLOWED} events: "
        f"{(followed - began) * 1000:6.1f} ms, none: {(again - followed) * 1000:6.1f} "
        f"ms  {peak()}"
    )
    return 0


def peak() -> str:
    """Peak memory of this process."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"peak {size:.0f} MiB"


def build(folder: Path, records: int) -> int:
    """Make the workspace; returns 0."""
    settings = Settings(origin="example.org/bench", shards=SHARDS, slices=SLICES)
    Workspace.create(folder, settings)
    began = time.perf_counter()
    fill_vault(folder, records)
    vault = time.perf_counter()
    fill_views(folder, records)
    views = time.perf_counter()
    files = {path.suffix: path for path in folder.iterdir()}
    sizes = {end: files[end].stat().st_size / 1e6 for end in (".vault", ".views")}
    print(
        f"{records:>9} records  made in {vault - began:.0f} s (vault, "
        f"{sizes['.vault']:.0f} MB) and {views - vault:.0f} s (views folded, "
        f"{sizes['.views']:.0f} MB)  {peak()}"
    )
    return 0


def main() -> int:
    """Run what was asked for; exit code 1 where a lookup takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument(
        "--keep", type=Path, help="make the workspace here, and keep it"
    )
    parser.add_argument("--part", choices=("build", "lookup", "follow"))
    options = parser.parse_args()
    if options.part:
        parts = {"build": build, "lookup": show_lookups, "follow": show_following}
        return parts[options.part](options.keep, options.records)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "acme"
        shared = ("--records", str(options.records), "--keep", str(folder))
        for part in ("build", "lookup", "follow"):
            command = [sys.executable, __file__, "--part", part, *shared]
            code = subprocess.run(command, check=False).returncode
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
