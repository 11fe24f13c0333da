"""Judging anchors one by one: who counts, when, and for which checkpoint."""

from types import SimpleNamespace

import pytest

from tests.tamper.anchoring import TimeAuthority, Witness
from tests.unit.levels.office import small_ledger
from verifier.format.tlog_policy import parse_policy
from verifier.trust.anchors import (
    Anchor,
    Cover,
    Judge,
    cover_of_stamps,
    cover_of_witnesses,
    dated_checkpoints,
    judge_checkpoint,
)

WITNESSES = [Witness(f"w{n}.example.net") for n in range(3)]
NAMED = "".join(f"witness w{n} {one.vkey}\n" for n, one in enumerate(WITNESSES))
TWO = parse_policy(f"{NAMED}group two 2 w0 w1 w2\nquorum two\n".encode())
NONE = parse_policy(f"{NAMED}quorum none\n".encode())
LEDGER = small_ledger()
NOTE = LEDGER.checkpoints[3]
AT_MS = 1_790_000_100_000


def said(number, size, at_ms):
    """A cosignature of a witness."""
    one = WITNESSES[number].key
    return Anchor("witness", size, at_ms, one.name, one.public)


def stamped(who, key, size, at_ms):
    """A time stamp."""
    return Anchor("timestamp", size, at_ms, who, key.encode())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], None),
        ([(0, 5, 10)], None),
        ([(0, 5, 10), (0, 5, 20)], None),
        ([(0, 5, 10), (1, 6, 20)], None),
        ([(0, 5, 10), (1, 5, 20)], (5, 10, "01")),
        ([(0, 5, 10), (1, 5, 20), (2, 5, 30)], (5, 20, "012")),
        ([(0, 5, 10), (1, 5, 20), (0, 5, 30)], (5, 20, "01")),
        ([(0, 5, 10), (1, 5, 20), (0, 6, 5), (2, 6, 6)], (6, 5, "02")),
        ([(0, 5, 10), (1, 5, 20), (0, 6, 30)], (5, 10, "01")),
    ],
    ids=["none", "one", "one twice", "two sizes", "two", "three", "one again",
         "a newer checkpoint", "a newer one of too few"],
)  # fmt: skip
def test_cover_of_witnesses(given, expected):
    """The newest checkpoint with a quorum, at the newest time at which it was one."""
    found = cover_of_witnesses([said(*one) for one in given], TWO)
    if expected is not None:
        size, at_ms, who = expected
        names = tuple(f"w{n}.example.net" for n in who)
        expected = Cover(size, at_ms, names)

    assert expected == found


def test_keys_that_are_left_out():
    """A key of the ledger does not count, nor does a time stamp."""
    given = [said(0, 5, 10), said(1, 5, 20), stamped("a", "k", 5, 30)]
    own = {WITNESSES[0].key.public}

    assert cover_of_witnesses(given, TWO, own) is None
    assert ("w0.example.net", "w1.example.net") == cover_of_witnesses(given, TWO).who
    assert [(5, 30)] == list(dated(given, TWO, own))
    assert [(5, 30), (5, 20)] == list(dated(given, TWO))


def test_a_quorum_of_nobody():
    """`quorum none` covers nothing and dates nothing."""
    given = [said(0, 5, 10), said(1, 5, 20)]

    assert cover_of_witnesses(given, NONE) is None
    assert [] == list(dated(given, NONE))


def dated(given, quorum, excluded=()):
    """The dated checkpoints under a quorum; None for a policy without witnesses."""
    demand = SimpleNamespace(policy=quorum) if quorum else None
    return dated_checkpoints(given, SimpleNamespace(witnesses=demand), excluded)


def test_what_dates_a_checkpoint():
    """Each stamp by itself; a quorum at the earliest time at which it was met."""
    given = [
        stamped("a", "k", 4, 7),
        said(2, 6, 1),
        said(0, 5, 30),
        said(1, 5, 20),
        said(2, 5, 25),
        stamped("b", "l", 3, 9),
    ]

    assert [(4, 7), (3, 9), (5, 25)] == list(dated(given, TWO))
    assert [(4, 7), (3, 9)] == list(dated(given, None))


