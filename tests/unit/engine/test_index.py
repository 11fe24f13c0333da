"""The tables of the index, plain and late, one question at a time."""

import sqlite3
from contextlib import closing

import pytest

from verifier.doubt import Doubt
from verifier.rules import index as index_module
from verifier.rules import late_index, placed, recent
from verifier.rules.index import Index
from verifier.rules.late_index import LateIndex
from verifier.rules.placed import Placed
from verifier.rules.recent import (
    Recent,
    pack_commitments,
    pack_nothing,
    pack_scans,
    unpack_commitments,
    unpack_scans,
)
from verifier.rules.register import Licence

A, B, C, D = (bytes([n]) * 16 for n in range(1, 5))
ALLOWED, RESERVED = ("allowed", A), ("reserved", B)
ONE, TWO = b"1" * 32, b"2" * 32


@pytest.fixture(params=[Index, LateIndex])
def index(request):
    """An empty index of either kind."""
    with closing(request.param()) as index:
        yield index


@pytest.fixture
def late():
    """An empty late index."""
    with closing(LateIndex()) as index:
        yield index


def row(record: bytes, *, map_=0, shard=0, slice_=0, at=1, commitment=ONE):
    """An assignment."""
    return record, map_, shard, slice_, at, commitment


def test_site(index):
    """It is new once, and there from then on, however often it is asked for."""
    assert [False, True, False, True, True, False] == [
        index.has_site(A),
        index.add_site(A),
        index.add_site(A),
        index.has_site(A),
        index.has_site(A),
        index.has_site(B),
    ]


def test_site_that_is_not_there(index):
    """Asking does not add it, so the second answer is the first."""
    assert [False, False] == [index.has_site(A), index.has_site(A)]


def test_sites_in_memory(index, monkeypatch):
    """No more sites than the limit are kept in memory, and none is lost."""
    monkeypatch.setattr(index_module, "_SITES_MAX", 2)
    for site in (A, B, C):
        index.add_site(site)
        assert index.has_site(site)

    assert {C} == index._sites
    assert all(map(index.has_site, (A, B, C)))


def test_scan(index):
    """It is new once; its status may change, not its being there."""
    assert index.add_scan(A, ALLOWED)
    assert not index.add_scan(A, RESERVED)
    assert ALLOWED == index.scan(A)
    index.set_scan(A, RESERVED)

    assert [RESERVED, None] == [index.scan(A), index.scan(B)]


def test_record(index):
    """It is new once, whether accepted or not; no other has a commitment."""
    assert index.add_record(A, ONE)
    assert index.add_record(B, b"")
    assert not index.add_record(A, TWO)

    assert [ONE, b"", b""] == list(map(index.commitment, (A, B, C)))
    assert [ONE, b"", b""] == index.commitments_of([A, B, C])


def test_assignment(index):
    """A record is assigned once in each map, and each attempt is counted."""
    assert index.assign(row(A))
    assert index.assign(row(A, map_=1))
    assert not index.assign(row(A, shard=1))

    assert 3 == index.assigned


def test_stock(index):
    """Earlier assignments of one map and shard, in order of the record."""
    index.assign_all(
        [
            row(C, slice_=2),
            row(A, slice_=1, at=4),
            row(B, commitment=TWO, at=5),
            row(D, shard=1),
            row(D, map_=1),
        ]
    )

    assert [(1, ONE), (2, ONE)] == list(index.stock(map_number=0, shard=0, before=5))
    assert [1, 0, 2] == [
        slice_ for slice_, _ in index.stock(map_number=0, shard=0, before=6)
    ]
    assert 5 == index.assigned


@pytest.mark.parametrize("forget", ["erase", "quarantine"])
def test_forgotten_record(index, forget):
    """Neither its commitment is there, nor its assignment, and it is counted."""
    index.add_records([A, B], [ONE, TWO])
    index.assign_all([row(A), row(B, commitment=TWO)])
    getattr(index, forget)(A)

    assert [b"", TWO, 1] == [index.commitment(A), index.commitment(B), index.gone]
    assert [(0, TWO)] == list(index.stock(map_number=0, shard=0, before=9))
    assert (forget == "quarantine") == index.is_quarantined(A)


def test_erased_record_is_not_quarantined(index):
    """An erasure goes further than a quarantine."""
    index.quarantine(A)
    index.erase(A)

    assert [False, 2] == [index.is_quarantined(A), index.gone]


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, [(1, 2)]),
        ({"slice_": 3}, [(1, 2)]),
        ({"slice_": 1}, []),
        ({"shard": 0}, []),
        ({"map_number": 1}, []),
        ({"run_at": 5}, []),
        ({"run_at": 6}, [(1, 2)]),
    ],
    ids=str,
)
def test_weights_that_saw_a_record(index, changes, seen):
    """Of its shard and map, its slice or one above, from a run that began later."""
    index.assign(row(A, shard=1, slice_=2, at=5))
    place = {"map_number": 0, "shard": 1, "slice_": 2, "at": 9, "run_at": 8} | changes
    index.weights.add(ONE, **place)

    assert seen == index.erase(A)
    assert bool(seen) == index.weights.is_tainted(ONE)


