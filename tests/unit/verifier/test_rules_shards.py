"""Rules of maps and assignments (XEV-7)."""

import pytest

from tests.unit.verifier.rule_cases import ONE, TWO, A, B, C, apply, gathered, raw, tell
from verifier.doubt import Doubt
from verifier.rules.state import ShardMap

ASSIGNED = {"map_id": A, "record_id": A, "shard": 1, "slice": 2}


ASSIGNMENTS = [
    ({}, ""),
    ({"map_id": B}, "ASSIGNMENT XEV-7"),
    ({"shard": 2}, "ASSIGNMENT XEV-7"),
    ({"slice": 3}, "ASSIGNMENT XEV-7"),
    ({"record_id": C}, "ASSIGNMENT XEV-7"),
    ({"record_id": B}, "ASSIGNMENT XEV-7"),
]


@pytest.mark.parametrize(("changes", "told"), ASSIGNMENTS, ids=str)
def test_assignment(state, changes, told):
    """Of an accepted record, once in a map, to a place that the map has (XEV-7)."""
    tell(state, "shards.record_assigned", **ASSIGNED | {"record_id": B})

    assert told == tell(state, "shards.record_assigned", **ASSIGNED | changes)


@pytest.mark.parametrize(("changes", "told"), ASSIGNMENTS, ids=str)
def test_bulk_of_assignments(state, changes, told):
    """A bulk doubts exactly where one of its assignments is refused."""
    events = [ASSIGNED | {"record_id": B}, ASSIGNED | changes]
    gist = gathered(events, "shards.record_assigned")
    try:
        apply(state, gist, "shards.record_assigned")
    except Doubt:
        assert told
    else:
        assert not told
        rows = state.index.stock(map_number=0, shard=1, before=52)
        assert [(2, raw(ONE)), (2, raw(TWO))] == list(rows)
        rows = state.index.stock(map_number=0, shard=1, before=51)
        assert [(2, raw(TWO))] == list(rows)


def test_assignment_of_a_quarantined_record(state):
    """It is told from one that never was accepted (XEV-20)."""
    state.index.quarantine(raw(A))

    assert "QUARANTINE XEV-20" == tell(state, "shards.record_assigned", **ASSIGNED)


def test_map(state):
    """Each gets the next number, and is declared once (XEV-7)."""
    event = {"map_id": B, "shards": 5, "slices": 6}

    assert "" == tell(state, "shards.map_declared", **event)
    assert ShardMap(1, 5, 6) == state.maps[raw(B)]
    assert "ASSIGNMENT XEV-7" == tell(state, "shards.map_declared", **event)
