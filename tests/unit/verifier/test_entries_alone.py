"""One entry by itself: its header, its submission, and what is looked at ahead."""

from dataclasses import replace

import pytest

from tests.simulator import Key, LedgerSimulator, sign_note
from tests.tamper.harness import told_ledger
from verifier.clock import utc
from verifier.findings import Code, Violation
from verifier.format.entry import StoredRow, read_entry, with_two_ahead
from verifier.format.submission import parse_submission
from verifier.format.wire import ZERO_HASH
from verifier.history.home import check_first, check_home
from verifier.history.reading import look_at

FAULT = Violation(Code.COLUMN_TYPE, "STO-2", expected="a", found="b")


def stored(seq: int) -> StoredRow:
    """A row of the story."""
    return StoredRow(seq, *told_ledger().entries[seq], None)


def submission(**changes):
    """A submission with some of its lines changed."""
    sim = LedgerSimulator()
    text = sim.submission("scanner", [b"{}"], changes)
    return parse_submission(sign_note(text, Key("x")))


def test_header_of_an_entry():
    """A sound row has a header in its place, and no fault."""
    entry = read_entry(stored(3))

    assert (3, None, True) == (entry.header.seq, entry.fault, entry.in_place)
    assert entry.note.startswith(b"tuneledger/submission/v1\n")


def test_entry_out_of_place():
    """The header of another row is read, and not in place."""
    entry = read_entry(replace(stored(3), seq=4))

    assert (3, False) == (entry.header.seq, entry.in_place)


def test_malformed_entry():
    """What has no header has a fault, and is not in place."""
    entry = read_entry(StoredRow(0, b"x", b"", None))

    assert (None, "ENT-2", False) == (entry.header, entry.fault.rule, entry.in_place)


def test_fault_of_a_row_is_the_fault_of_its_entry():
    """The header of a row that was not read is not looked at."""
    assert FAULT is read_entry(StoredRow(0, b"", b"", FAULT)).fault


def test_two_ahead():
    """Each comes with the two that follow, None after the last."""
    expected = [(0, 1, 2), (1, 2, 3), (2, 3, None), (3, None, None)]

    assert expected == list(with_two_ahead(range(4)))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_two_ahead_of_few(count):
    """Fewer than three come all the same."""
    assert list(range(count)) == [one for one, _, _ in with_two_ahead(range(count))]


def test_no_more_than_two_ahead():
    """Of a ledger without end, no more than three entries are held."""
    read = []
    entries = with_two_ahead(read.append(n) or n for n in range(100))
    next(entries)

    assert [0, 1, 2] == read


@pytest.mark.parametrize("count", [1, 1024])
def test_number_of_events(count):
    """A submission has 1 to 1024 events (SUB-1)."""
    assert count == submission(events=count).events


@pytest.mark.parametrize("count", [0, 1025])
def test_number_of_events_out_of_range(count):
    """No event, or more, are none (SUB-1)."""
    with pytest.raises(Violation) as raised:
        submission(events=count)

    assert ("SUB-1", str(count)) == (raised.value.rule, str(raised.value.found))


def test_one_line_more():
    """Nothing follows the nine lines (SUB-1)."""
    with pytest.raises(Violation):
        submission(more=1)


def test_no_note():
    """A submission is a signed note (SUB-1)."""
    with pytest.raises(Violation) as raised:
        parse_submission(b"text")

    assert ("SUB-1", "a signed note") == (raised.value.rule, raised.value.expected)


HOME = {"origin": "a", "genesis": "11" * 32}
GENESIS = bytes.fromhex(HOME["genesis"])


@pytest.mark.parametrize(
    ("seq", "changes", "origin", "genesis"),
    [
        (1, {}, "a", GENESIS),
        (1, {}, "", GENESIS),
        (1, {}, "a", b""),
        (0, {"genesis": "0" * 64}, "", b""),
        (0, {"genesis": "0" * 64}, "a", GENESIS),
    ],
)
def test_at_home(seq, changes, origin, genesis):
    """What is not known yet may be anything; entry 0 has zeros for itself (SUB-2)."""
    check_home(seq, submission(**HOME | changes), origin, genesis)


@pytest.mark.parametrize(
    ("seq", "changes", "origin", "genesis"),
    [
        (1, {}, "b", GENESIS),
        (1, {}, "a", ZERO_HASH),
        (0, {}, "a", b""),
        (0, {}, "a", GENESIS),
    ],
    ids=["origin", "genesis", "first, unknown", "first, known"],
)
def test_foreign(seq, changes, origin, genesis):
    """A submission for another ledger is refused (SUB-2)."""
    with pytest.raises(Violation) as raised:
        check_home(seq, submission(**HOME | changes), origin, genesis)

    assert "SUB-2" == raised.value.rule


@pytest.mark.parametrize("changes", [{"stream": "scanner"}, {"origin": "b"}], ids=str)
def test_first_submission(changes):
    """The first one is of the stream root and of the ledger's origin (ENT-6)."""
    first = {"origin": "a", "stream": "root"}
    check_first(submission(**first), "a")

    with pytest.raises(Violation) as raised:
        check_first(submission(**first | changes), "a")
    assert "ENT-6" == raised.value.rule


@pytest.mark.parametrize(("seq", "is_bulk"), [(1, False), (3, True)])
def test_what_is_in_order_is_looked_at(seq, is_bulk):
    """Its submission and lines are read; together where they are bulk."""
    entry = look_at(read_entry(stored(seq)))

    assert len(entry.lines) == entry.submission.events
    assert is_bulk == (entry.bulk is not None)


def test_entry_0_is_left_to_the_walk():
    """It creates the keys that all others are checked with."""
    entry = read_entry(stored(0))

    assert entry is look_at(entry)


@pytest.mark.parametrize(
    "changes",
    [{"entry": b"x"}, {"events": b""}, {"entry": stored(3).entry[:-9]}],
    ids=["header", "events", "note"],
)
def test_what_is_not_in_order_is_left_to_the_walk(changes):
    """It is returned as it was, and found in its place."""
    entry = read_entry(replace(stored(3), **changes))

    assert entry is look_at(entry)


@pytest.mark.parametrize(
    ("at_ms", "expected"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_999, "1970-01-01T00:00:01Z"),
        (1_790_000_000_000, "2026-09-21T14:13:20Z"),
        (10**20, f"{10**20} ms"),
        (2**53 - 1, f"{2**53 - 1} ms"),
    ],
)
def test_times_for_people(at_ms, expected):
    """Milliseconds are RFC 3339 text, or a number outside of its years."""
    assert expected == utc(at_ms)


def test_one_header_line_more():
    """Nothing follows the five lines of a header (ENT-2)."""
    row = stored(3)
    entry = read_entry(replace(row, entry=row.entry.replace(b"\n\n", b"\nx 1\n\n", 1)))

    assert (None, "ENT-2") == (entry.header, entry.fault.rule)
