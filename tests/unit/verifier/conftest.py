"""A history for the tests of the verifier's rules."""

from contextlib import closing

import pytest

from tests.unit.verifier.rule_cases import (
    CLOSED,
    LISTED,
    ONE,
    OPEN,
    POLICY,
    RESEARCH,
    TWO,
    A,
    B,
    add_scan,
    raw,
)
from verifier.rules.index import Index
from verifier.rules.state import History, Policy, ShardMap


@pytest.fixture
def state():
    """A policy, two accepted records of a map with two shards and three slices.

    Another policy is for research; of two reserved scans one is of a closed page, and
    another one is of a site on a list of piracy sites.
    """
    with closing(Index()) as index:
        state = History(index)
        state.policies[POLICY] = Policy(frozenset({"eu", "uk"}), "commercial")
        state.maps[raw(A)] = ShardMap(0, 2, 3)
        index.add_site(raw(A))
        state.policies[RESEARCH] = Policy(frozenset({"eu", "uk"}), "research")
        scans = {A: "allowed", OPEN: "reserved", CLOSED: "reserved", LISTED: "piracy"}
        for at, (scan, status) in enumerate(scans.items(), 1):
            add_scan(state, scan, status, at=at)
        index.close_scans([raw(CLOSED)])
        index.add_record(raw(A), raw(ONE))
        index.add_record(raw(B), raw(TWO))
        yield state
