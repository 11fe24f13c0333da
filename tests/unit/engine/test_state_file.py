"""What a saved state must fit, and when there is one (verifier.history.resume)."""

from contextlib import closing
from dataclasses import replace

import pytest

from tests.simulator import LedgerSimulator, edit_rows
from tests.tamper.harness import told_ledger
from tests.unit.engine.bulk import Bulk
from tests.unit.engine.passes import HerePool, read
from verifier.history import engine, resume, workers
from verifier.history.resume import (
    Saved,
    StateFile,
    UnusableStateError,
    find_place,
    hash_stored,
    standing_of,
)
from verifier.report.verdict import Report
from verifier.rules.index import Index
from verifier.store.file import open_ledger

SIZE = 8


@pytest.fixture
def first(tmp_path):
    """The path of the first entries of a ledger."""
    return write(tmp_path / "acme.ledger", SIZE)


def write(path, size: int):
    ledger, kept = told_ledger(), LedgerSimulator()
    kept.entries = ledger.entries[:size]
    kept.checkpoints = {n: c for n, c in ledger.checkpoints.items() if n <= size}
    path.unlink(missing_ok=True)
    return kept.write(path)


@pytest.fixture
def saved(first):
    """What a pass over the first entries leaves, beside the index."""
    _, walk = read(first)
    with open_ledger(first) as file:
        return Saved(standing_of(walk), hash_stored(file, SIZE), 5, 6)


def place_of(saved: Saved, path, watch=()) -> str:
    """Why there is no place to go on from, or its size."""
    try:
        with open_ledger(path) as file:
            return str(find_place(saved, file, watch).size)
    except UnusableStateError as error:
        return str(error)


@pytest.mark.parametrize("size", [SIZE, SIZE + 1, 20])
def test_place(saved, tmp_path, size):
    """It is the checkpoint at the state's size, in the same ledger or a longer one."""
    assert str(SIZE) == place_of(saved, write(tmp_path / "more.ledger", size))


def test_no_place_in_a_shorter_ledger(saved, tmp_path):
    """A ledger that lost entries has no such checkpoint."""
    shorter = write(tmp_path / "less.ledger", SIZE - 1)

    assert f"the ledger has no checkpoint of size {SIZE}" == place_of(saved, shorter)


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM entry WHERE seq = {SIZE - 1}",
        f"UPDATE entry SET entry = x'00' WHERE seq = {SIZE - 1}",
    ],
    ids=["missing", "changed"],
)
def test_no_place_behind_another_entry(saved, first, statement):
    """The last entry is the one that was read."""
    edit_rows(first, statement)

    assert place_of(saved, first).startswith("the ledger has another history")


def test_no_place_behind_another_root(saved, first):
    """So is the root over it."""
    saved.standing.tree = type(saved.standing.tree)()
    for _ in range(SIZE):
        saved.standing.tree.push(bytes(32))

    assert place_of(saved, first).startswith("the ledger has another history")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET events = x'00' WHERE seq = 2",
        "UPDATE entry SET entry = x'00' WHERE seq = 2",
        "UPDATE checkpoint SET note = x'00' WHERE size = 1",
        "DELETE FROM checkpoint WHERE size = 1",
        "INSERT INTO checkpoint VALUES (0, x'00')",
        f"UPDATE entry SET events = x'00' WHERE seq = {SIZE - 1}",
    ],
)
def test_no_place_behind_changed_bytes(saved, first, statement):
    """Every byte up to there is the one that was read."""
    edit_rows(first, statement)

    assert f"bytes up to entry {SIZE - 1} were changed since" == place_of(saved, first)


def test_bytes_behind_the_place_are_not_asked_for(saved, tmp_path):
    """They are read and judged."""
    more = write(tmp_path / "more.ledger", SIZE + 2)
    edit_rows(
        more,
        f"UPDATE entry SET entry = x'00' WHERE seq = {SIZE}",
        f"UPDATE checkpoint SET note = x'00' WHERE size = {SIZE + 1}",
    )

    assert str(SIZE) == place_of(saved, more)


@pytest.mark.parametrize("columns", ["entry", "events"])
def test_bytes_are_bound_to_their_columns(first, columns):
    """What moves from one column or row to another changes the digest."""
    with open_ledger(first) as file:
        before = hash_stored(file, SIZE)
    other = {"entry": "events", "events": "entry"}[columns]
    longer = f"CAST({columns} || substr({other}, 1, 9) AS BLOB)"
    edit_rows(
        first,
        f"UPDATE entry SET {columns} = {longer}, {other} = substr({other}, 10)"
        " WHERE seq = 2",
    )
    with open_ledger(first) as file:
        assert before != hash_stored(file, SIZE)


