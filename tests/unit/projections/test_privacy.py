"""Which epsilon the weights of a map have, and where they have none."""

from decimal import Decimal

import pytest

from ledger.events.training_saved import PrivacyAccounted
from ledger.projections import rebuild
from ledger.projections.privacy import Bound, privacy_of
from ledger.projections.renyi import Step, epsilon

from .builders import (
    assigned,
    declared,
    digest,
    erased,
    finished,
    ident,
    record,
    saved,
    started,
)


def accounted(run="run", *, shard=0, slice_=0, **changes):
    facts = {
        "noise_multiplier_ppm": 2 * 10**6,
        "clip_norm_ppm": 10**6,
        "sample_rate_ppb": 10**8,
        "steps": 10,
        "delta_ppt": 10**7,
        "epsilon_ppm": 1_500_000,
        "accountant": "prv",
    }
    return PrivacyAccounted(
        run_id=ident(run),
        shard=shard,
        slice=slice_,
        mechanism="dp_sgd",
        unit="row",
        **(facts | changes),
    )


def maps(*events):
    states = rebuild(record(events))
    return privacy_of(states["privacy"], states["shards"], states["compute"])


def worked_out(steps, *, rate_ppb=10**8, delta="0.00001"):
    """Epsilon of steps as `accounted` has them, as text."""
    step = Step(2 * 10**6, rate_ppb)
    found = epsilon({step: steps}, delta=Decimal(delta))
    return f"{found.normalize():f}"


START = [declared(), started()]
PRIVATE = [
    *START,
    accounted(slice_=0),
    saved(slice_=0, weights="low"),
    accounted(slice_=1),
    saved(slice_=1, parent="low", weights="top"),
    accounted(shard=1, slice_=0, steps=5, epsilon_ppm=1_000_000, accountant="rdp"),
    saved(shard=1, slice_=0, weights="other"),
    finished(adapters={0: "top", 1: "other"}),
]


def test_slices_of_a_shard_add_up_and_shards_do_not():
    """The worst shard counts: 20 steps in two slices against 5 in the other."""
    [found] = maps(*PRIVATE)

    assert ident("map") == found.map_id
    assert found.in_service == Bound(
        shards=2,
        without=0,
        epsilon=worked_out(20),
        delta="0.00001",
        stated_epsilon="3",
        stated_delta="0.00002",
        stated_by=("prv", "rdp"),
    )
    assert found.in_service == found.ever_trained


def test_training_without_any_is_not_shown():
    """A ledger that never heard of it has nothing to say."""
    assert [] == maps(*START, saved(), finished(adapters={0: "run-0-0"}))


def test_smallest_delta_counts():
    """The epsilon that is worked out holds at each delta, so the strictest is taken."""
    [found] = maps(
        *START,
        accounted(delta_ppt=10**6),
        saved(weights="low"),
        accounted(slice_=1),
        saved(slice_=1, parent="low", weights="top"),
        finished(adapters={0: "top"}),
    )

    assert "0.000001" == found.in_service.delta
    assert worked_out(20, delta="0.000001") == found.in_service.epsilon


UNBOUNDED = {
    "slice without": [
        *START,
        accounted(),
        saved(weights="low"),
        saved(slice_=1, parent="low", weights="top"),
        finished(adapters={0: "top"}),
    ],
    "slice below without": [
        *START,
        saved(weights="low"),
        accounted(slice_=1),
        saved(slice_=1, parent="low", weights="top"),
        finished(adapters={0: "top"}),
    ],
    "weights of nowhere": [
        *START,
        accounted(slice_=1),
        saved(slice_=1, parent="low", weights="top"),
        finished(adapters={0: "top"}),
    ],
    "account after another training of the same": [
        *START,
        saved(weights="top"),
        started("again", generation=1),
        accounted("again"),
        saved("again", weights="top", generation=1),
        finished("again", adapters={0: "top"}),
    ],
    "no noise": [
        *START,
        accounted(noise_multiplier_ppm=0),
        saved(weights="top"),
        finished(adapters={0: "top"}),
    ],
    "chance above 1": [
        *START,
        accounted(sample_rate_ppb=10**9 + 1),
        saved(weights="top"),
        finished(adapters={0: "top"}),
    ],
    "delta of 1": [
        *START,
        accounted(delta_ppt=10**12),
        saved(weights="top"),
        finished(adapters={0: "top"}),
    ],
    "base that saw records": [
        *START,
        saved(weights="seen"),
        started("next", base_sha256=digest("seen"), generation=1),
        accounted("next", shard=0),
        saved("next", parent="seen", weights="top", generation=1),
        finished("next", adapters={0: "top"}),
    ],
}


@pytest.mark.parametrize("events", UNBOUNDED.values(), ids=UNBOUNDED)
def test_nothing_is_said_where_something_was_learnt_without(events):
    """One such slice, and no number is shown."""
    [found] = maps(*events)

    assert found.in_service == Bound(shards=1, without=1)


def test_account_elsewhere_counts_for_nothing():
    """That of another run, shard or slice does not make a slice private."""
    [found] = maps(
        *START,
        accounted("other"),
        accounted(slice_=1),
        accounted(shard=1),
        saved(weights="top"),
        saved(slice_=1, parent="top", weights="seen"),
        finished(adapters={0: "top"}),
    )

    assert Bound(shards=1, without=1) == found.in_service


def test_empty_slice_costs_nothing():
    """Where no record is left there is no step, so no account is missing."""
    [found] = maps(
        *START,
        saved(weights="new", records=0),
        saved(slice_=1, parent="new", weights="new", records=0),
        accounted(shard=1),
        saved(shard=1, weights="other"),
        finished(adapters={0: "new", 1: "other"}),
    )

    assert (2, 0) == (found.in_service.shards, found.in_service.without)
    assert worked_out(10) == found.in_service.epsilon


def test_retrain_counts_beside_what_it_replaces():
    """What serves rests on the retrained slices; whoever kept the old has both."""
    [found] = maps(
        declared(),
        assigned("jane", slice_=1),
        *PRIVATE[1:],
        erased("jane"),
        started("retrain", purpose="retrain", shards=[0], generation=1),
        accounted("retrain", slice_=1, sample_rate_ppb=2 * 10**8, steps=3),
        saved("retrain", slice_=1, parent="low", weights="new", generation=1),
        finished("retrain", adapters={0: "new"}),
    )
    step, other = Step(2 * 10**6, 10**8), Step(2 * 10**6, 2 * 10**8)
    delta = Decimal("0.00001")

    assert epsilon({step: 10, other: 3}, delta=delta) == Decimal(
        found.in_service.epsilon
    )
    assert epsilon({step: 20, other: 3}, delta=delta) == Decimal(
        found.ever_trained.epsilon
    )


def test_stated_deltas_that_reach_one_state_nothing():
    """No epsilon means anything there; the one that is worked out still does."""
    half = {"delta_ppt": 5 * 10**11}
    [found] = maps(
        *START,
        accounted(**half),
        saved(weights="low"),
        accounted(slice_=1, **half),
        saved(slice_=1, parent="low", weights="top"),
        finished(adapters={0: "top"}),
    )

    assert ("", "") == (found.in_service.stated_epsilon, found.in_service.stated_delta)
    assert "0.5" == found.in_service.delta
