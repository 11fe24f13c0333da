"""producers.placement.cost: tokens that an erasure trains again."""

from fractions import Fraction
from itertools import product

import pytest

from producers.placement.cost import Cost, Erasable, closed_form, retrain_tokens
from tests.bench.placement_sample import erase_each, make_corpus

SAMPLE_SEEDS = range(4)


def hit(shard, slice_, size=0, weight=1):
    return Erasable(weight=weight, shard=shard, slice=slice_, size=size)


@pytest.mark.parametrize(
    ("expected", "first", "without"),
    [(1 + 3 + 6, 0, 0), (3 + 6, 1, 0), (6, 2, 0), (7, 0, 1), (5, 1, 2), (3, 2, 3)],
    ids=["all", "second", "last", "all-less-1", "second-less-2", "last-less-3"],
)
def test_slices_are_counted_with_those_below(expected, first, without):
    """Slice k trains on slices 0..k, and what is erased on none."""
    assert expected == retrain_tokens([1, 2, 3], first, without=without)


@pytest.mark.parametrize(
    ("shards", "slices"), [(1, 1), (4, 3), (8, 4), (16, 4), (20, 6)], ids=str
)
def test_even_placement_costs_the_closed_form(shards, slices):
    """With equal shards, slices and chances the mean is (2R+1)/(3RS) of everything."""
    cost = Cost(
        [[5] * slices] * shards,
        [hit(*place) for place in product(range(shards), range(slices))],
    )

    assert closed_form(shards, slices) == cost.single() / cost.everything()
    assert closed_form(shards, slices) == cost.single_share()
    assert Fraction(slices + 1, 2) == cost.training_factor()


def test_likely_erasures_count_more():
    """The mean is over erasures, not over subjects."""
    cost = Cost([[6, 6]], [hit(0, 0, weight=1), hit(0, 1, weight=3)])

    assert Fraction(1 * 18 + 3 * 12, 4) == cost.single()


def test_share_leaves_out_what_is_erased():
    """Both sides of the share are without the erased tokens, as a plan records them."""
    cost = Cost([[6, 6], [6, 6]], [hit(0, 1, size=2)])

    assert 12 - 2 == cost.single()
    assert Fraction(12 - 2, 36 - 2) == cost.single_share()


@pytest.mark.parametrize(
    ("tokens", "erasables"),
    [([[0, 0]], []), ([[4, 4]], []), ([[4, 4]], [hit(0, 0, weight=0)]), ([], [])],
    ids=["empty", "nobody", "never", "no-shard"],
)
def test_nothing_to_erase_costs_nothing(tokens, erasables):
    """Without a possible erasure every figure of one is 0."""
    cost = Cost(tokens, erasables)

    assert (0, 0, 0) == (cost.single(), cost.single_share(), cost.batch(10))


def test_a_batch_of_one_is_a_single_erasure():
    """One erasure together is one erasure."""
    cost = Cost([[3, 4], [5, 6]], [hit(0, 0), hit(0, 1, weight=2), hit(1, 0)])

    assert float(cost.single()) == pytest.approx(cost.batch(1))


def test_a_batch_is_the_mean_over_all_draws():
    """Against every sequence of three draws, each shard from its first hit on."""
    tokens = [[3, 4], [5, 6]]
    places = [(0, 0), (0, 1), (0, 1), (1, 1)]
    costs = []
    for draws in product(places, repeat=3):
        first = {}
        for shard, slice_ in draws:
            first[shard] = min(slice_, first.get(shard, slice_))
        costs.append(sum(retrain_tokens(tokens[s], r) for s, r in first.items()))

    cost = Cost(tokens, [hit(*place) for place in places])
    assert sum(costs) / len(costs) == pytest.approx(cost.batch(3))


def test_a_large_batch_is_everything():
    """When each slice is hit for certain, everything is trained again."""
    cost = Cost([[5, 5]] * 2, [hit(s, r) for s in (0, 1) for r in (0, 1)])

    assert cost.batch_share(1000) == pytest.approx(1.0)


@pytest.mark.parametrize("seed", SAMPLE_SEEDS)
@pytest.mark.parametrize(("shards", "slices"), [(4, 3), (8, 4)], ids=["4-3", "8-4"])
def test_uneven_hazards_cost_at_most_a_tenth_more(shards, slices, seed):
    """Pareto hazards and records of several subjects: at most 1.10 x (2R+1)/(3RS)."""
    outcome = erase_each(make_corpus(seed), shards=shards, slices=slices)

    assert outcome.several > 0
    assert outcome.ratio <= 1.10
    assert outcome.tokens <= 1.25
    assert outcome.erasures <= 1.25
    assert 0 == outcome.over
