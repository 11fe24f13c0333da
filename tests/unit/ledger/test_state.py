"""What the next entry depends on (ledger.log.state)."""

import dataclasses

import pytest

from ledger.disk.store import Row
from ledger.errors import IntegrityError, KeyTrustError
from ledger.events.keys import StreamAbandoned
from ledger.format import tree
from ledger.format.checkpoint import Checkpoint
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.submission import parse_submission
from ledger.log.state import State
from tests.unit.ledger.workshop import (
    ORIGIN,
    assigned,
    key,
    lines_of,
    new_workspace,
    open_ledger,
    role_key,
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Three entries: genesis and two of the stream shards."""
    folder = new_workspace(tmp_path_factory.mktemp("state") / "acme")
    with open_ledger(folder) as ledger:
        ledger.append([assigned(0)], stream="shards")
        ledger.append([assigned(1), assigned(2)], stream="shards")
        return list(ledger.rows())


def _taken(rows):
    state = State()
    for row in rows:
        state.take(row)
        state.base = state.size  # as after the checkpoint that each append writes
    return state


def test_rows_are_taken_in_order(rows):
    """Size, root, links and heads follow the rows."""
    state = _taken(rows)
    leaves = [entry_leaf(row.entry) for row in rows]

    assert (3, tree.root_hash(leaves)) == (state.size, state.root())
    assert leaves[-1].hex() == state.previous
    assert {"root": 0, "shards": 1} == {
        name: head.counter for name, head in state.heads.items()
    }


def test_a_copy_is_independent(rows):
    """An append that is tried on a copy moves nothing."""
    state = _taken(rows[:1])
    before = state.copy()
    state.copy().take(rows[1])

    assert before == state


def test_the_next_place_in_a_stream(rows):
    """Counter and hash of the head; 0 and zeros for a new stream."""
    state = _taken(rows[:2])

    assert (1, state.heads["shards"].text_hash) == state.next_in("shards")
    assert (0, "0" * 64) == state.next_in("ingest")


def _entry(row, **changes):
    """The row with another entry header."""
    entry = dataclasses.replace(parse_entry(row.entry), **changes)
    return Row(row.seq, entry.encode(), row.events)


def _text(row, signer, **changes):
    """The row with another submission text, signed again."""
    entry = parse_entry(row.entry)
    text, _ = parse_submission(entry.submission)
    text = dataclasses.replace(text, **changes)
    return _entry(row, submission=signer.sign_note(text.encode()))


ANY = key("any")
SECOND_ROWS = {
    "row": (lambda row: Row(2, row.entry, row.events), "found seq 1 in row 2"),
    "seq": (lambda row: _entry(row, seq=2), "entry 1: found seq 2"),
    "link": (lambda row: _entry(row, previous="0" * 64), "entry 1 links to 0000"),
    "time": (lambda row: _entry(row, recorded_at_ms=1), "recorded_at_ms of at least"),
    "counter": (lambda row: _text(row, ANY, counter=1), "expects counter 0, found 1"),
    "previous": (lambda row: _text(row, ANY, previous="f" * 64), "expects counter 0"),
    "genesis": (lambda row: _text(row, ANY, genesis="f" * 64), "expected genesis"),
    "origin": (lambda row: _text(row, ANY, origin="x"), "expected origin example.org"),
}


@pytest.mark.parametrize(("change", "message"), SECOND_ROWS.values(), ids=SECOND_ROWS)
def test_a_row_that_does_not_follow_is_refused(rows, change, message):
    """Place, link, time, stream and ledger are compared (ENT, SUB-2, SUB-5)."""
    with pytest.raises(IntegrityError, match=message):
        _taken([rows[0], change(rows[1])])


FIRST_ROWS = {
    "another stream": {"stream": "shards"},
    "its own genesis": {"genesis": "f" * 64},
    "another origin": {"origin": "example.org/other"},
}


@pytest.mark.parametrize("changes", FIRST_ROWS.values(), ids=FIRST_ROWS)
def test_a_first_row_that_is_no_genesis_is_refused(pristine, rows, changes):
    """Entry 0 is in stream root and names its own origin (ENT-6)."""
    with pytest.raises(IntegrityError):
        _taken([_text(rows[0], role_key(pristine, "root"), **changes)])


def test_root_must_sign_key_events(rows):
    """A signature of another key in stream root is refused (SUB-7)."""
    with pytest.raises(IntegrityError, match="expected 1 root signatures, found 0"):
        _taken([_text(rows[0], ANY)])


def test_stream_root_carries_key_events(pristine, rows):
    """Another family there is refused (SUB-7)."""
    changed = _text(
        rows[1],
        role_key(pristine, "root"),
        stream="root",
        counter=1,
        previous=_taken(rows[:1]).heads["root"].text_hash,
    )

    with pytest.raises(IntegrityError, match="stream root carries another family"):
        _taken([rows[0], changed])


@pytest.mark.parametrize("count", [0, 2, 3])
def test_an_abandoned_stream_is_counted(pristine, rows, count):
    """The event names how many submissions the ledger holds (SUB-9)."""
    state = _taken(rows[:2])
    event = StreamAbandoned(stream="shards", submissions=count)
    changed = _text(
        rows[2],
        role_key(pristine, "root"),
        stream="root",
        counter=1,
        previous=state.heads["root"].text_hash,
    )
    row = Row(2, changed.entry, lines_of(event)[0] + b"\n")

    with pytest.raises(IntegrityError, match=f"holds 1 submissions, found {count}"):
        state.take(row)


def test_a_checkpoint_over_this_tree_is_accepted(rows, pristine):
    """Origin, size, root and the log key's signature."""
    state = _taken(rows)
    log = role_key(pristine, "log")
    root = state.root()

    assert None is state.take_checkpoint(_checkpoint(log, ORIGIN, 3, root))
    for other in (("x", 3, root), (ORIGIN, 2, root), (ORIGIN, 3, bytes(32))):
        with pytest.raises(IntegrityError, match="checkpoint 3: expected root"):
            state.take_checkpoint(_checkpoint(log, *other))


def test_a_checkpoint_of_another_signer_is_refused(rows, pristine):
    """Only the log key signs, and it signs this."""
    state = _taken(rows)
    good = _checkpoint(role_key(pristine, "log"), ORIGIN, 3, state.root())
    forged = _checkpoint(key(ORIGIN), ORIGIN, 3, state.root())
    swapped = good[: good.index(b"\n\n") + 2] + (
        role_key(pristine, "log").note_line(b"another text\n")
    )

    with pytest.raises(IntegrityError, match="not signed by exactly"):
        state.take_checkpoint(forged)
    with pytest.raises(KeyTrustError, match="signature does not verify"):
        state.take_checkpoint(swapped)


def _checkpoint(signer, origin, size, root):
    text = Checkpoint(origin=origin, size=size, root=root).encode()
    return signer.sign_note(text)
