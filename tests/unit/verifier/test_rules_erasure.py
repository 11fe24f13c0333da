"""Rules of erasures: what they refuse, and what they leave behind (XEV-13 to 17)."""

from dataclasses import fields

import pytest

from tests.unit.verifier.rule_cases import (
    ONE,
    TWO,
    A,
    B,
    C,
    add_weights,
    begin_erasure,
    begin_run,
    raw,
    tell,
)
from verifier.rules.state import Erasure, History, Run

STAGES = (
    "requested",
    "planned",
    "records_erased",
    "rolled_back",
    "keys_destroyed",
    "shard_retrained",
    "weights_deleted",
    "verified",
    "certified",
)


DETAILS = {
    "requested": {"due_at_ms": 9},
    "planned": {"records": 1, "hits": [], "whole": []},
    "records_erased": {"record_ids": [A]},
    "rolled_back": {"weights_sha256": ""},
    "keys_destroyed": {},
    "weights_deleted": {"weights": []},
    "verified": {"records_readable": 0, "blobs_left": 0, "residue": 0},
    "certified": {},
}


def test_erasure_is_requested_once(state):
    """It begins with nothing planned or done (XEV-13)."""
    nothing = (0, None, {}, 0, None, False, set(), False, set())
    nothing = (*nothing, 9, False, False, False, False)

    assert "" == tell(state, "erasure.requested", erasure_id=A, due_at_ms=9)
    assert nothing == tuple(
        getattr(state.erasures[raw(A)], field.name) for field in fields(Erasure)
    )
    again = tell(state, "erasure.requested", erasure_id=A, due_at_ms=9)
    assert "ERASURE_ORDER XEV-13" == again


@pytest.mark.parametrize("name", [name for name in DETAILS if name != "requested"])
def test_stage_of_no_erasure(state, name):
    """Each follows a request (XEV-13)."""
    assert "ERASURE_ORDER XEV-13" == tell(
        state, f"erasure.{name}", erasure_id=A, **DETAILS[name]
    )


@pytest.mark.parametrize("name", DETAILS)
@pytest.mark.parametrize("stage", range(9))
def test_order_of_stages(state, name, stage):
    """Nothing goes back; a plan and a certificate come once (XEV-13)."""
    begin_erasure(state, stage=stage, hits={}, keys_destroyed=True, verified_clean=True)
    if name == "keys_destroyed":
        state.erasures[raw(A)].records_erased = 1
    place = STAGES.index(name)
    is_once = name in ("planned", "certified")
    is_late = name == "requested" or place < stage or (is_once and place == stage)
    told = tell(state, f"erasure.{name}", erasure_id=A, **DETAILS[name])

    assert ("ERASURE_ORDER XEV-13" if is_late else "") == told
    assert (stage if is_late else place) == state.erasures[raw(A)].stage


@pytest.mark.parametrize("name", [n for n in DETAILS if n not in STAGES[:2]])
def test_stage_before_the_plan(state, name):
    """Nothing is done without a plan (XEV-13)."""
    begin_erasure(state, stage=0, records_planned=None)

    assert "ERASURE_ORDER XEV-13" == tell(
        state, f"erasure.{name}", erasure_id=A, **DETAILS[name]
    )


def test_plan(state):
    """It says how many records, and the first slice of each shard that is hit."""
    erasure = begin_erasure(state, stage=0, records_planned=None, hits={})
    hits = [{"shard": 1, "slice_first": n} for n in (2, 1, 3)]
    hits.append({"shard": 0, "slice_first": 4})
    plan = {"records": 7, "hits": hits, "whole": []}
    told = tell(state, "erasure.planned", erasure_id=A, **plan)

    assert ("", 7, {0: 4, 1: 1}) == (told, erasure.records_planned, erasure.hits)


def test_time_of_an_erasure(state):
    """It is that of its first event that erased something."""
    erasure = begin_erasure(state, records_planned=2, hits={})
    tell(state, "erasure.records_erased", 70, erasure_id=A, record_ids=[A])
    tell(state, "erasure.records_erased", 80, erasure_id=A, record_ids=[B])

    assert "" == tell(state, "erasure.keys_destroyed", 90, erasure_id=A)
    assert (70, 2, True) == (
        erasure.erased_at,
        erasure.records_erased,
        erasure.keys_destroyed,
    )


