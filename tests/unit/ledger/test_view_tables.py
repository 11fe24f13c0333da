"""The tables of the views file: snapshots that stand, and rows written with a state."""

import sqlite3
from contextlib import closing

import pytest

from ledger.errors import StorageError
from ledger.log.views import Views
from ledger.projections.tables import Changes, Table


@pytest.fixture
def views(tmp_path):
    """Views in a folder of their own."""
    with closing(Views(tmp_path / "acme.views")) as found:
        yield found


def keep(views, size, *written, gone=(), seen=None, is_afresh=False):
    """Keep rows of one table beside a document; return what then stands."""
    is_saved = views.save_tables(
        "doc",
        size,
        {"size": size},
        {"rows": Changes(gone=list(gone), written=iter(written))},
        seen=seen,
        is_afresh=is_afresh,
    )
    assert is_saved
    return views.cached(views.snapshot(), "doc")


def rows(views):
    """The rows of that table."""
    return [*views.snapshot().all("rows")]


def test_rows_and_document_together(views):
    """Both are there, the rows in the order in which they were written."""
    seen = keep(views, 1, ("b", "1"), ("a", "2"), is_afresh=True)

    assert (1, '{"size":1}') == seen
    assert [("b", "1"), ("a", "2")] == rows(views)


def test_a_changed_row_keeps_its_place(views):
    """As a dict keeps a key's; one that was deleted and written again comes last."""
    seen = keep(views, 1, ("a", "1"), ("b", "2"), ("c", "3"), is_afresh=True)
    keep(views, 2, ("b", "4"), ("a", "5"), gone=["a"], seen=seen)

    assert [("b", "4"), ("c", "3"), ("a", "5")] == rows(views)


def test_a_failure_leaves_neither(views):
    """Rows that cannot be made take the document with them."""
    seen = keep(views, 1, ("a", "1"), is_afresh=True)

    def failing():
        yield "b", "2"
        raise RuntimeError

    changes = {"rows": Changes(gone=["a"], written=failing())}
    with pytest.raises(RuntimeError):
        views.save_tables("doc", 2, {}, changes, seen=seen, is_afresh=False)

    assert ([("a", "1")], seen) == (
        rows(views),
        views.cached(views.snapshot(), "doc"),
    )


def test_the_slower_of_two_writes_nothing(views):
    """Changes belong to the rows that they were made from."""
    seen = keep(views, 1, ("a", "1"), is_afresh=True)
    keep(views, 2, ("a", "2"), seen=seen)
    late = {"rows": Changes(gone=["a"], written=iter(()))}

    assert not views.save_tables("doc", 3, {}, late, seen=seen, is_afresh=False)
    assert [("a", "2")] == rows(views)


def test_a_snapshot_stands(views, tmp_path):
    """What another process writes later is not in it."""
    seen = keep(views, 1, ("a", "1"), is_afresh=True)
    snapshot = views.snapshot()
    with closing(Views(tmp_path / "acme.views")) as other:
        keep(other, 2, ("a", "2"), ("b", "3"), seen=seen)

    assert ("1", None, 1) == (
        snapshot.get("rows", "a"),
        snapshot.get("rows", "b"),
        snapshot.count("rows"),
    )
    assert [("a", "2"), ("b", "3")] == rows(views)


def test_one_plain_file_is_left(views, tmp_path):
    """Closing lets go of snapshots too, and folds the WAL into the file."""
    keep(views, 1, ("a", "1"), is_afresh=True)
    snapshot = views.snapshot()
    views.close()

    assert ["acme.views"] == [path.name for path in tmp_path.iterdir()]
    with pytest.raises(sqlite3.ProgrammingError):
        snapshot.cached("doc", 2)


def test_starting_afresh_empties_the_tables(views):
    """Rows of another history do not stay beside the new ones."""
    seen = keep(views, 1, ("a", "1"), is_afresh=True)
    keep(views, 2, ("b", "2"), seen=seen, is_afresh=True)

    assert [("b", "2")] == rows(views)


def test_a_reader_of_evidence_writes_nothing(views, tmp_path):
    """Not even where the file is no database."""
    (tmp_path / "other.views").write_bytes(b"not a database, and not ours to delete")
    with closing(Views(tmp_path / "other.views", is_kept=False)) as reader:
        assert None is reader.load("doc")
        assert not reader.save_tables("doc", 1, {}, {}, seen=None, is_afresh=True)

    assert ["other.views"] == [path.name for path in tmp_path.iterdir()]


def test_a_damaged_file_says_what_helps(views, tmp_path):
    """It is derived: the one that is made again is right."""
    keep(views, 1, *((f"{n:04d}", f'"{n}"') for n in range(2000)), is_afresh=True)
    views.close()
    path = tmp_path / "acme.views"
    content = bytearray(path.read_bytes())
    content[8192:] = bytes(len(content) - 8192)
    path.write_bytes(content)
    table = Table("rows", str, views.snapshot())

    with pytest.raises(StorageError, match=r"^acme\.views: .* delete the file"):
        dict(table.items())


def test_a_row_of_another_kind_says_what_helps(views):
    """No look-up takes it for a value."""
    keep(views, 1, ("a", '"text"'), is_afresh=True)
    table = Table("rows", int, views.snapshot())

    with pytest.raises(StorageError, match=r"^views, table rows: .* delete the file"):
        table["a"]