def test_deleted_weights_saw_nothing(index):
    """They are tainted, and no hit is asked for."""
    index.assign(row(A))
    index.weights.add(ONE, map_number=0, shard=0, slice_=0, at=9, run_at=8)
    index.weights.delete(ONE)
    index.weights.delete(ONE)

    assert [] == index.erase(A)
    assert index.weights.is_tainted(ONE)
    assert [True, False] == list(map(index.weights.is_deleted, (ONE, TWO)))


def test_newest_weights(index):
    """The last ones that were trained of a slice, None where there are none."""
    for at, weights in ((2, ONE), (3, TWO), (1, b"3" * 32)):
        index.weights.add(weights, map_number=0, shard=1, slice_=2, at=at, run_at=0)

    assert TWO == index.weights.newest(map_number=0, shard=1, slice_=2)
    assert None is index.weights.newest(map_number=0, shard=1, slice_=1)
    assert None is index.weights.newest(map_number=1, shard=1, slice_=2)


@pytest.mark.parametrize(
    ("shard", "first", "before", "expected"),
    [(1, 2, 6, ONE), (1, 1, 6, ONE), (1, 3, 6, None), (0, 2, 6, None), (1, 2, 5, None)],
)
def test_undeleted_weights(index, shard, first, before, expected):
    """Those of a shard's slices from one on, older than an event."""
    index.weights.add(ONE, map_number=0, shard=1, slice_=2, at=5, run_at=0)

    assert expected == index.weights.undeleted(
        shard=shard, slice_first=first, before=before
    )
    index.weights.delete(ONE)
    assert None is index.weights.undeleted(
        shard=shard, slice_first=first, before=before
    )


LICENCE = Licence(
    covers="content",
    permits=frozenset({"train"}),
    conditions=frozenset({"naming"}),
    jurisdictions=frozenset({"eu"}),
    sites=frozenset({A, B}),
    starts_at_ms=4,
    expires_at_ms=7,
)


def test_licence(index):
    """It is granted once and revoked once, and is as it was granted in between."""
    register = index.register

    assert not register.revoke(C)
    assert register.add_licence(C, LICENCE)
    assert not register.add_licence(C, LICENCE)
    assert LICENCE == register.licence(C)
    assert register.revoke(C)
    assert not register.revoke(C)
    assert None is register.licence(C)
    assert None is register.licence(D)


def test_licence_of_no_site(index):
    """It names none."""
    index.register.add_licence(C, LICENCE._replace(sites=frozenset()))

    assert frozenset() == index.register.licence(C).sites


def test_review(index):
    """It is new once."""
    assert index.register.add_review(A)
    assert not index.register.add_review(A)


def test_clearance(index):
    """The newest of a scan counts; one that was never cleared ended long ago."""
    index.register.clear(A, 9)
    index.register.clear(A, 7)

    assert (7, 0) == (index.register.cleared_until(A), index.register.cleared_until(B))


@pytest.mark.parametrize(
    "add",
    [
        lambda index, ids: index.add_scans(ids, [ALLOWED] * len(ids)),
        lambda index, ids: index.add_records(ids, [ONE] * len(ids)),
        lambda index, ids: index.assign_all([row(id_) for id_ in ids]),
    ],
    ids=["scans", "records", "assignments"],
)
@pytest.mark.parametrize("more", [[A, A], [B, C, A]], ids=["within", "before"])
def test_many_with_one_twice(index, add, more):
    """What is added twice, together or one after the other, is a reason to doubt."""
    if len(more) == 3:
        add(index, [A])

    with pytest.raises(Doubt):
        add(index, more)


def test_saved_index(index, tmp_path):
    """All is there again, with the note, and can be added to and saved once more."""
    index.add_site(A)
    index.add_scan(A, ALLOWED)
    index.add_record(A, ONE)
    index.assign(row(A))
    first, second = tmp_path / "first", tmp_path / "second"
    index.save(first, "a note")
    index.add_site(B)
    index.save(second, "another")
    found = []
    for path in (first, second):
        with closing(Index(path)) as saved:
            assert saved.has_site(A)
            assert ALLOWED == saved.scan(A)
            assert ONE == saved.commitment(A)
            assert not saved.assign(row(A))
            found.append((saved.note(), saved.has_site(B)))

    assert [("a note", False), ("another", True)] == found


