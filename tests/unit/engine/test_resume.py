"""Resumed verification: the same answers from less reading, and nothing from doubt."""

import pytest

from tests.simulator import LedgerSimulator, edit_rows
from tests.tamper.chapters import Step
from tests.tamper.story import Story
from tests.unit.engine.bulk import Bulk, Rights
from tests.unit.engine.passes import HerePool, facts, read, shown
from verifier.findings import FINDINGS_MAX
from verifier.history import resume, workers

FIRST_MS, SECOND_MS = 1_790_000_000_000, 1_790_086_400_000


@pytest.fixture(params=["story", "bulk"])
def halves(request, tmp_path):
    """A ledger's path, a function that writes its first entries, and their number."""
    ledger = (Story if request.param == "story" else Rights)().build()
    path = tmp_path / "acme.ledger"

    def write(size: int | None = None) -> int:
        kept = LedgerSimulator()
        size = size or len(ledger.entries)
        kept.entries = ledger.entries[:size]
        kept.checkpoints = {n: c for n, c in ledger.checkpoints.items() if n <= size}
        path.unlink(missing_ok=True)
        kept.write(path)
        return size

    sizes = sorted(ledger.checkpoints)
    return ledger, path, write, sizes


def test_same_facts_from_every_size(halves, tmp_path):
    """Wherever the first run ended, the second ends where one run would have."""
    _, path, write, sizes = halves
    for size in sizes:
        state = tmp_path / f"{size}.state"
        write(size)
        read(path, state=state)
        write()
        _, walk = read(path, state=state)
        whole = read(path)[1]
        expected, found = facts(whole), facts(walk)
        del expected["watched"], found["watched"]

        assert (size, expected) == (walk.resumed, found)


def test_many_small_steps(halves, tmp_path):
    """One run after each new checkpoint, each from the state of the one before."""
    _, path, write, sizes = halves
    state = tmp_path / "state"
    resumed = []
    for size in sizes:
        write(size)
        report, walk = read(path, state=state)
        resumed.append(walk.resumed)

    assert [0, *sizes[:-1]] == resumed
    assert ([], 0, []) == shown(report)


def test_report_says_what_was_not_read_again(halves, tmp_path):
    """The entries, and the days on which they were read."""
    _, path, write, sizes = halves
    state = tmp_path / "state"
    write(sizes[-3])
    read(path, state=state, now_ms=FIRST_MS)
    write(sizes[-2])
    read(path, state=state, now_ms=SECOND_MS)
    write()
    (line,) = read(path, state=state)[0].not_checked

    assert line == (
        f"signatures and rules of entries 0 to {sizes[-2] - 1} again: their bytes are"
        " those that were in order 2026-09-21T14:13:20Z to 2026-09-22T14:13:20Z;"
        " --full checks them again"
    )


def test_nothing_new(halves, tmp_path):
    """A ledger that did not grow is not read at all, and has the same head."""
    _, path, write, sizes = halves
    state = tmp_path / "state"
    write()
    read(path, state=state)
    _, walk = read(path, state=state)

    assert sizes[-1] == walk.resumed == walk.heads.last_good.size


def test_damage_in_what_is_new(halves, tmp_path):
    """What is found after a saved state is what a whole reading finds."""
    ledger, path, write, sizes = halves
    state = tmp_path / "state"
    write(sizes[-3])
    read(path, state=state)
    entry, events = ledger.entries[-1]
    ledger.entries[-1] = entry, events[:-1]
    write()
    report, walk = read(path, state=state)

    assert shown(read(path)[0]) == shown(report)
    assert 0 == walk.resumed


def test_tail_of_another_history(halves, tmp_path):
    """A first new entry that does not link to the last one read is found."""
    ledger, path, write, sizes = halves
    state = tmp_path / "state"
    write(sizes[-3])
    read(path, state=state)
    ledger.leaves[sizes[-3] - 1] = bytes(32)
    ledger.rechain(sizes[-3])
    write()

    assert shown(read(path)[0]) == shown(read(path, state=state)[0])


@pytest.mark.parametrize("how", ["entry", "checkpoint"])
def test_last_entry_or_checkpoint_changed(how, halves, tmp_path):
    """Where the ledger is not what was read at its place, all is read again."""
    ledger, path, write, sizes = halves
    state, size = tmp_path / "state", sizes[-2]
    write(size)
    read(path, state=state)
    if how == "entry":
        entry, events = ledger.entries[size - 1]
        ledger.entries[size - 1] = entry.replace(b"\nbase ", b"\nbase 1", 1), events
    else:
        del ledger.checkpoints[size]
    write()
    report, walk = read(path, state=state)

    assert 0 == walk.resumed
    assert report.not_checked[0].startswith("less for the state of the last run")
    assert shown(read(path)[0]) == shown(report)


