"""Links, tree, checkpoints and streams: what is found, and what is excused."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from tests.simulator import Key, LedgerSimulator, leaf, sign_note, tree_root
from verifier.findings import FindingList, Violation
from verifier.format.entry import StoredRow, read_entry
from verifier.format.submission import parse_submission
from verifier.history import heads
from verifier.history.chain import Chain
from verifier.history.heads import Heads
from verifier.keys.ring import KeyRing
from verifier.rules import streams
from verifier.rules.streams import Streams
from verifier.store.storage import LedgerFile


def entry(seq: int, *, previous: bytes = bytes(32), base: int = 0, row: int = -1):
    """An entry with a header and nothing else."""
    text = f"seq {seq}\nprevious {previous.hex()}\nbase {base}\nrecorded_at_ms 1\n"
    data = b"tuneledger/entry/v1\n" + text.encode() + b"\n"
    return read_entry(StoredRow(seq if row < 0 else row, data, b"", None))


def chain_of(count: int) -> list:
    """So many entries, each of which links to the one before it."""
    entries = [entry(0)]
    for seq in range(1, count):
        entries.append(entry(seq, previous=entries[-1].leaf))
    return entries


def no_root(_: int) -> None:
    """No checkpoint is stored."""


def append_all(chain: Chain, entries: list) -> list:
    """What is found at each entry."""
    after = [*entries[1:], None, None]
    return [
        found and found.code.name
        for number, one in enumerate(entries)
        for found in [
            chain.append(one, after[number], after[number + 1], damaged=False)
        ]
    ]


def test_links_are_counted():
    """Each entry but the last is confirmed by its follower."""
    chain = Chain([], no_root)

    assert [None] * 5 == append_all(chain, chain_of(5))
    assert (4, False, 5) == (chain.links, chain.confirmed, chain.tree.size)
    assert tree_root([one.leaf for one in chain_of(5)]) == chain.tree.root()


def test_no_link_before_the_first():
    """A new chain has confirmed nothing."""
    chain = Chain([], no_root)

    assert (0, False, False, False) == (
        chain.links,
        chain.confirmed,
        chain.tree_lost,
        chain.blame_next,
    )


def test_changed_entry_goes_on_with_what_its_follower_says():
    """It is named once, and later entries hang on the leaf that was committed to."""
    entries = chain_of(4)
    entries[1] = entry(1, previous=entries[0].leaf, base=7)
    chain = Chain([], no_root)

    assert [None, "ENTRY_CHANGED", None, None] == append_all(chain, entries)
    assert tree_root([one.leaf for one in chain_of(4)]) == chain.tree.root()


def test_changed_previous_is_blamed_on_its_own_entry():
    """Where the next entry's other bytes no longer fit, `previous` was changed."""
    entries = chain_of(4)
    entries[2] = entry(2, previous=b"x" * 32)
    chain = Chain([], no_root)
    chain.append(entries[0], *entries[1:3], damaged=False)

    assert None is chain.append(entries[1], *entries[2:4], damaged=False)
    assert chain.blame_next
    assert not chain.confirmed


@pytest.mark.parametrize("stored", ["as it is", "as claimed", "after both"])
def test_checkpoints_decide_what_was_changed(stored):
    """A root over the entry or its follower says whose bytes are the old ones."""
    entries = chain_of(3)
    entries[1] = entry(1, previous=entries[0].leaf, base=7)
    known = {
        "as it is": {2: tree_root([entries[0].leaf, entries[1].leaf])},
        "as claimed": {2: tree_root([one.leaf for one in chain_of(2)])},
        "after both": {3: tree_root([one.leaf for one in chain_of(3)])},
    }[stored]
    chain = Chain(sorted(known), known.get)
    chain.append(entries[0], *entries[1:], damaged=False)
    found = chain.append(entries[1], entries[2], None, damaged=False)

    assert (stored == "as it is") == (found is None)
    assert (stored == "as it is") == chain.blame_next


def test_damage_that_nothing_confirms_loses_the_tree():
    """A damaged last entry leaves no leaf to go on with, unless a root fits it."""
    (first,) = chain_of(1)
    lost, kept = Chain([], no_root), Chain([1], {1: first.leaf}.get)
    lost.append(first, None, None, damaged=True)
    kept.append(first, None, None, damaged=True)

    assert (True, 0) == (lost.tree_lost, lost.tree.size)
    assert (False, 1) == (kept.tree_lost, kept.tree.size)


def test_one_missing_row_is_known_from_its_follower():
    """Two are not, nor one before an entry that is not in place."""
    entries = chain_of(3)
    for missing, follower, lost in (
        (1, entries[2], False),
        (2, entries[2], True),
        (1, entry(9, row=2), True),
    ):
        chain = Chain([], no_root)
        chain.tree.push(entries[0].leaf)
        chain.skip(missing, follower)

        assert (lost, 1 + (not lost)) == (chain.tree_lost, chain.tree.size)


