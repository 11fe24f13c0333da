"""Rows dropped, swapped, copied, moved or cut off."""

import pytest

from tests.simulator import edit_rows
from tests.tamper.harness import found, told_ledger, verify_file, verify_simulated

COUNT = len(told_ledger().entries)
SIZES = sorted(told_ledger().checkpoints)


@pytest.mark.parametrize("seq", range(COUNT))
def test_entry_row_deleted(tmp_path, seq):
    """A deleted row is named as missing, wherever it was."""
    ledger = told_ledger()
    path = ledger.write(tmp_path / "acme.ledger")
    edit_rows(path, ("DELETE FROM entry WHERE seq = ?", (seq,)))

    assert [("ENTRY_MISSING", f"entry {seq}")] == found(verify_file(path, ledger))


@pytest.mark.parametrize("seq", range(COUNT - 1))
def test_entry_dropped_and_the_rest_moved_up(tmp_path, seq):
    """Renumbering the rows does not hide a dropped entry: each says its own seq."""
    ledger = told_ledger()
    del ledger.entries[seq]

    assert [
        ("ENTRY_SEQ", f"entry {seq}"),
        ("ENTRY_MISSING", f"entry {COUNT - 1}"),
    ] == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize("seq", range(COUNT - 1))
def test_entries_swapped(tmp_path, seq):
    """Two swapped rows are both named, and nothing else is."""
    ledger = told_ledger()
    rows = ledger.entries
    rows[seq], rows[seq + 1] = rows[seq + 1], rows[seq]

    assert [
        ("ENTRY_SEQ", f"entry {seq}"),
        ("ENTRY_SEQ", f"entry {seq + 1}"),
    ] == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize("seq", [0, 4, COUNT - 1])
def test_entry_copied_in_place(tmp_path, seq):
    """A copy of an entry behind itself is named."""
    ledger = told_ledger()
    ledger.entries.insert(seq + 1, ledger.entries[seq])

    assert ("ENTRY_SEQ", f"entry {seq + 1}") == found(
        verify_simulated(ledger, tmp_path)
    )[0]


def test_entry_copied_to_the_end(tmp_path):
    """A seq that forks, the same one twice, is named where it stands."""
    ledger = told_ledger()
    ledger.entries.append(ledger.entries[3])

    assert ("ENTRY_SEQ", f"entry {COUNT}") == found(verify_simulated(ledger, tmp_path))[
        0
    ]


def test_events_of_two_rows_swapped(tmp_path):
    """Event lines belong to their own submission."""
    ledger = told_ledger()
    (entry3, events3), (entry4, events4) = ledger.entries[3:5]
    ledger.entries[3:5] = [(entry3, events4), (entry4, events3)]
    report = verify_simulated(ledger, tmp_path)

    assert ["entry 3", "entry 4"] == [finding.where for finding in report.findings]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_tail_cut_off(tmp_path, count):
    """Checkpoints that cover more entries than there are name the first missing."""
    ledger = told_ledger()
    del ledger.entries[-count:]

    assert [("ENTRY_MISSING", f"entry {COUNT - count}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_tail_cut_off_with_its_checkpoints(tmp_path):
    """A shorter ledger with its own checkpoint is consistent; the report says so."""
    ledger = told_ledger()
    del ledger.entries[9:]
    ledger.checkpoints = {n: c for n, c in ledger.checkpoints.items() if n <= 9}
    report = verify_simulated(ledger, tmp_path)

    assert 0 == report.exit_code
    assert any("shorter copy" in line for line in report.not_proven)


def test_entries_after_the_newest_checkpoint(tmp_path):
    """Entries that no checkpoint covers are not accepted (CHK-4)."""
    ledger = told_ledger()
    last = SIZES[-1]
    del ledger.checkpoints[last]

    assert [("CHECKPOINT_MISSING", f"checkpoint {last}")] == found(
        verify_simulated(ledger, tmp_path)
    )


@pytest.mark.parametrize("size", SIZES)
def test_checkpoint_dropped(tmp_path, size):
    """A deleted checkpoint is named: the next entry's base shows it."""
    ledger = told_ledger()
    del ledger.checkpoints[size]

    assert [("CHECKPOINT_MISSING", f"checkpoint {size}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_checkpoints_swapped(tmp_path):
    """A checkpoint under another's key is named by the size that it states."""
    ledger = told_ledger()
    notes = ledger.checkpoints
    notes[4], notes[5] = notes[5], notes[4]

    assert [
        ("CHECKPOINT_SIZE", "checkpoint 4"),
        ("CHECKPOINT_SIZE", "checkpoint 5"),
    ] == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize("size", [3, COUNT + 1, 0, -4])
def test_checkpoint_copied(tmp_path, size):
    """A copy of a checkpoint under a free key is named."""
    ledger = told_ledger()
    ledger.checkpoints[size] = ledger.checkpoints[2]

    assert [("CHECKPOINT_SIZE", f"checkpoint {size}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_no_entries(tmp_path):
    """An empty ledger proves nothing and is not accepted."""
    ledger = told_ledger()
    ledger.entries.clear()
    ledger.checkpoints.clear()
    report = verify_simulated(ledger, tmp_path)

    assert [("LEDGER_EMPTY", "file")] == found(report)
    assert 1 == report.exit_code
