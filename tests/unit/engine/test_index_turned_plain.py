"""A late index that became the plain one: all is added and found as in that one."""

from contextlib import closing

import pytest

from verifier.doubt import Doubt
from verifier.rules.late_index import LateIndex

A, B, ONE = b"a" * 16, b"b" * 16, b"1" * 32
ALLOWED = ("allowed", A)


@pytest.fixture
def index():
    """It knew one id of each kind before."""
    with closing(LateIndex()) as index:
        index.add_scan(A, ALLOWED)
        index.add_record(A, ONE)
        index.assign(assignment(A))
        index.become_plain()
        yield index


def assignment(record: bytes):
    return record, 0, 0, 0, 1, ONE


def test_many_are_added(index):
    """They are there, beside what was there before."""
    index.add_scans([B], [ALLOWED])
    index.add_records([B], [ONE])
    index.assign_all([assignment(B)])

    assert [ALLOWED, ALLOWED] == index.scans([A, B])
    assert [ONE, ONE] == index.commitments_of([A, B])
    assert 2 == len(list(index.stock(map_number=0, shard=0, before=9)))
    assert 2 == index.assigned


@pytest.mark.parametrize(
    "add",
    [
        lambda index: index.add_scans([A], [ALLOWED]),
        lambda index: index.add_records([A], [ONE]),
        lambda index: index.assign_all([assignment(A)]),
    ],
    ids=["scans", "records", "assignments"],
)
def test_many_with_one_of_before(index, add):
    """An id of before is a reason to doubt."""
    with pytest.raises(Doubt):
        add(index)


def test_one_of_before(index):
    """Added alone it is not new; another one is."""
    assert [False, True] == [index.add_scan(one, ALLOWED) for one in (A, B)]
    assert [False, True] == [index.add_record(one, ONE) for one in (A, B)]
    assert [False, True] == [index.assign(assignment(one)) for one in (A, B)]


def test_scan_is_changed(index):
    """Its new status is the one that is found."""
    index.set_scan(A, ("reserved", B))

    assert ("reserved", B) == index.scan(A)
