"""Chance for DP-SGD: as likely as it says, and another for everything that differs."""

import math
from statistics import NormalDist

import msgspec
import pytest

torch = pytest.importorskip("torch")

from producers.training.draws import RATE_ONE_PPB, Draws  # noqa: E402
from producers.training.settings import Privacy, Settings  # noqa: E402

PRIVACY = Privacy(noise_multiplier_ppm=10**6, clip_norm_ppm=10**6)
SETTINGS = Settings(privacy=PRIVACY)
MANY = 200_000


def draws(seed=7, settings=SETTINGS, weights=()):
    return Draws(seed, settings=settings, weights=weights)


def farthest(found, cumulative):
    """Kolmogorov's distance between what was drawn and what should be."""
    ordered = found.sort().values
    expected = torch.tensor([cumulative(x) for x in ordered.tolist()])
    steps = torch.arange(len(ordered)) / len(ordered)
    return max(
        (expected - steps).abs().max().item(),
        (expected - steps - 1 / len(ordered)).abs().max().item(),
    )


def test_uniform_numbers_are_uniform():
    """No value of 0 .. 1 is likelier than another; neither end occurs."""
    found = draws().uniform(MANY)

    # Kolmogorov's bound that one stream of 10^9 exceeds.
    assert farthest(found, lambda x: x) < 3.3 / math.sqrt(MANY)
    assert 0 < found.min() < found.max() < 1


def test_normal_numbers_are_normal():
    """Mean 0, deviation 1, and every part of the curve as it should be."""
    found = draws().normal(MANY)

    assert farthest(found, NormalDist().cdf) < 3.3 / math.sqrt(MANY)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_as_many_come_as_are_asked_for(count):
    """They come in pairs, of which one may be too many."""
    assert (count,) == draws().normal(count).shape


@pytest.mark.parametrize("rate_ppb", [10**6, 3 * 10**8, 999 * 10**6])
def test_rows_are_drawn_by_their_chance(rate_ppb):
    """The number of rows is that of so many draws, within six deviations."""
    rate = rate_ppb / RATE_ONE_PPB
    found = len(draws().chosen(MANY, rate_ppb))

    deviation = math.sqrt(MANY * rate * (1 - rate))
    assert abs(found - MANY * rate) < 6 * deviation


def test_chance_of_one_draws_every_row():
    """Where a batch is to hold all rows, it does."""
    assert list(range(100)) == draws().chosen(100, RATE_ONE_PPB)


def test_same_seed_gives_the_same_chance():
    """What is drawn follows from the seed and from what it is for."""
    one, again = (draws(weights=[torch.ones(2, 3)]) for _ in range(2))

    assert torch.equal(one.normal(9), again.normal(9))
    assert torch.equal(one.uniform(9), again.uniform(9))


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 8},
        {"seed": 7 + 2**32},
        {"settings": msgspec.structs.replace(SETTINGS, learning_rate_ppm=1)},
        {"weights": [torch.zeros(1)]},
    ],
    ids=["seed", "high bits of the seed", "settings", "weights"],
)
def test_another_training_has_other_noise(changed):
    """Two models with the same noise would show what it hides."""
    assert not torch.equal(draws().normal(9), draws(**changed).normal(9))