@pytest.mark.parametrize(("asked", "is_known"), [(3, False), (SIZE, True), (99, True)])
def test_roots_that_are_asked_for(saved, first, asked, is_known):
    """Those below the place must have been kept; later ones are still to come."""
    assert is_known == (str(SIZE) == place_of(saved, first, (asked,)))


def test_root_that_was_kept(saved, first):
    """It is not asked for again."""
    known = dict.fromkeys((3, SIZE), (bytes(32), 1))
    saved = replace(saved, standing=replace(saved.standing, watched=known))

    assert str(SIZE) == place_of(saved, first, (3,))


def test_newest_roots_are_kept(tmp_path):
    """Sixteen of them, the newest first."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    entries = len(told_ledger().entries)
    _, walk = read(path, watch=range(1, entries + 1))

    assert list(range(entries - 15, entries + 1)) == list(standing_of(walk).watched)


def test_no_file_at_all(first):
    """Nothing is opened, written or kept."""
    report, walk = read(first)
    state = StateFile()
    with pytest.raises(UnusableStateError, match="none"), state.opened():
        pass
    with open_ledger(first) as file:
        state.write(walk, file, since_ms=0, until_ms=0)
    state.keep()

    assert [first.name] == [path.name for path in first.parent.iterdir()]
    assert [] == report.not_checked


def test_times_that_are_not_given(first, tmp_path):
    """A run without a clock says the beginning of time."""
    read(first, state=tmp_path / "state")
    with StateFile(tmp_path / "state").opened() as (saved, index):
        times = saved.since_ms, saved.until_ms
        counts = index.assigned, index.gone

    assert (0, 0) == times
    assert (saved.standing.assigned, saved.standing.gone) == counts


def test_counts_of_the_index_are_restored(tmp_path):
    """How much was assigned and erased goes on from where it was."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    _, walk = read(path, state=tmp_path / "state")
    with StateFile(tmp_path / "state").opened() as (_, index):
        restored = index.assigned, index.gone

    assert restored == (walk.history.index.assigned, walk.history.index.gone)
    assert min(restored) > 0


def test_state_of_nothing_new_is_left(first, tmp_path):
    """Where no entry was added, the state is not written again."""
    state = tmp_path / "state"
    read(first, state=state)
    before = state.stat().st_ino, state.stat().st_mtime_ns
    read(first, state=state)

    assert before == (state.stat().st_ino, state.stat().st_mtime_ns)


def test_new_state_takes_the_old_ones_place(first, tmp_path):
    """Nothing lies beside it."""
    state = tmp_path / "state"
    read(first, state=state)
    before = state.read_bytes()
    write(first, SIZE + 1)
    read(first, state=state)

    assert before != state.read_bytes()
    assert ["acme.ledger", "state"] == sorted(one.name for one in tmp_path.iterdir())


def test_disk_that_refuses_the_new_place(first, tmp_path):
    """Where the file cannot be moved there is no state, and no error."""
    folder = tmp_path / "state"
    folder.mkdir()
    read(first, state=folder, full=True)

    assert folder.is_dir()
    assert ["acme.ledger", "state"] == sorted(one.name for one in tmp_path.iterdir())


def test_state_longer_than_one_chunk(first, tmp_path, monkeypatch):
    """It is read whole, however it is cut."""
    monkeypatch.setattr(resume, "_CHUNK_BYTES", 1000)
    state = tmp_path / "state"
    read(first, state=state)

    assert SIZE == read(first, state=state)[1].resumed


def test_file_with_findings_is_not_read(first):
    """Where the file itself is not sound, no pass is made."""
    edit_rows(first, "CREATE TABLE notes (x)")
    report, walk = read(first)

    assert (["FILE_SCHEMA"], None) == ([one.code.name for one in report.findings], walk)


def test_one_process_unless_asked(first, monkeypatch):
    """No process is started where one does everything."""
    monkeypatch.setattr(workers, "ENTRIES_EACH", 1)
    monkeypatch.setattr(workers, "ProcessPoolExecutor", None)
    report = Report(str(first), 0)
    with open_ledger(first) as file:
        walk = engine.read_ledger(file, report)

    assert SIZE == walk.entries


@pytest.mark.parametrize("jobs", [1, 2])
def test_ranges_that_are_given_out(first, monkeypatch, jobs):
    """Three for each worker before the first one is asked for, each of its length."""
    given = []

    class CountingPool(HerePool):
        def submit(self, work, task):
            given.append(task)
            return super().submit(work, task)

    monkeypatch.setattr(workers, "ENTRIES_EACH", 1)
    monkeypatch.setattr(workers, "ProcessPoolExecutor", CountingPool)
    with open_ledger(first) as file:
        parts = workers.read_ahead(file, 1, jobs, dict)
        next(parts)
        first_given = len(given)
        rest = list(parts)

    assert 3 * jobs == first_given
    assert [(seq, seq + 1) for seq in range(1, SIZE)] == [
        (t.first, t.end) for t in given
    ]
    assert SIZE - 2 == len(rest)


