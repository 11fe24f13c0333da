"""What DP-SGD gives: epsilon of some steps, from the accountants of Opacus.

Both accountants give an upper bound of the same thing. That of privacy loss variables
is tighter; it works with numbers of 64 bits, so it is not asked where these are too
coarse for the delta or its tables too long for the epsilon.

Source: Gopi and others 2021 (arXiv:2106.02848) for `prv`; Mironov and others 2019
(arXiv:1908.10530) for `rdp`.
"""

import math
import warnings
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from ledger.errors import InputError
from ledger.events.training_saved import PrivacyAccounted
from producers.training.errors import TrainingError
from producers.training.settings import Privacy

_PPM, _PPB, _PPT = 10**6, 10**9, 10**12
_COUNT_MAX: Final = 2**53 - 1
_PRV_DELTA_PPT_MIN: Final = 10**4
"""Its error in delta is a thousandth of it, and a transform of 64-bit numbers that add
up to 1 has errors of some 10^-14."""

_PRV_EPSILON_MAX: Final = 50.0
"""Its tables grow with epsilon; beyond this, epsilon promises nothing anyhow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An upper bound.

    Attributes:
        accountant: what computed it.
        epsilon_ppm: epsilon, 10^-6, rounded up.
    """

    accountant: Literal["prv", "rdp"]
    epsilon_ppm: int


def account(privacy: Privacy, *, sample_rate_ppb: int, steps: int) -> Account:
    """Epsilon of `steps` steps, at the delta of `privacy`.

    Args:
        privacy: the noise and the delta.
        sample_rate_ppb: chance of a row to be in a step, 10^-9, 1 .. 10^9.
        steps: how many, at least 1.

    Raises:
        InputError: Opacus is not installed.
        TrainingError: epsilon is beyond every number that an event can hold.
    """
    history = [
        (privacy.noise_multiplier_ppm / _PPM, sample_rate_ppb / _PPB, steps),
    ]
    epsilon = _epsilon("rdp", history, privacy)
    name: Literal["prv", "rdp"] = "rdp"
    if epsilon <= _PRV_EPSILON_MAX and privacy.delta_ppt >= _PRV_DELTA_PPT_MIN:
        tighter = _epsilon("prv", history, privacy)
        if 0 <= tighter < epsilon:
            name, epsilon = "prv", tighter
    epsilon_ppm = _rounded_up(epsilon)
    if epsilon_ppm > _COUNT_MAX:
        message = f"epsilon: expected less than 2^53 millionths, found {epsilon:.3g}"
        raise TrainingError(message)
    return Account(accountant=name, epsilon_ppm=epsilon_ppm)


def check_accountant() -> None:
    """Find out before a training, not after its first slice.

    Raises:
        InputError: Opacus is not installed.
    """
    try:
        import opacus.accountants  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401, PLC0415 - of the extra 'dp'
    except ImportError as error:
        message = f"--dp-noise needs the extra 'dp': module {error.name} not found"
        raise InputError(message) from None


def accounted(
    privacy: Privacy,
    *,
    run_id: str,
    shard: int,
    slice_index: int,
    sample_rate_ppb: int,
    steps: int,
) -> PrivacyAccounted:
    """The event that says what the steps of a slice give.

    Raises:
        InputError: see `account`.
        TrainingError: see `account`.
    """
    found = account(privacy, sample_rate_ppb=sample_rate_ppb, steps=steps)
    return PrivacyAccounted(
        run_id=run_id,
        shard=shard,
        slice=slice_index,
        mechanism="dp_sgd",
        unit="row",
        accountant=found.accountant,
        noise_multiplier_ppm=privacy.noise_multiplier_ppm,
        clip_norm_ppm=privacy.clip_norm_ppm,
        sample_rate_ppb=sample_rate_ppb,
        steps=steps,
        delta_ppt=privacy.delta_ppt,
        epsilon_ppm=found.epsilon_ppm,
    )


def _epsilon(
    name: Literal["prv", "rdp"],
    history: list[tuple[float, float, int]],
    privacy: Privacy,
) -> float:
    """What an accountant says; infinity where it finds no bound."""
    check_accountant()
    from opacus.accountants import create_accountant  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - of the extra 'dp'

    one = create_accountant(name)
    # As that many calls of `step` would leave it.
    one.history = list(history)
    with warnings.catch_warnings():
        # It warns where another order might be tighter; the bound holds all the same.
        warnings.simplefilter("ignore")
        try:
            found = float(one.get_epsilon(privacy.delta_ppt / _PPT))
        except (ArithmeticError, MemoryError, RuntimeError, ValueError):
            return math.inf
    return math.inf if math.isnan(found) else found


def _rounded_up(epsilon: float) -> int:
    """Millionths; more than an event can hold where it is infinite."""
    if math.isinf(epsilon):
        return _COUNT_MAX + 1
    return max(0, math.ceil(Fraction(epsilon) * _PPM))
