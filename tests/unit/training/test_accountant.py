"""Epsilon: never below what follows from the definition."""

import math
import sys
from statistics import NormalDist

import pytest

from ledger.errors import InputError
from producers.training.accountant import account, accounted, check_accountant
from producers.training.errors import TrainingError
from producers.training.settings import Privacy

ONE = Privacy(noise_multiplier_ppm=10**6, clip_norm_ppm=10**6)


def private(noise, delta=1e-5):
    return Privacy(
        noise_multiplier_ppm=round(noise * 1e6),
        clip_norm_ppm=10**6,
        delta_ppt=round(delta * 1e12),
    )


def exact_epsilon(noise, steps, delta):
    """Epsilon of Gaussian noise on all rows, by bisection.

    Source: Balle and Wang 2018, theorem 8 (arXiv:1805.06530).
    """
    normal, mu = NormalDist(), math.sqrt(steps) / noise

    def delta_at(epsilon):
        return normal.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * normal.cdf(
            -mu / 2 - epsilon / mu
        )

    low, high = 0.0, 200.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_at(middle) > delta else (low, middle)
    return high


def test_missing_library_is_named(monkeypatch):
    """One line says which extra brings it."""
    monkeypatch.setitem(sys.modules, "opacus", None)
    monkeypatch.delitem(sys.modules, "opacus.accountants", raising=False)

    with pytest.raises(InputError, match="needs the extra 'dp'"):
        check_accountant()


class TestWithOpacus:
    """What needs the library."""

    @pytest.fixture(autouse=True)
    def _opacus(self):
        pytest.importorskip("opacus", reason="the extra 'dp' is not installed")

    @pytest.mark.parametrize(
        ("noise", "steps"), [(1.1, 1), (2.0, 10), (4.0, 100), (30.0, 1)]
    )
    def test_bound_holds_and_is_tight(self, noise, steps):
        """Where every row is in every step, epsilon has a closed form."""
        exact = exact_epsilon(noise, steps, 1e-5)
        found = account(private(noise), sample_rate_ppb=10**9, steps=steps)

        assert "prv" == found.accountant
        assert exact <= found.epsilon_ppm / 1e6 <= exact + 0.03

    def test_drawing_rows_hides_them(self):
        """The smaller the chance, the smaller epsilon."""
        found = [
            account(ONE, sample_rate_ppb=rate, steps=100).epsilon_ppm
            for rate in (10**6, 10**7, 10**8, 10**9)
        ]

        assert sorted(found) == found

    @pytest.mark.parametrize(
        ("noise", "delta"), [(1.1, 1e-9), (0.05, 1e-5)], ids=["delta", "epsilon"]
    )
    def test_other_accountant_takes_over(self, noise, delta):
        """Where tables of 64-bit numbers are too coarse or too long."""
        found = account(private(noise, delta), sample_rate_ppb=10**9, steps=1)

        assert "rdp" == found.accountant
        assert found.epsilon_ppm > 0

    def test_epsilon_beyond_any_number_is_an_error(self):
        """It is not stated as the largest one that fits."""
        with pytest.raises(TrainingError, match=r"less than 2\^53"):
            account(private(0.01), sample_rate_ppb=10**9, steps=10**7)

    def test_event_repeats_the_settings(self):
        """Whole numbers of millionths, and parts of 10^12 for delta."""
        event = accounted(
            private(1.5, 1e-6),
            run_id="0" * 32,
            shard=3,
            slice_index=1,
            sample_rate_ppb=10**8,
            steps=20,
        )

        assert (1_500_000, 10**6, 10**8, 20, 10**6) == (
            event.noise_multiplier_ppm,
            event.clip_norm_ppm,
            event.sample_rate_ppb,
            event.steps,
            event.delta_ppt,
        )
        assert ("dp_sgd", "row", 3, 1) == (
            event.mechanism,
            event.unit,
            event.shard,
            event.slice,
        )
