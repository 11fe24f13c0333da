"""A workspace of many records, for bench_lookup.py: made fast, signed by nobody."""

import hashlib
import json
import resource
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from ledger import Ledger
from ledger.disk.places import ledger_file
from ledger.events import AnyEvent
from ledger.events.shards import RecordAssigned
from ledger.log.projector import CHANGES_MAX
from ledger.log.views import Views
from ledger.projections import (
    Recorded,
    advance,
    begin,
    changes,
    document,
    pending,
    restore,
)
from ledger.vault.vault import Vault
from ledger.workspace.settings import Settings
from ledger.workspace.workspace import Workspace
from tests.unit.projections import builders as make

CACHE_KIB = 512 * 1024
"""Memory of the vault while it is filled."""

SHARDS, SLICES = 16, 4
PER_PERSON = PER_PAGE = 10
STEP = 2**128 // 10**8
"""Between two ids; so there are a hundred million at most."""

INDEXES = ("record_place", "subject_record")
"""Of the vault, made last: sorted at once, and not row by row."""


def ident(kind: str, number: int) -> str:
    """A random-looking id, 32 hex digits, above that of each smaller number."""
    spread = int.from_bytes(hashlib.sha256(f"{kind} {number}".encode()).digest()[:12])
    return f"{number * STEP + spread % STEP:032x}"


def place(person: int) -> tuple[int, int]:
    """Shard and slice of a person's records."""
    return person % SHARDS, person // SHARDS % SLICES


def of_record(number: int, people: int) -> Iterator[AnyEvent]:
    """The events of one record; each person has every `people`-th one."""
    scan = ident("scan", number // PER_PAGE)
    if number % PER_PAGE == 0:
        site = f"site {number // 1000}"
        yield make.scanned("", site=site, scan_id=scan)
    record = ident("record", number)
    yield make.decided("", record_id=record, scan_id=scan, source_kind="web")
    shard, slice_ = place(number % people)
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
        yield from of_record(number, records // PER_PERSON)
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
        run = vault.connection.execute
        run(f"PRAGMA cache_size=-{CACHE_KIB}")
        query = "SELECT sql FROM sqlite_schema WHERE name = ?"
        indexes = [run(query, (one,)).fetchone()[0] for one in INDEXES]
        for one in INDEXES:
            run(f"DROP INDEX {one}")
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
                    n.to_bytes(32),
                    bytes(60),
                    n.to_bytes(32),
                    make.ident("map"),
                    *place(n % people),
                )
                for n in range(records)
            ),
        )
        vault.connection.executemany(
            "INSERT INTO record_subject VALUES (?, ?)",
            (
                (ident("record", n), ident("person", n % people))
                for n in range(people * PER_PERSON)
            ),
        )
        for index in indexes:
            run(index)


def name(number: int) -> str:
    """A person's identifier."""
    return f"person-{number}@example.org"


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
