"""The late index answers as the plain one, or doubts; it never misses a second id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.doubt import Doubt
from verifier.rules import late_index, placed, recent
from verifier.rules.index import Index
from verifier.rules.late_index import LateIndex

IDS = st.integers(0, 11).map(lambda n: n.to_bytes(8, "big") + bytes(8))
COMMITMENTS = st.sampled_from([b"", bytes(32), b"\x01" * 32])
SCANS = st.tuples(
    st.sampled_from(["allowed", "reserved", "unknown", "clearable", "cleared"]),
    st.sampled_from([bytes(16), b"\x01" * 16]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add_scan"), IDS, SCANS),
        st.tuples(st.just("scan"), IDS),
        st.tuples(st.just("set_scan"), IDS, SCANS),
        st.tuples(st.just("add_record"), IDS, COMMITMENTS),
        st.tuples(st.just("commitment"), IDS),
        st.tuples(st.just("erase"), IDS),
        st.tuples(st.just("quarantine"), IDS),
        st.tuples(st.just("is_quarantined"), IDS),
        st.tuples(
            st.just("assign"),
            st.tuples(
                IDS,
                st.integers(0, 1),
                st.integers(0, 1),
                st.integers(0, 2),
                st.integers(0, 9),
                st.just(b"\x02" * 32),
            ),
        ),
        st.tuples(st.just("stock"), st.integers(0, 1), st.integers(0, 1)),
    ),
    max_size=30,
)
# A pass ends where one of these answers False: something is added a second time.
ADDS = ("add_scan", "add_record", "assign")


def play(index: Index, steps) -> list | None:
    """The answers to all steps; None where something was added twice, or in doubt."""
    answers = []
    try:
        for name, *values in steps:
            if name == "stock":
                map_, shard = values
                answer = list(index.stock(map_number=map_, shard=shard, before=5))
            else:
                answer = getattr(index, name)(*values)
            if name in ADDS and not answer:
                return None
            answers.append(answer)
        if isinstance(index, LateIndex):
            index.settle()
    except Doubt:
        return None
    finally:
        index.close()
    return answers


@given(steps=STEPS, few=st.integers(1, 4), compared=st.integers(1, 4))
def test_answers_are_those_of_the_plain_index(steps, few, compared):
    """Whatever is asked, in whatever order, however little stays in memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent, "RECENT_MAX", few)
        patch.setattr(recent, "COMPARED_MAX", compared)
        patch.setattr(placed, "_ROWS_MAX", few)
        patch.setattr(late_index, "_SORTED_MAX", few)
        patch.setattr(late_index, "_MAPS_MAX", few - 1)
        late = play(LateIndex(), steps)
    plain = play(Index(), steps)

    # Where so few may be compared at a time, it often doubts for nothing.
    assert late is None or plain == late


@given(steps=STEPS)
def test_no_doubt_for_nothing(steps):
    """With room in memory, the late index doubts only where the plain one refuses."""
    assert play(Index(), steps) == play(LateIndex(), steps)


@given(numbers=st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=40))
def test_different_ids_are_no_reason_to_doubt(numbers):
    """Ids that differ in their first 8 bytes settle, in memory or written down."""
    ids = [n.to_bytes(8, "little") + bytes(8) for n in numbers]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent, "RECENT_MAX", 3)
        index = LateIndex()
        for id_ in ids:
            index.add_scan(id_, ("allowed", bytes(16)))
        index.settle()
        index.close()


def test_crowded_part_is_a_reason_to_doubt(monkeypatch):
    """Ids made to fall into one part of the range do not fill the memory."""
    monkeypatch.setattr(recent, "COMPARED_MAX", 4)
    index = LateIndex()
    for n in range(40):
        index.add_scan(n.to_bytes(8, "little") + bytes(8), "allowed")

    with pytest.raises(Doubt):
        index.settle()
    index.close()


ONE, TWO = b"1" * 16, b"2" * 16
MARK = b"\x02" * 32


@pytest.mark.parametrize(
    "step",
    [
        ("add_scan", ONE, "allowed"),
        ("add_record", ONE, MARK),
        ("assign", (ONE, 0, 1, 2, 9, MARK)),
    ],
    ids=lambda step: step[0],
)
def test_second_id_is_never_missed(step):
    """What is added twice ends the pass, though something lies between."""
    between = (step[0], *((TWO, *step[1][1:]),)) if step[0] == "assign" else None
    steps = [step, between or (step[0], TWO, *step[2:]), step]

    assert play(LateIndex(), steps[:2]) is not None
    assert play(LateIndex(), steps) is None


def test_what_was_written_is_there_again(monkeypatch):
    """With room for few ids in memory, all are known once they are sorted in."""
    monkeypatch.setattr(recent, "RECENT_MAX", 2)
    monkeypatch.setattr(placed, "_ROWS_MAX", 1)
    ids = [b"%016d" % number for number in range(5)]
    steps = [("add_record", id_, bytes([n]) * 32) for n, id_ in enumerate(ids, 1)]
    steps.insert(0, ("add_record", TWO, b""))
    steps += [("assign", (id_, 0, 1, n, n, MARK)) for n, id_ in enumerate(ids)]
    steps += [("erase", ids[2]), ("commitment", ids[0]), ("stock", 0, 1)]
    late = play(LateIndex(), steps)

    assert play(Index(), steps) == late
    assert b"\x01" * 32 == late[-2]
    assert [(n, MARK) for n in (0, 1, 3, 4)] == late[-1]