def test_time_of_an_erasure_of_no_record(state):
    """It is that of the destruction of its keys."""
    erasure = begin_erasure(state, records_planned=0, hits={})

    assert "" == tell(state, "erasure.keys_destroyed", 90, erasure_id=A)
    assert 90 == erasure.erased_at


@pytest.mark.parametrize(("record", "told"), [(A, ""), (C, "RECORDS_ERASED XEV-14")])
def test_record_is_erased(state, record, told):
    """Only an accepted one, and only once (XEV-14)."""
    begin_erasure(state, hits={})
    event = {"erasure_id": A, "record_ids": [record]}

    assert told == tell(state, "erasure.records_erased", **event)
    assert "RECORDS_ERASED XEV-14" == tell(state, "erasure.records_erased", **event)


def test_quarantined_record_is_erased(state):
    """It has no commitment any more, and is erased all the same (XEV-14)."""
    begin_erasure(state, hits={})
    state.index.quarantine(raw(A))

    assert "" == tell(state, "erasure.records_erased", erasure_id=A, record_ids=[A])


@pytest.mark.parametrize(
    ("hits", "told"),
    [
        ({1: 1}, ""),
        ({1: 0}, ""),
        ({1: 2}, "RECORDS_ERASED XEV-14"),
        ({0: 0}, "RECORDS_ERASED XEV-14"),
    ],
)
def test_hits_of_an_erased_record(state, hits, told):
    """The plan hits the slice of each of its assignments, or one below (XEV-14)."""
    begin_erasure(state, hits=hits)
    state.index.assign((raw(A), 0, 1, 1, 5, raw(ONE)))
    add_weights(state, TWO, shard=1, slice_=1)

    assert told == tell(state, "erasure.records_erased", erasure_id=A, record_ids=[A])


def test_keys_are_destroyed_after_all_records(state):
    """Not before the last one of the plan (XEV-14)."""
    begin_erasure(state)

    assert "RECORDS_ERASED XEV-14" == tell(
        state, "erasure.keys_destroyed", erasure_id=A
    )


@pytest.mark.parametrize(
    ("counts", "is_clean"),
    [
        ((0, 0, 0), True),
        ((1, 0, 0), False),
        ((0, 1, 0), False),
        ((0, 0, 1), False),
    ],
    ids=["clean", "readable", "left", "residue"],
)
def test_check_of_an_erasure(state, counts, is_clean):
    """Clean is where nothing is readable, left or found; the newest one counts."""
    erasure = begin_erasure(state, verified_clean=not is_clean)
    readable, left, residue = counts
    tell(
        state,
        "erasure.verified",
        erasure_id=A,
        records_readable=readable,
        blobs_left=left,
        residue=residue,
    )

    assert is_clean == erasure.verified_clean


def retrain(state: History, **changes) -> Run:
    values = {"purpose": "retrain", "erasure_id": raw(A), "ended": "run_finished"}
    run = begin_run(state, **values | changes)
    run.adapters = {1: raw(TWO)}
    run.by_slice = {(0, 1): [1, 1], (1, 0): [2, 20], (1, 2): [3, 300]}
    return run


