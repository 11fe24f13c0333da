"""What the policy finds in a text, and what is known of the dataset it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from ledger.events.ingest import (
    ConsentReview,
    SensitiveAction,
    SensitiveClass,
    SensitiveFinding,
)

COUNT_MAX: Final = 65_535
"""Highest count of an event; more are written as this many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What was found in one text.

    Attributes:
        findings: counts by class, in the order of classes; no value.
        action: what the policy does about it; `none` exactly where nothing was found.
        text: the text with what is redacted taken out; None where it stays as it is.
    """

    findings: tuple[SensitiveFinding, ...] = ()
    action: SensitiveAction = "none"
    text: str | None = None


NOTHING_FOUND: Final = Screened()


@dataclass(frozen=True, slots=True, kw_only=True)
class FromDataset:
    """The dataset of an input.

    Attributes:
        dataset_id: its id in the ledger; empty where none is registered.
        consent_review: whether somebody checked that its use is allowed.
    """

    dataset_id: str = ""
    consent_review: ConsentReview = "not_needed"


NO_DATASET: Final = FromDataset()


def findings_of(counts: Mapping[SensitiveClass, int]) -> tuple[SensitiveFinding, ...]:
    """Counts by class as an event holds them."""
    return tuple(
        SensitiveFinding(kind=name, count=min(counts[name], COUNT_MAX))
        for name in get_args(SensitiveClass)
        if counts.get(name)
    )