def test_saved_index_moves(tmp_path):
    """A file that was begun with is the new one, and what was added is in it."""
    with closing(Index()) as index:
        index.save(tmp_path / "old", "")
    with closing(Index(tmp_path / "old")) as index:
        index.add_site(A)
        index.save(tmp_path / "new", "note")
        index.add_site(B)

    assert not (tmp_path / "old").exists()
    with closing(Index(tmp_path / "new")) as index:
        assert ("note", True) == (index.note(), index.has_site(A))


def test_note_of_a_new_index(index):
    """It has none."""
    assert "" == index.note()


def test_a_file_that_is_no_index(tmp_path):
    """It cannot be read, and is closed again."""
    path = tmp_path / "index"
    path.write_bytes(b"x" * 4096)

    with pytest.raises(sqlite3.Error):
        Index(path)


@pytest.fixture
def few(monkeypatch):
    """So little memory that all but the last ids are only written down."""
    monkeypatch.setattr(recent, "RECENT_MAX", 1)
    monkeypatch.setattr(placed, "_ROWS_MAX", 1)


def test_older_scan_is_there(few, late):
    """What is only written down is found, by sorting it all in."""
    late.add_scans([A, B, C], [ALLOWED, RESERVED, ALLOWED])
    late.add_scan(D, ALLOWED)
    late.add_scan(b"5" * 16, ALLOWED)

    assert [RESERVED, None] == late.scans([B, b"6" * 16])
    late.set_scan(A, RESERVED)
    assert RESERVED == late.scan(A)
    assert not late.add_scan(C, ALLOWED)


def test_older_scan_is_changed(few, late):
    """A review of what is only written down takes effect."""
    late.add_scan(A, ALLOWED)
    late.add_scan(B, ALLOWED)
    late.set_scan(A, RESERVED)

    assert [RESERVED, ALLOWED] == late.scans([A, B])


def test_older_record_is_there(few, late):
    """So is what records were accepted with."""
    for record, commitment in ((A, ONE), (B, b""), (C, TWO)):
        late.add_record(record, commitment)

    assert [ONE, b"", TWO, b""] == late.commitments_of([A, B, C, D])
    assert ONE == late.commitment(A)
    assert not late.add_record(A, ONE)


def test_older_assignment_is_there(few, late):
    """So is what was assigned, in its order."""
    for at, record in enumerate((C, A, B)):
        late.assign(row(record, slice_=at, at=at))

    assert [1, 2, 0] == [s for s, _ in late.stock(map_number=0, shard=0, before=9)]
    late.become_plain()
    late.become_plain()
    assert [1, 2, 0] == [s for s, _ in late.stock(map_number=0, shard=0, before=9)]
    assert not late.assign(row(A))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "add",
    [
        lambda late, id_: late.add_scan(id_, ALLOWED),
        lambda late, id_: late.add_record(id_, ONE),
        lambda late, id_: late.assign(row(id_)),
        lambda late, id_: late.assign(row(id_, map_=1)),
    ],
    ids=["scan", "record", "assigned", "assigned elsewhere"],
)
def test_older_id_again(few, late, add, plain):
    """Where it was only written down, the doubt comes in the end."""
    for id_ in (A, B, C, A):
        assert add(late, id_)

    with pytest.raises(Doubt):
        (late.become_plain if plain else late.settle)()


def test_nothing_is_left_to_settle(late):
    """The plain index has told before."""
    late.add_scan(A, ALLOWED)
    late.become_plain()
    late.settle()

    assert ALLOWED == late.scan(A)


@pytest.mark.parametrize(("count", "is_late"), [(2, True), (3, False)])
def test_number_of_maps(monkeypatch, late, count, is_late):
    """The newest ids of few maps are kept in memory; of more, all are sorted in."""
    monkeypatch.setattr(late_index, "_MAPS_MAX", 2)
    for number in range(count):
        assert late.assign(row(A, map_=number))

    assert is_late == late._is_late


@pytest.mark.parametrize(("count", "is_late"), [(2, True), (3, False)])
def test_assignments_that_are_put_in_order(few, monkeypatch, late, count, is_late):
    """Of a few, in memory; of more, by sorting them all in."""
    monkeypatch.setattr(late_index, "_SORTED_MAX", 2)
    for number in range(count):
        late.assign(row(bytes([number]) * 16))

    assert count == len(list(late.stock(map_number=0, shard=0, before=9)))
    assert is_late == late._is_late


@pytest.fixture
def database():
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(placed.SCHEMA)
        database.execute(recent.SCHEMA)
        yield database


def test_newest_ids(monkeypatch, database):
    """Between as many as the limit and twice as many are in memory."""
    monkeypatch.setattr(recent, "RECENT_MAX", 2)
    known = Recent(database, "kind", pack_commitments)
    held = []
    for id_ in (A, B, C, D, b"5" * 16):
        assert known.add({id_: ONE})
        held.append(len(known._new) + len(known._old))

    assert [1, 2, 3, 2, 3] == held
    assert [None, None, ONE] == known.get_all([A, B, C])
    assert not known.add({C: ONE})
    assert not known.add({b"5" * 16: ONE})
    assert [[A, B], [C, D], [b"5" * 16]] == [
        [id_ for id_, _ in part] for part in known.rows(unpack_commitments)
    ]