@pytest.mark.parametrize(
    ("given", "minimum", "expected"),
    [
        ([], 1, None),
        ([("a", "k", 5, 10)], 1, (5, 10)),
        ([("a", "k", 5, 10), ("a", "k", 5, 20)], 1, (5, 20)),
        ([("a", "k", 5, 10), ("a", "k", 5, 20)], 2, None),
        ([("a", "k", 5, 10), ("a", "l", 5, 20)], 2, None),
        ([("a", "k", 5, 10), ("b", "k", 5, 20)], 2, None),
        ([("a", "k", 5, 10), ("b", "l", 6, 20)], 2, None),
        ([("a", "k", 5, 10), ("b", "l", 5, 20)], 2, (5, 10)),
        ([("a", "k", 5, 10), ("b", "l", 5, 20), ("c", "m", 5, 30)], 2, (5, 20)),
        ([("a", "k", 5, 10), ("b", "l", 6, 5)], 1, (6, 5)),
    ],
    ids=["none", "one", "newest of one", "one twice", "two keys of a name",
         "two names of a key", "two sizes", "two", "three", "a newer checkpoint"],
)  # fmt: skip
def test_cover_of_stamps(given, minimum, expected):
    """Signers differ in key and in name; the newest checkpoint with enough counts."""
    demand = SimpleNamespace(minimum=minimum)
    found = cover_of_stamps([said(0, 9, 1), *(stamped(*one) for one in given)], demand)

    assert expected == (found and (found.size, found.at_ms))


def test_everybody_who_spoke_is_named():
    """All signers over the checkpoint, in the order of their names, as plain text."""
    given = [stamped("b\u202e", "k", 5, 10), stamped("a", "l", 5, 20)]
    demand = SimpleNamespace(minimum=1)

    assert ("a", "b\\u202e") == cover_of_stamps(given, demand).who


def judge(*, skew_ms=0, now_ms=AT_MS, stamps=True):
    """A judge under a policy of two witnesses of three and one authority."""
    witnesses = SimpleNamespace(policy=TWO)
    policy = SimpleNamespace(witnesses=witnesses, timestamps=None, skew_ms_max=skew_ms)
    return Judge(policy, now_ms, can_read_stamps=stamps)


def test_anchors_of_one_checkpoint():
    """Each line and token by itself: accepted, ignored, or found with its place."""
    known, stranger = WITNESSES[0].line(NOTE, AT_MS), Witness("x").line(NOTE, AT_MS)
    other = WITNESSES[1].line(LEDGER.checkpoints[2], AT_MS)
    token = TimeAuthority().stamp(NOTE, AT_MS)
    asked = judge()
    found = judge_checkpoint(
        asked, NOTE, 3, lines=[known, b"no line", stranger, stranger, other],
        tokens=[token, b"no token", token],
    )  # fmt: skip

    assert ["cosignature 2", "cosignature 5", "timestamp 2"] == [
        one.where for one in found
    ]
    assert {"witness": 2, "timestamp": 2} == asked.ignored
    assert [
        {
            "kind": "witness",
            "number": 1,
            "size": 3,
            "at_ms": AT_MS,
            "who": "w0.example.net",
            "key": WITNESSES[0].key.public.hex(),
        }
    ] == [one.as_dict() for one in asked.accepted]


@pytest.mark.parametrize(
    ("late_ms", "accepted"), [(0, 1), (5000, 1), (6000, 0)], ids=["now", "skew", "past"]
)
def test_the_future(late_ms, accepted):
    """An anchor may be as far ahead of the reader's clock as the skew bound."""
    asked = judge(skew_ms=5000)
    line = WITNESSES[0].line(NOTE, AT_MS + late_ms)
    asked.cosignature(line, NOTE.partition(b"\n\n")[0] + b"\n", 3, 7)

    assert accepted == len(asked.accepted)
    assert ([] if accepted else ["witness 7 of w0.example.net"]) == asked.future


def test_without_a_policy_shapes_are_checked():
    """Nobody is known, so everybody is ignored; a malformed anchor is found."""
    asked = Judge(None, AT_MS, can_read_stamps=True)
    lines = [WITNESSES[0].line(NOTE, AT_MS), b"no line"]
    tokens = [TimeAuthority().stamp(NOTE, AT_MS), b"no token"]
    found = judge_checkpoint(asked, NOTE, 3, lines=lines, tokens=tokens)

    assert ["LV606", "LV606"] == [one.code.value for one in found]
    assert ({"witness": 1, "timestamp": 1}, []) == (asked.ignored, asked.accepted)