def test_a_lost_tree_stays_lost():
    """One leaf that is known again does not bring back those before it."""
    chain = Chain([], no_root, tree_lost=True)
    chain.skip(1, chain_of(3)[2])

    assert (True, 0) == (chain.tree_lost, chain.tree.size)


def test_follower_of_another_place_claims_nothing():
    """Only the row right behind an entry says what its leaf is."""
    entries = chain_of(3)
    for follower in (
        None,
        entries[2],
        entry(5, row=1),
        read_entry(StoredRow(1, b"x", b"", None)),
    ):
        chain = Chain([], no_root)
        chain.append(entries[0], follower, None, damaged=False)

        assert (False, 0, 1) == (chain.confirmed, chain.links, chain.tree.size)


SIZES = [1, 3, 4, 6]


@pytest.mark.parametrize(
    ("seq", "base", "blamed", "expected"),
    [
        (0, 0, (), None),
        (0, 1, (), "entry 0"),
        (1, 1, (), None),
        (1, 0, (), "entry 1"),
        (5, 4, (), None),
        (5, 3, (), "entry 5"),
        (5, 6, (), "entry 5"),
        (5, 3, (4,), None),
        (5, 4, (4,), None),
        (5, 1, (4,), "entry 5"),
        (5, 1, (4, 3), None),
        (5, 0, (4, 3), "entry 5"),
        (5, 0, (4, 3, 1), None),
        (5, 2, (2,), None),
        (9, 6, (), None),
    ],
)
def test_base_is_the_largest_stored_size(seq, base, blamed, expected):
    """Up to the entry, past checkpoints that are blamed already (ENT-4)."""
    chain = Chain(SIZES, no_root, blamed_checkpoints=set(blamed))
    found = chain.check_base(entry(seq, base=base), intact=False)

    assert expected == (found and found[0])
    assert None is found or found[1].rule == "ENT-4"


@pytest.mark.parametrize(("base", "odd"), [(3, 4), (5, 5), (9, 9), (2, 4)])
def test_base_of_an_intact_entry_blames_a_checkpoint(base, odd):
    """The larger one is missing or was added; it is blamed once."""
    chain = Chain(SIZES, no_root)
    place, violation = chain.check_base(entry(5, base=base), intact=True)

    assert (f"checkpoint {odd}", "CHECKPOINT_MISSING") == (place, violation.code.name)
    assert {odd} == chain.blamed_checkpoints


def test_base_of_no_header():
    """What cannot be read has no base."""
    malformed = read_entry(StoredRow(0, b"x", b"", None))

    assert None is Chain([], no_root).check_base(malformed, intact=True)


def submission(stream="scanner", counter=0, previous="0" * 64):
    sim = LedgerSimulator()
    changes = {"counter": counter, "previous": previous}
    return parse_submission(sign_note(sim.submission(stream, [b""], changes), Key("x")))


def digest(one) -> str:
    return sha256(one.note.text).hexdigest()


def fault_of(call, *values) -> str:
    """The code that a call is refused with, empty where it is not."""
    try:
        call(*values)
    except Violation as violation:
        return violation.code.name
    return ""


def test_stream_in_order():
    """Counters go up by one, each with the hash of the one before (SUB-5)."""
    known, first = Streams(), submission()
    second = submission(counter=1, previous=digest(first))
    known.append(first)
    known.append(second)

    assert (1, 0, {}) == (len(known), known.lost, known.abandoned)


@pytest.mark.parametrize(
    ("counter", "right", "lost", "expected"),
    [
        (1, False, 0, "STREAM_ORDER"),
        (0, True, 0, "STREAM_ORDER"),
        (2, True, 0, "STREAM_GAP"),
        (2, True, 1, ""),
        (3, True, 1, "STREAM_GAP"),
        (3, True, 2, ""),
        (1, False, 1, "STREAM_ORDER"),
        (0, False, 1, "STREAM_ORDER"),
    ],
)
def test_stream_out_of_order(counter, right, lost, expected):
    """A gap is excused by as many submissions as were lost, and nothing else is."""
    known, first = Streams(), submission()
    known.append(first)
    known.lost += lost
    previous = digest(first) if right else "11" * 32

    assert expected == fault_of(known.append, submission("scanner", counter, previous))


def test_gap_is_found_once():
    """After it the stream goes on from where it is."""
    known, late = Streams(), submission(counter=5)

    assert "STREAM_GAP" == fault_of(known.append, late)
    assert "" == fault_of(known.append, submission("scanner", 6, digest(late)))