def test_what_a_worker_hands_over(first, monkeypatch):
    """The walk gets neither the entry's bytes nor its note, and lines only once."""
    monkeypatch.setattr(workers, "ProcessPoolExecutor", HerePool)
    with open_ledger(first) as file:
        (part,) = workers.read_ahead(file, 0, 1, dict)

    assert 0 == part.entries[0]
    assert list(range(1, SIZE)) == [entry.row.seq for entry in part.entries[1:]]
    assert {(b"", b"", None)} == {
        (entry.row.entry, entry.note, entry.lines) for entry in part.entries[1:]
    }
    assert all(
        (entry.bulk is None) == bool(entry.row.events) for entry in part.entries[1:]
    )
    assert sorted(part.checkpoints) == [
        size for size in sorted(told_ledger().checkpoints) if size <= SIZE
    ]


def test_lines_that_a_worker_hands_over(first, monkeypatch):
    """As many bytes as the limit, and not one more."""
    monkeypatch.setattr(workers, "ProcessPoolExecutor", HerePool)
    length = len(told_ledger().entries[1][1])
    whole = []
    for most in (length, length - 1):
        monkeypatch.setattr(workers, "LINES_BYTES_MAX", most)
        with open_ledger(first) as file:
            (part,) = workers.read_ahead(file, 1, 1, dict)
            whole.append(isinstance(part.entries[0], int))

    assert [False, True] == whole


def test_keys_that_a_worker_is_told(tmp_path, monkeypatch):
    """Roots, and of the others the newest."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    _, walk = read(path)
    every = engine._keys(walk.ring)
    monkeypatch.setattr(engine, "KEYS_MAX", 1)
    few = engine._keys(walk.ring)
    newest = list(walk.ring.grants)[-1]

    assert len(walk.ring.grants) + len(walk.ring.roots) >= len(every)
    assert len(walk.ring.roots) + 1 == len(few)
    assert walk.ring.grants[newest].key.public_key == few[newest]


def test_links_at_the_seam(first, tmp_path):
    """The first new entry confirms the last one that was read."""
    state = tmp_path / "state"
    read(first, state=state)
    write(first, len(told_ledger().entries))
    _, walk = read(first, state=state)

    assert (SIZE, len(told_ledger().entries) - 1) == (walk.resumed, walk.chain.links)


def test_judged_events_are_counted(tmp_path):
    """In a bulk each of them counts."""
    path = Bulk().build().write(tmp_path / "acme.ledger")
    _, walk = read(path)
    judged = [
        name for name in walk.content.types.elements() if not name.startswith("keys.")
    ]

    assert len(judged) == walk.content.judged
    assert walk.events == walk.content.types.total()


def test_nothing_is_judged_after_a_malformed_event(tmp_path):
    """What rests on it is not known; the report says from where on."""
    story = Bulk()
    event = story.one("optout.url_scanned", 3)
    event["scanner"] = ""
    place = story.place(event)
    path = story.build().write(tmp_path / "acme.ledger")
    _, walk = read(path)

    assert f"after the malformed {place}" == walk.content.stopped
    assert walk.content.judged < walk.events - 20


def test_state_is_opened_in_a_copy(first, tmp_path):
    """What a run adds is not in the file that it began with."""
    state = tmp_path / "state"
    read(first, state=state)
    before = state.read_bytes()
    with StateFile(state).opened() as (_, index):
        index.add_site(b"x" * 16)

    assert before == state.read_bytes()
    assert ["acme.ledger", "state"] == sorted(one.name for one in tmp_path.iterdir())
    with closing(Index()) as empty:
        assert not empty.has_site(b"x" * 16)


def test_workers_end_with_their_ranges(first, monkeypatch):
    """Whoever stops reading ahead leaves no worker behind."""
    pools = []

    class KnownPool(HerePool):
        def __init__(self, jobs: int, **options: object) -> None:
            super().__init__(jobs, **options)
            pools.append(self)

    monkeypatch.setattr(workers, "ProcessPoolExecutor", KnownPool)
    with open_ledger(first) as file:
        parts = workers.read_ahead(file, 1, 2, dict)
        next(parts)
        assert [2] == [pool.jobs for pool in pools]
        parts.close()

    assert [0] == [pool.jobs for pool in pools]