def test_full_ignores_the_state(halves, tmp_path):
    """Everything is judged again where that is asked for."""
    _, path, write, _ = halves
    state = tmp_path / "state"
    write()
    read(path, state=state)
    _, walk = read(path, state=state, full=True)

    assert 0 == walk.resumed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET events = CAST(events || ' ' AS BLOB) WHERE seq = 2",
        (
            "UPDATE entry SET events = CAST(replace(events, '0', '1') AS BLOB)"
            " WHERE seq = 2"
        ),
        "UPDATE entry SET entry = CAST(replace(entry, '0', '1') AS BLOB) WHERE seq = 2",
        "UPDATE entry SET entry = CAST(entry || ' ' AS BLOB) WHERE seq = 1",
        "DELETE FROM entry WHERE seq = 2",
        "UPDATE checkpoint SET note = CAST(note || ' ' AS BLOB) WHERE size = 1",
        "DELETE FROM checkpoint WHERE size = 1",
        "INSERT INTO checkpoint SELECT -1, note FROM checkpoint WHERE size = 1",
    ],
    ids=[
        "events",
        "events-same-length",
        "entry-same-length",
        "entry",
        "entry-gone",
        "note",
        "note-gone",
        "note-more",
    ],
)
def test_what_was_read_is_changed(halves, tmp_path, statement):
    """Bytes that were in order last time are not believed to be so still."""
    _, path, write, _ = halves
    state = tmp_path / "state"
    write()
    read(path, state=state)
    edit_rows(path, statement)
    report, walk = read(path, state=state)

    assert 0 == walk.resumed
    assert 1 <= len(report.findings) <= FINDINGS_MAX
    assert shown(read(path)[0]) == shown(report)


@pytest.mark.parametrize("place", [0, 30, 60, 120, 170, 300, 5000, -5000, -1])
def test_damaged_state_is_ignored(place, tmp_path):
    """Whichever byte is damaged: all is read, and the report says why."""
    path = Bulk().build().write(tmp_path / "acme.ledger")
    state = tmp_path / "state"
    read(path, state=state)
    content = bytearray(state.read_bytes())
    content[place] ^= 1
    state.write_bytes(content)
    report, walk = read(path, state=state)

    assert 0 == walk.resumed
    assert 1 == len(report.not_checked)


@pytest.mark.parametrize("content", [b"", b"x" * 1000, b"\n" * 1000], ids=len)
def test_foreign_state_is_ignored(content, tmp_path):
    """Any other file in its place is no crash."""
    path = Bulk().build().write(tmp_path / "acme.ledger")
    state = tmp_path / "state"
    state.write_bytes(content)
    report, walk = read(path, state=state)

    assert 0 == walk.resumed
    assert "damaged" in report.not_checked[0]


def test_state_of_other_code_is_ignored(monkeypatch, tmp_path):
    """Another verifier may have checked something else."""
    path = Bulk().build().write(tmp_path / "acme.ledger")
    state = tmp_path / "state"
    read(path, state=state)
    monkeypatch.setattr(resume, "code_digest", lambda: "0" * 64)
    report, walk = read(path, state=state)

    assert 0 == walk.resumed
    assert "another version" in report.not_checked[0]


def test_state_of_another_ledger_is_ignored(tmp_path):
    """The state is bound to one history."""
    state = tmp_path / "state"
    read(Bulk().build().write(tmp_path / "acme.ledger"), state=state)
    other = Bulk(seed="other").build().write(tmp_path / "other.ledger")

    assert 0 == read(other, state=state)[1].resumed


def test_root_that_the_state_does_not_know(halves, tmp_path):
    """Where the root at a size is asked for that the first run did not keep, all is
    read; the root at the state's own size is always kept."""
    _, path, write, sizes = halves
    state = tmp_path / "state"
    write(sizes[-2])
    read(path, state=state)
    write()

    assert 0 == read(path, state=state, keep=False, watch=(sizes[1],))[1].resumed
    walk = read(path, state=state, watch=(sizes[-2],))[1]
    assert sizes[-2] == walk.resumed
    assert {sizes[-2], sizes[-1]} >= set(walk.watched) > set()


def test_no_state_after_findings(halves, tmp_path):
    """Nothing is built on a ledger in which something was found."""
    ledger, path, write, _ = halves
    entry, events = ledger.entries[-1]
    ledger.entries[-1] = entry, events[:-1]
    write()
    read(path, state=tmp_path / "state")

    assert [] == [file.name for file in tmp_path.iterdir() if "state" in file.name]


def test_no_state_after_unknown_events(tmp_path):
    """Nothing is built on events that this reader did not understand."""
    story = Bulk()
    event = story.ledger.event("optout.weather_observed.v1")
    story.steps.append(Step("scanner", [event]))
    path = story.build().write(tmp_path / "acme.ledger")
    report, _ = read(path, state=tmp_path / "state")

    assert 1 == len(report.unknown)
    assert not (tmp_path / "state").exists()


def test_state_that_is_not_kept_is_gone(tmp_path):
    """What waits for the verdict leaves nothing behind when it is not kept."""
    path = Bulk().build().write(tmp_path / "acme.ledger")
    read(path, state=tmp_path / "state", keep=False)

    assert ["acme.ledger"] == [file.name for file in tmp_path.iterdir()]


def test_disk_that_refuses_the_state(monkeypatch, tmp_path):
    """It costs the next run time, and nothing else."""

    def refuse(*_: object) -> str:
        raise OSError(28, "No space left on device")

    path = Bulk().build().write(tmp_path / "acme.ledger")
    monkeypatch.setattr(resume, "_digest", refuse)
    report, _ = read(path, state=tmp_path / "state")

    assert ([], 0, []) == shown(report)
    assert "could not be saved" in report.not_checked[0]
    assert ["acme.ledger"] == [file.name for file in tmp_path.iterdir()]


def test_workers_after_a_state(halves, monkeypatch, tmp_path):
    """Resuming and workers go together."""
    monkeypatch.setattr(workers, "ENTRIES_EACH", 2)
    monkeypatch.setattr(workers, "ProcessPoolExecutor", HerePool)
    _, path, write, sizes = halves
    state = tmp_path / "state"
    write(sizes[2])
    read(path, state=state)
    write()
    expected, found = facts(read(path)[1]), facts(read(path, state=state, jobs=2)[1])
    del expected["watched"], found["watched"]

    assert expected == found
