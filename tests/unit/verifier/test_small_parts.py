"""Parts that the whole rests on, one at a time: bounds, texts and order of reading."""

import os
import sqlite3
from pathlib import Path

import pytest

from verifier import UnreadableLedgerError
from verifier.clock import utc
from verifier.findings import FOUND_CHARS_MAX, Code, Violation, shown
from verifier.format.entry import StoredRow, read_entry, with_two_ahead
from verifier.format.strict_json import parse_json
from verifier.given import open_regular
from verifier.store import snapshot
from verifier.trust.demand import LEVEL_MAX, make_demand

FDS = Path("/proc/self/fd")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a" * FOUND_CHARS_MAX, "a" * FOUND_CHARS_MAX),
        ("a" * (FOUND_CHARS_MAX + 1), "a" * FOUND_CHARS_MAX + "..."),
        (b"a" * FOUND_CHARS_MAX, "a" * FOUND_CHARS_MAX),
        (b"a" * (FOUND_CHARS_MAX + 1), "a" * FOUND_CHARS_MAX + "..."),
        (memoryview(b"\xff\n"), "\\\\xff\\n"),
        (10**5000, "int"),
        (None, "None"),
    ],
    ids=["whole", "cut", "whole bytes", "cut bytes", "not UTF-8", "long", "none"],
)
def test_what_was_found(value, expected):
    """Untrusted values are shown short, printable, and whole up to the limit."""
    assert expected == shown(value)


@pytest.mark.parametrize(
    ("at_ms", "expected"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_790_000_000_999, "2026-09-21T14:13:20Z"),
        (10**20, "100000000000000000000 ms"),
    ],
    ids=["first", "now", "out of range"],
)
def test_time_for_people(at_ms, expected):
    """A time is RFC 3339, and a number where no date has it."""
    assert expected == utc(at_ms)


@pytest.mark.parametrize("level", [0, LEVEL_MAX])
def test_levels(level):
    """The lowest and the highest level may be asked for."""
    assert level == make_demand(level, None, []).level


@pytest.mark.parametrize("level", [-1, LEVEL_MAX + 1])
def test_levels_out_of_range(level):
    """There is no level below or above them."""
    with pytest.raises(ValueError, match="expected 0 to 4"):
        make_demand(level, None, [])


def test_folder_is_no_regular_file(tmp_path):
    """What is no regular file is not read, and nothing stays open."""
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path)

    assert str(tmp_path) not in [os.path.realpath(one) for one in FDS.iterdir()]


def test_pipe_keeps_nobody_waiting(tmp_path):
    """A pipe that nobody writes is refused at once."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path / "pipe")


def test_regular_file(tmp_path):
    """A regular file is opened for reading."""
    (tmp_path / "file").write_bytes(b"x")
    with open_regular(tmp_path / "file") as file:
        assert b"x" == file.read()


def test_fault_of_a_row_comes_first():
    """Where a column is at fault, that is said, not what its empty bytes lack."""
    fault = Violation(Code.OVER_LIMIT, "STO-3", expected="a blob", found="text")
    entry = read_entry(StoredRow(7, b"", b"", fault))

    assert fault is entry.fault
    assert entry.header is None


@pytest.mark.parametrize("count", range(6))
def test_two_ahead(count):
    """Each entry comes with the two after it, and None where there are none."""
    items = list(range(count))
    padded = [*items, None, None]

    assert list(zip(items, padded[1:], padded[2:], strict=False)) == list(
        with_two_ahead(iter(items))
    )


def test_two_ahead_and_no_more():
    """The first entry is handed over before a fourth is read."""
    read = []
    entries = (read.append(number) or number for number in range(9))

    assert (0, 1, 2) == next(with_two_ahead(entries))
    assert [0, 1, 2] == read


@pytest.fixture(params=[512, 4096, 65_536])
def database(request, tmp_path):
    """A SQLite file with pages of this size, and what a snapshot knows of it."""
    path = tmp_path / "some.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {request.param}")
    connection.execute("CREATE TABLE entry (x)")
    connection.close()
    return path, request.param


def test_length_that_the_header_explains(database):
    """A file may be as long as its pages, and with a -wal by a page a frame longer."""
    path, page = database
    snapshot._check_length(path, snapshot.take_fingerprint(path))
    with path.open("ab") as file:
        file.write(bytes(2 * page))
    wal = path.with_name("some.db-wal")
    wal.write_bytes(bytes(32 + 2 * (page + 24)))

    snapshot._check_length(path, snapshot.take_fingerprint(path))


def test_length_that_nothing_explains(database):
    """One byte more is refused, with a -wal of one frame and without one."""
    path, page = database
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(UnreadableLedgerError, match="explain at most"):
        snapshot._check_length(path, snapshot.take_fingerprint(path))

    path.with_name("some.db-wal").write_bytes(bytes(32 + page + 24))
    with path.open("ab") as file:
        file.write(bytes(page))
    with pytest.raises(UnreadableLedgerError, match="explain at most"):
        snapshot._check_length(path, snapshot.take_fingerprint(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"0", 0),
        (b"9007199254740991", 2**53 - 1),
        (b'{"a":[1]}', {"a": [1]}),
    ],
)
def test_strict_json(text, expected):
    """JSON of the contract is read, up to the largest integer."""
    assert expected == parse_json(text)


@pytest.mark.parametrize(
    "text",
    [
        b"-1",
        b"9007199254740992",
        b"00000000000000001",
        b"1" + b"0" * 16,
        b"9" * 5000,
        b"1.0",
        b"1e0",
        b"NaN",
        b'{"a":1,"a":1}',
        b"[" * 100_000,
        b'"\xff"',
    ],
)
def test_json_outside_the_contract(text):
    """Other numbers, names twice, depth and other encodings are refused."""
    with pytest.raises(ValueError):
        parse_json(text)
