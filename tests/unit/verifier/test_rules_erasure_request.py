"""Rules of requests: extended, restricted, refused, and what goes beside (XEV-13)."""

import pytest

from tests.unit.verifier.rule_cases import A, begin_erasure, raw, tell

ORDER = "ERASURE_ORDER XEV-13"
UNPLANNED = {"stage": 0, "records_planned": None}
PLAN = {"records": 1, "hits": [], "whole": []}
BESIDE = {
    "extended": {"due_at_ms": 9},
    "restricted": {},
    "restriction_lifted": {},
    "refused": {},
    "measure_taken": {},
    "recipients_notified": {"recipients": 2, "notified": 1, "impossible": 1},
}


@pytest.mark.parametrize("name", BESIDE)
def test_no_event_without_a_request(state, name):
    """Each names an erasure that was requested."""
    assert ORDER == tell(state, f"erasure.{name}", erasure_id=A, **BESIDE[name])


@pytest.mark.parametrize(
    ("changes", "due_at_ms", "told"),
    [
        ({}, 9, ""),
        ({"stage": 4}, 9, ""),
        ({}, 8, ORDER),
        ({"extended": True}, 9, ORDER),
        ({"certified": True}, 9, ORDER),
        ({"refused": True}, 9, ORDER),
    ],
    ids=["later", "while-retraining", "not-later", "twice", "certified", "refused"],
)
def test_extension(state, changes, due_at_ms, told):
    """Once, to a later time, while the request is open."""
    begin_erasure(state, due_at_ms=8, **changes)

    assert told == tell(state, "erasure.extended", erasure_id=A, due_at_ms=due_at_ms)


def test_an_extension_counts(state):
    """The next one is one too many, and the limit is the new one."""
    erasure = begin_erasure(state, due_at_ms=8)
    tell(state, "erasure.extended", erasure_id=A, due_at_ms=9)

    assert (9, True) == (erasure.due_at_ms, erasure.extended)


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("restricted", UNPLANNED, ""),
        ("restricted", {}, ORDER),
        ("restricted", UNPLANNED | {"restricted": True}, ORDER),
        ("restricted", UNPLANNED | {"refused": True}, ORDER),
        ("restriction_lifted", UNPLANNED | {"restricted": True}, ""),
        ("restriction_lifted", UNPLANNED, ORDER),
        (
            "restriction_lifted",
            UNPLANNED | {"restricted": True, "refused": True},
            "",
        ),
        ("refused", UNPLANNED, ""),
        ("refused", UNPLANNED | {"restricted": True}, ""),
        ("refused", {}, ORDER),
        ("refused", UNPLANNED | {"refused": True}, ORDER),
    ],
    ids=str,
)
def test_restriction_and_refusal(state, name, changes, told):
    """Before the plan; a restriction one at a time, a refusal once."""
    begin_erasure(state, **changes)

    assert told == tell(state, f"erasure.{name}", erasure_id=A)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (UNPLANNED, ""),
        (UNPLANNED | {"restricted": True}, ORDER),
        (UNPLANNED | {"refused": True}, ORDER),
    ],
    ids=["open", "restricted", "refused"],
)
def test_plan_of_an_open_request(state, changes, told):
    """Nothing is planned while restricted, nor after a refusal."""
    begin_erasure(state, **changes)

    assert told == tell(state, "erasure.planned", erasure_id=A, **PLAN)


@pytest.mark.parametrize(("restricted", "told"), [(True, ""), (False, ORDER)])
def test_roll_back_before_the_plan(state, restricted, told):
    """Only where a restriction takes the weights out of service."""
    begin_erasure(state, **UNPLANNED, restricted=restricted)
    event = {"erasure_id": A, "weights_sha256": ""}

    assert told == tell(state, "erasure.rolled_back", **event)
    assert 0 == state.erasures[raw(A)].stage


def test_a_restriction_is_lifted_and_set_again(state):
    """One after the other they are as many as it takes."""
    begin_erasure(state, **UNPLANNED)
    names = ["restricted", "restriction_lifted"] * 2

    assert [""] * 4 == [tell(state, f"erasure.{one}", erasure_id=A) for one in names]


@pytest.mark.parametrize("name", ["measure_taken", "recipients_notified"])
@pytest.mark.parametrize(
    ("changes", "told"),
    [({}, ""), ({"stage": 8, "certified": True}, ""), (UNPLANNED, ORDER)],
    ids=["planned", "certified", "unplanned"],
)
def test_at_any_time_after_the_plan(state, name, changes, told):
    """Measures and notices come beside the steps."""
    begin_erasure(state, **changes)

    assert told == tell(state, f"erasure.{name}", erasure_id=A, **BESIDE[name])


@pytest.mark.parametrize(
    ("notified", "impossible", "told"),
    [(0, 0, ""), (2, 0, ""), (1, 1, ""), (2, 1, ORDER), (3, 0, ORDER)],
)
def test_no_more_recipients_than_there_are(state, notified, impossible, told):
    """Those who were told and those who could not be are among them."""
    begin_erasure(state)
    counts = {"recipients": 2, "notified": notified, "impossible": impossible}

    assert told == tell(state, "erasure.recipients_notified", erasure_id=A, **counts)
