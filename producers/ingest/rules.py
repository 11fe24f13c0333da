"""The rules of ingest as data: rules.toml, checked, and the first that matches.

A rule matches where each of its conditions holds. The rules of a jurisdiction are asked
in the order of the file; the last one of each has no condition that can fail, which
`tests/unit/ingest/test_rules.py` shows cell by cell.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ledger.events.base import RuleName
from ledger.events.ingest import (
    ConsentReview,
    Decision,
    EuBasis,
    IngestReason,
    SensitiveAction,
    UkBasis,
)
from ledger.events.policy import Jurisdiction, Purpose
from producers.ingest.licences import Standing

ScanState = Literal[
    "missing",
    "differs",
    "clear",
    "cleared",
    "review",
    "reserved",
    "unknown",
    "piracy",
]
"""What a scan is worth; `differs` where it is of another response than the text."""

Coverage = Literal["all", "here", "no"]
"""Where a licence of the register covers a record."""

AccessState = Literal["lawful", "not_shown"]
"""Whether a scan showed that the page may be read (Directive (EU) 2019/790, recital 14:
freely available, or under a licence)."""

RuleReason = IngestReason | Literal["scan"]
"""A reason, or `scan` for what the scan holds against the record."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What the law makes a decision depend on, in one jurisdiction.

    Attributes:
        stated: what the stated licence is worth.
        register: whether a licence of the register covers the record.
        scan: what the scan is worth.
        access: whether lawful access was shown.
        purpose: what the model is for.
    """

    stated: Standing
    register: Coverage
    scan: ScanState
    access: AccessState
    purpose: Purpose


class Outcome(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What every rule says.

    Attributes:
        name: its name, cited by the decision.
        why: the reason for a reader, with the article of law.
        decision: its decision.
        reasons: what the event says.
    """

    name: RuleName
    why: Annotated[str, Meta(min_length=1)]
    decision: Decision
    reasons: Annotated[tuple[RuleReason, ...], Meta(min_length=1, max_length=8)]


class Rule(Outcome, frozen=True, kw_only=True, omit_defaults=True):
    """A rule of law; an empty condition holds always.

    Attributes:
        jurisdiction: where it holds.
        basis: why copying is allowed there.
        stated: condition on the stated licence.
        register: condition on the register.
        scan: condition on the scan.
        access: condition on access.
        purpose: condition on the purpose.
    """

    jurisdiction: Jurisdiction
    basis: EuBasis | UkBasis = "none"
    stated: tuple[Standing, ...] = ()
    register: tuple[Coverage, ...] = ()
    scan: tuple[ScanState, ...] = ()
    access: tuple[AccessState, ...] = ()
    purpose: tuple[Purpose, ...] = ()

    def holds(self, case: Case) -> bool:
        """Whether each condition holds."""
        return all(
            not wanted or found in wanted
            for wanted, found in (
                (self.stated, case.stated),
                (self.register, case.register),
                (self.scan, case.scan),
                (self.access, case.access),
                (self.purpose, case.purpose),
            )
        )


class AfterRule(Outcome, frozen=True, kw_only=True, omit_defaults=True):
    """A rule about the text and its dataset; it never loosens what the law says.

    Attributes:
        action: condition on what the policy says of the classes that were found.
        consent_review: condition on the review of the dataset.
    """

    action: tuple[SensitiveAction, ...] = ()
    consent_review: tuple[ConsentReview, ...] = ()

    def holds(self, action: SensitiveAction, consent_review: ConsentReview) -> bool:
        """Whether each condition holds."""
        return (not self.action or action in self.action) and (
            not self.consent_review or consent_review in self.consent_review
        )


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole table.

    Attributes:
        version: its date, YYYY-MM-DD.
        rule: the rules of law, in order.
        after: the rules about text and dataset, in order.
    """

    version: str
    rule: tuple[Rule, ...]
    after: tuple[AfterRule, ...]

    def decides(self, jurisdiction: Jurisdiction, case: Case) -> Rule:
        """The first rule of a jurisdiction that holds."""
        return next(
            rule
            for rule in self.rule
            if rule.jurisdiction == jurisdiction and rule.holds(case)
        )

    def document(self) -> dict[str, Any]:
        """The table as plain values, for the policy's document."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


@cache
def shipped_rules() -> Rules:
    """Load the table that ships with this package."""
    text = files("producers.ingest").joinpath("rules.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Rules)