def test_only_what_is_not_written_is_replaced(monkeypatch, database):
    """Else the change would be lost."""
    monkeypatch.setattr(recent, "RECENT_MAX", 2)
    known = Recent(database, "kind", pack_commitments)
    known.add({A: ONE, B: ONE})
    known.add({C: ONE})

    assert [False, True] == [known.replace(A, TWO), known.replace(C, TWO)]
    assert [ONE, TWO] == known.get_all([A, C])


@pytest.mark.parametrize("compared", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "ids", [[0, 1 << 63], [1, (1 << 64) - 1, 1 << 62], []], ids=len
)
def test_distinct_ids(monkeypatch, database, compared, ids):
    """Ids all over the range differ, in however many parts they are compared."""
    monkeypatch.setattr(recent, "COMPARED_MAX", compared)
    known = Recent(database, "kind", pack_nothing)
    known.add({n.to_bytes(8, "little") + bytes(8): None for n in ids})

    assert None is known.check_distinct()


@pytest.mark.parametrize("compared", [1, 2, 100])
@pytest.mark.parametrize("number", [0, 5, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_ids_that_begin_alike(monkeypatch, database, compared, number):
    """They are left to the plain pass, wherever in the range they are."""
    monkeypatch.setattr(recent, "COMPARED_MAX", compared)
    known = Recent(database, "kind", pack_nothing)
    first = number.to_bytes(8, "little")
    known.add({first + bytes(8): None, first + b"x" * 8: None, b"y" * 16: None})

    with pytest.raises(Doubt):
        known.check_distinct()


def test_ids_that_end_alike(database):
    """Only the first 8 bytes are compared."""
    known = Recent(database, "kind", pack_nothing)
    known.add({bytes(16): None, b"\x01" + bytes(15): None})

    assert None is known.check_distinct()


@pytest.mark.parametrize(("count", "is_doubtful"), [(4, False), (5, True)])
def test_ids_in_one_part(monkeypatch, database, count, is_doubtful):
    """Twice as many as are compared at a time may fall into a part, and no more."""
    monkeypatch.setattr(recent, "COMPARED_MAX", 2)
    known = Recent(database, "kind", pack_nothing)
    known.add({n.to_bytes(8, "little") + bytes(8): None for n in range(count)})
    try:
        known.check_distinct()
    except Doubt:
        assert is_doubtful
    else:
        assert not is_doubtful


def test_ids_of_other_kinds(monkeypatch, database):
    """The same id may be of two kinds."""
    monkeypatch.setattr(recent, "RECENT_MAX", 1)
    for name in ("one", "other"):
        known = Recent(database, name, pack_nothing)
        known.add({A: None})

    assert None is known.check_distinct()


def test_packed_values():
    """What is joined comes apart again."""
    statuses = ("allowed", "reserved", "unknown", "clearable", "cleared")
    scans = [(status, site) for status in statuses for site in (A, B)]
    commitments = [ONE, b"", bytes(32), TWO]

    assert scans == list(unpack_scans(pack_scans(scans)))
    assert commitments == list(unpack_commitments(pack_commitments(commitments)))
    assert b"" == pack_nothing([None])


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_placed_rows(monkeypatch, database, most):
    """All of them are there, in memory or written down, at whichever number."""
    monkeypatch.setattr(placed, "_ROWS_MAX", most)
    known = Placed(database)
    rows = [row(C), row(A, slice_=3, at=7), row(B, shard=1), row(D, map_=1)]
    for one in rows:
        known.add([one])

    assert sorted(rows) == sorted(one for part in known.assignments() for one in part)
    assert [(A, 3, 7, ONE), (C, 0, 1, ONE)] == known.stock(0, 0)
    assert [(B, 0, 1, ONE)] == known.stock(0, 1)
    assert [] == known.stock(5, 5)


def test_placed_rows_are_written_in_time(monkeypatch, database):
    """As soon as the limit is reached, and then counted from the beginning."""
    monkeypatch.setattr(placed, "_ROWS_MAX", 3)
    known, written = Placed(database), []
    for number in range(7):
        known.add([row(bytes([number]) * 16)])
        written.append(known.counts[0, 0])

    assert [0, 0, 3, 3, 3, 6, 6] == written


def test_stock_does_not_change_what_is_placed(database):
    """Asked twice, it says the same."""
    known = Placed(database)
    known.add([row(B), row(A)])

    assert known.stock(0, 0) == known.stock(0, 0)
    assert [[row(B), row(A)]] == list(known.assignments())
