"""From measurements to what an event may claim."""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.events.model import Probe

FLOORS: Final[dict[Probe, int]] = {
    "exposure": 5_000_000,
    "held_out_loss": 0,
    "min_k": 500_000,
    "verbatim": 500_000,
}
"""Least value before an erasure that a comparison counts from, 10^-6 of the unit.

A probe that found nothing before proves nothing after. 5 bits, a secret among the first
32nd of its space, is XEV-28; half a nat and half of the items are this program's.
"""

Outcome = Literal["differs", "equal_to_never_saw", "inconclusive", "measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one probe gave.

    Attributes:
        items: how many texts.
        value: 10^-6 of the probe's unit.
    """

    items: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a measurement after an erasure is compared with, in the same unit.

    Attributes:
        erasure_id: the erasure.
        before: what the weights before it gave.
        never_saw: what weights gave that never saw what was erased.
    """

    erasure_id: str
    before: int
    never_saw: int


def micro(value: float) -> int:
    """A value of at least 0 in 10^-6, to the nearest, ties to the even one."""
    return round(value * 1e6)


def outcome(probe: Probe, after: Measured, compared: Compared) -> Outcome:
    """What a comparison shows (XEV-28)."""
    if compared.before < FLOORS[probe]:
        return "inconclusive"
    is_equal = after.value == compared.never_saw
    return "equal_to_never_saw" if is_equal else "differs"