def test_lost_submission_excuses_one_gap():
    """What is excused once is not excused again in the same stream."""
    known, late = Streams(lost=1), submission(counter=1)
    known.append(late)

    assert "STREAM_GAP" == fault_of(
        known.append, submission("scanner", 3, digest(late))
    )


def test_step_back_does_not_move_the_head():
    """An old submission again leaves the stream where it was."""
    known, first = Streams(), submission()
    second = submission(counter=1, previous=digest(first))
    known.append(first)
    known.append(second)

    assert "STREAM_ORDER" == fault_of(known.append, first)
    assert "" == fault_of(known.append, submission("scanner", 2, digest(second)))


def test_number_of_streams(monkeypatch):
    """One more than the limit is refused, one of those that are known is not."""
    monkeypatch.setattr(streams, "STREAMS_MAX", 2)
    known, first = Streams(), submission("a")
    known.append(first)
    known.append(submission("b"))

    assert "OVER_LIMIT" == fault_of(known.append, submission("c"))
    assert "" == fault_of(known.append, submission("a", 1, digest(first)))


@pytest.mark.parametrize(
    ("said", "lost", "expected"),
    [
        (1, 0, ""),
        (0, 0, "STREAM_CLOSED"),
        (2, 0, "STREAM_CLOSED"),
        (2, 1, ""),
        (3, 1, "STREAM_CLOSED"),
        (0, 1, "STREAM_CLOSED"),
    ],
)
def test_end_of_a_stream(said, lost, expected):
    """It counts what the ledger holds, and what was lost since (SUB-9)."""
    known = Streams()
    known.append(submission())
    known.lost += lost
    event = {"stream": b"scanner", "submissions": b"%d" % said}

    assert expected == fault_of(known.abandon, event)


@pytest.mark.parametrize(
    ("said", "lost", "expected"), [(0, 0, ""), (1, 0, "STREAM_CLOSED"), (1, 1, "")]
)
def test_end_of_a_stream_that_never_began(said, lost, expected):
    """It has no submissions, but those that were lost (SUB-9)."""
    event = {"stream": b"scanner", "submissions": b"%d" % said}

    assert expected == fault_of(Streams(lost=lost).abandon, event)


def test_nothing_after_the_end():
    """Whatever follows in the stream is refused (SUB-9)."""
    known = Streams()
    known.abandon({"stream": b"scanner", "submissions": b"0"})

    assert {"scanner": 0} == known.abandoned
    assert "STREAM_CLOSED" == fault_of(known.append, submission())


@pytest.mark.parametrize(("rows", "expected"), [(3, []), (4, ["CHECKPOINT_SIZE"])])
def test_number_of_checkpoints(monkeypatch, rows, expected):
    """As many as there are entries, and some to spare; one more is found (CHK-2)."""
    monkeypatch.setattr(heads, "CHECKPOINTS_SPARE", 2)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE entry (seq)")
        database.execute("CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note)")
        database.execute("INSERT INTO entry VALUES (0)")
        sizes = [(size,) for size in range(1, rows + 1)]
        database.executemany("INSERT INTO checkpoint VALUES (?, x'')", sizes)
        findings = FindingList()
        file = LedgerFile(database, path=Path(), copied=False)
        known = Heads(file, KeyRing(), findings)

    assert expected == [finding.code.name for finding in findings]
    assert [1, 2, 3] == known.chain.sizes
    assert (0, 0, None) == (known.passed, known.unsigned, known.last_good)


def test_checkpoint_of_a_signer_that_may_be_unknown():
    """It is counted, and neither passes nor is found."""
    sim = LedgerSimulator()
    sim.leaves.append(bytes(32))
    sim.checkpoint()
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE entry (seq)")
        database.execute("INSERT INTO entry VALUES (0)")
        database.execute("CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note)")
        database.execute("INSERT INTO checkpoint VALUES (1, ?)", (sim.checkpoints[1],))
        findings = FindingList()
        file = LedgerFile(database, path=Path(), copied=False)
        known = Heads(file, KeyRing(unsure="event 0.1"), findings)
        known.check(1, damaged=False)

    assert (1, 0, 0) == (known.unsigned, known.passed, findings.total)


def test_leaf_of_an_entry():
    """The leaf is the hash of 0 and the bytes (RFC 6962, section 2.1)."""
    assert leaf(chain_of(1)[0].row.entry) == chain_of(1)[0].leaf


def test_changed_entry_of_a_lost_tree():
    """Where no root can decide, the entry is named, not its follower."""
    entries = chain_of(3)
    entries[1] = entry(1, previous=entries[0].leaf, base=7)
    chain = Chain([], no_root, tree_lost=True)
    found = chain.append(entries[1], entries[2], None, damaged=False)

    assert "ENTRY_CHANGED" == found.code.name
    assert (True, False) == (chain.confirmed, chain.blame_next)
