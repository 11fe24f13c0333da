"""The files of records, compared with the ledger."""

import pytest

from ledger.records.record_check import check_records
from tests.unit.cli.shell import Shell


@pytest.fixture
def shell(capsys, trained):
    """Commands on a trained office."""
    return Shell(capsys, trained.folder)


@pytest.fixture
def corpus(trained):
    """The files of records, in the order of their names."""
    return sorted((trained.folder / "corpus").iterdir())


def checked(shell) -> tuple[int, dict[str, int], dict[str, tuple[str, str]]]:
    """Exit code, counts, and what is said of each record that is listed."""
    ran = shell.w("records", "--json")
    document = ran.json()
    said = {
        one["record_id"]: (one["standing"], one["event_id"])
        for one in document["records"]
    }
    return ran.code, document["counts"], said


def test_files_as_they_were_written(shell, corpus):
    """Each opens, and is what the ledger is committed to."""
    assert (0, {"PRESENT": len(corpus)}, {}) == checked(shell)


def test_erased_records_are_the_planned_ones(shell, corpus):
    """Each with the event that erased it, and no other record."""
    planned = shell.w("erase", "s-1", "--what-if", "--json").json()["records"]
    shell.w("erase", "s-1", "--no-retrain")
    code, counts, said = checked(shell)

    assert 0 == code
    assert {"ERASED_BY": len(planned), "PRESENT": len(corpus) - len(planned)} == counts
    assert sorted(planned) == sorted(said)
    for standing, event_id in said.values():
        assert "ERASED_BY" == standing
        assert "erasure.records_erased.v1" in shell.w("show", event_id).out


def test_a_file_deleted_without_an_event(shell, corpus):
    """It is missing: nothing in the ledger says why."""
    corpus[0].unlink()
    code, _, said = checked(shell)

    assert 1 == code
    assert {corpus[0].stem: ("MISSING", "")} == said


@pytest.mark.parametrize("place", [0, 12, -1], ids=["nonce", "text", "tag"])
def test_an_altered_file(shell, corpus, place):
    """One bit is enough."""
    content = bytearray(corpus[0].read_bytes())
    content[place] ^= 1
    corpus[0].write_bytes(content)
    code, _, said = checked(shell)

    assert 1 == code
    assert {corpus[0].stem: ("MISMATCH", "")} == said


def test_another_records_file(shell, corpus):
    """A file that opens under its own name only."""
    corpus[0].write_bytes(corpus[1].read_bytes())

    assert {corpus[0].stem: ("MISMATCH", "")} == checked(shell)[2]


def test_files_that_came_after_the_workspace_was_opened(shell, trained, corpus):
    """Opening sweeps what nobody knows; what comes later is named as what it is."""
    kept = {path: path.read_bytes() for path in corpus}
    shell.w("erase", "s-1", "--no-retrain")
    gone = next(path for path in corpus if not path.exists())
    stray = gone.with_stem("0f" * 16)
    with trained.open() as workspace:
        gone.write_bytes(kept[gone])
        stray.write_bytes(b"")
        said = {one.record_id: one.standing for one in check_records(workspace)}

    assert "NOT_ERASED" == said[gone.stem]
    assert "UNKNOWN" == said[stray.stem]


def test_lines_for_a_person(shell, corpus):
    """A line for each that is not as it was, and the counts."""
    corpus[0].unlink()
    ran = shell.w("records")

    assert f"{corpus[0].stem}  MISSING\n" == ran.out
    assert f"1 MISSING, {len(corpus) - 1} PRESENT" in ran.err