@pytest.mark.parametrize(
    ("changes", "more", "told"),
    [
        ({}, {}, ""),
        ({}, {"tokens": 319}, "SHARD_RETRAINED XEV-16"),
        ({}, {"tokens": 321}, "SHARD_RETRAINED XEV-16"),
        ({}, {"run_id": B}, "SHARD_RETRAINED XEV-16"),
        ({}, {"shard": 0, "tokens": 1}, "SHARD_RETRAINED XEV-16"),
        ({}, {"weights_after_sha256": ONE}, "SHARD_RETRAINED XEV-16"),
        ({"ended": ""}, {}, "SHARD_RETRAINED XEV-16"),
        ({"ended": "run_failed"}, {}, "SHARD_RETRAINED XEV-16"),
        ({"purpose": "train"}, {}, "SHARD_RETRAINED XEV-16"),
        ({"erasure_id": raw(B)}, {}, "SHARD_RETRAINED XEV-16"),
    ],
    ids=str,
)
def test_retrained_shard(state, changes, more, told):
    """By a finished retraining of this erasure, with its tokens (XEV-16)."""
    erasure = begin_erasure(state)
    retrain(state, **changes)
    event = {"erasure_id": A, "run_id": A, "shard": 1, "tokens": 320}
    event |= {"weights_after_sha256": TWO} | more

    assert told == tell(state, "erasure.shard_retrained", **event)
    assert {event["shard"]} == erasure.retrained


@pytest.mark.parametrize("how", ["deleted", "tainted"])
def test_weights_that_must_not_be_used(state, how):
    """What is deleted or saw an erased record is neither served nor trained on."""
    if how == "deleted":
        state.index.weights.delete(raw(TWO))
    else:
        state.index.assign((raw(B), 0, 0, 0, 5, raw(TWO)))
        add_weights(state, TWO)
        state.index.erase(raw(B))
    begin_erasure(state, stage=3)
    retrain(state)
    back = {"erasure_id": A, "weights_sha256": TWO}
    after = {"erasure_id": A, "run_id": A, "shard": 1, "tokens": 320}

    assert ["WEIGHTS_DELETED XEV-17"] * 2 == [
        tell(state, "erasure.rolled_back", **back),
        tell(state, "erasure.shard_retrained", weights_after_sha256=TWO, **after),
    ]


def test_deleted_weights(state):
    """All that the event lists are deleted, and no others."""
    begin_erasure(state)
    tell(state, "erasure.weights_deleted", erasure_id=A, weights=[ONE])

    assert [True, False] == [
        state.index.weights.is_deleted(raw(one)) for one in (ONE, TWO)
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"keys_destroyed": False}, "CERTIFICATE XEV-15"),
        ({"verified_clean": False}, "CERTIFICATE XEV-15"),
        ({"retrained": set()}, "CERTIFICATE XEV-15"),
        ({"retrained": {0, 1}}, "CERTIFICATE XEV-15"),
        ({"hits": {1: 0}}, "CERTIFICATE XEV-15"),
        ({"hits": {1: 1, 0: 0}, "retrained": {0, 1}}, ""),
        ({"erased_at": 21}, ""),
        ({"erased_at": 31}, "CERTIFICATE XEV-15"),
        ({"whole": {raw(ONE)}}, "CERTIFICATE XEV-15"),
        ({"whole": {raw(TWO)}}, ""),
    ],
    ids=str,
)
def test_certificate(state, changes, told):
    """Keys destroyed, shards retrained, old weights deleted, and a clean check."""
    values = {"keys_destroyed": True, "verified_clean": True, "retrained": {1}}
    begin_erasure(state, **values | {"erased_at": 30} | changes)
    add_weights(state, ONE, shard=1, slice_=0)
    add_weights(state, TWO, shard=1, slice_=1)
    add_weights(state, "33" * 32, shard=1, slice_=1, at=30)
    state.index.weights.delete(raw(TWO))

    assert told == tell(state, "erasure.certified", erasure_id=A)


def test_whole_models_of_a_plan(state):
    """Their weights saw an erased record: nobody trains from them any more (XEV-17)."""
    erasure = begin_erasure(state, stage=0, records_planned=None, hits={})
    whole = [{"run_id": A, "weights_sha256": ONE, "tokens": 7}]
    plan = {"records": 1, "hits": [], "whole": whole}

    assert "" == tell(state, "erasure.planned", erasure_id=A, **plan)
    assert {raw(ONE)} == erasure.whole
    for weights, told in ((ONE, "WEIGHTS_DELETED XEV-17"), (TWO, "")):
        back = {"erasure_id": A, "weights_sha256": weights}
        assert told == tell(state, "erasure.rolled_back", **back)
