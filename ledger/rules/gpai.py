"""The provider-status rule pack as typed values."""

import datetime as dt
from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.rules import GPAI, RulePack, load_pack

FlopText = Annotated[str, Meta(pattern=r"\A[1-9][0-9]*\Z")]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table: a field that the code does not know is an error."""


class AppliesFrom(_Table, frozen=True, kw_only=True):
    """From when a rule applies.

    Attributes:
        date: the first day.
        what: which of its effects.
    """

    date: dt.date
    what: str


class Thresholds(_Table, frozen=True, kw_only=True):
    """The numbers; see the comments in the rule pack for their sources."""

    gpai_indicative_flop: FlopText
    systemic_risk_flop: FlopText
    modification_numerator: Annotated[int, Meta(ge=1)]
    modification_denominator: Annotated[int, Meta(ge=1)]
    estimate_error_percent: Annotated[int, Meta(ge=0, lt=100)]

    @property
    def share(self) -> Fraction:
        """The share of the base's compute that a modification must exceed: 1/3."""
        return Fraction(self.modification_numerator, self.modification_denominator)

    @property
    def estimate_error(self) -> Fraction:
        """Error margin of an estimate, as a share of what is reported: 3/10."""
        return Fraction(self.estimate_error_percent, 100)


class Counter(_Table, frozen=True, kw_only=True):
    """Which phases a counter sums, and by what text."""

    phases: tuple[str, ...]
    source: str


class Counters(_Table, frozen=True, kw_only=True):
    """The two counters, and the phases that are in neither."""

    direct: Counter
    cumulative: Counter
    left_out: Counter


class Rule(_Table, frozen=True, kw_only=True):
    """One rule: its id, its source, from when it applies, and what to know about it."""

    id: str
    source: str
    applies_from: tuple[AppliesFrom, ...]
    note: str


class Rules(_Table, frozen=True, kw_only=True):
    """The rules that compute decides."""

    one_third: Rule
    gpai_indication: Rule
    systemic_risk: Rule


class Role(Rule, frozen=True, kw_only=True):
    """A role under the Act; of a model (Chapter V) or of a system (compute is moot)."""

    role: str
    chapter: Literal["model", "system"]


class GpaiRules(_Table, frozen=True, kw_only=True):
    """The whole pack."""

    version: str
    thresholds: Thresholds
    counters: Counters
    rules: Rules
    roles: tuple[Role, ...]
    flags: dict[str, str]


def gpai_rules(pack: RulePack | None = None) -> tuple[GpaiRules, str]:
    """The typed pack and its digest.

    Args:
        pack: the pack to read; the shipped one when None.

    Raises:
        msgspec.ValidationError: the pack has other fields than these.
    """
    chosen = load_pack(GPAI) if pack is None else pack
    return msgspec.convert(chosen.data, GpaiRules), chosen.sha256
