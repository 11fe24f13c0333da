"""producers.placement.cap: which linking record is held back."""

import pytest

from ledger.ports import UnitRecord
from producers.placement.cap import held_back


def record(record_id, *subjects, size=10, duplicates="", shard=None):
    return UnitRecord(
        record_id=record_id,
        subjects=subjects,
        size=size,
        hazard="personal",
        duplicates=duplicates,
        shard=shard,
    )


@pytest.mark.parametrize(
    ("expected", "records"),
    [
        ([], [record("a", "s", size=500)]),
        ([], [record("a", "s", size=50), record("b", "s", size=60)]),
        ([], [record("a", "s", size=40), record("b", "t", size=40)]),
        (
            ["c"],
            [
                record("a", "s", size=50),
                record("b", "t", size=50),
                record("c", "s", "t", size=1),
            ],
        ),
        (
            [],
            [
                record("a", "s", size=50),
                record("b", "t", size=49),
                record("c", "s", "t", size=1),
            ],
        ),
        (
            ["d"],
            [
                record("a", "s", size=90),
                record("c", "s", "t", size=10),
                record("d", "t", "u", size=1),
            ],
        ),
        (
            ["b"],
            [
                record("a", size=60, duplicates="x"),
                record("b", size=60, duplicates="x"),
            ],
        ),
        (
            ["b"],
            [
                record("b", "s", "t", "u", size=60),
                record("c", "s", "t", size=60),
            ],
        ),
        (
            [],
            [
                record("a", "s", size=90, shard=0),
                record("b", "s", "t", size=90, shard=0),
            ],
        ),
        (
            ["c"],
            [
                record("a", "s", "t", size=200, shard=0),
                record("c", "t", "u", size=1),
                record("d", "s", size=1),
            ],
        ),
    ],
    ids=[
        "one-large-record",
        "one-large-person",
        "no-link",
        "link-past-the-cap",
        "link-up-to-the-cap",
        "first-id-links-first",
        "second-of-a-text",
        "more-links-later",
        "placed-is-a-fact",
        "placed-counts",
    ],
)
def test_held_back(expected, records):
    """Of 100 bytes at most: links past it are held back, persons never."""
    assert expected == held_back(records, cap_bytes=100)
    assert expected == held_back(records[::-1], cap_bytes=100)


def test_near_duplicates_link():
    """A record near a heavy cluster is held back as well."""
    records = [record("a", "s", size=90), record("b", "t", size=20)]
    near = {"a": ("1",), "b": ("1", "2")}

    assert ["b"] == held_back(records, cap_bytes=100, near=near)
