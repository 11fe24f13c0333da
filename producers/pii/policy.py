"""What is done with a record that holds sensitive data."""

from dataclasses import dataclass, fields
from typing import Final, Literal, NamedTuple, get_args

from ledger.errors import InputError
from producers.pii.classes import SENSITIVE_CLASSES, SensitiveClass
from producers.pii.findings import Findings

Action = Literal["accept", "redact", "review", "block"]
"""From the mildest to the strictest."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityPolicy:
    """One action for each class; the name of a field is the name of its class.

    By default a secret or a payment card keeps a record out, since a copy that stays
    somewhere is enough to misuse it; a special category waits for a person, since a
    word alone does not say whether one of the exceptions of Article 9(2) holds; what
    only points at a person is replaced; declared subjects are left, since keys and
    erasure are bound to them.

    Raises:
        InputError: an action is none of the four.
    """

    email: Action = "redact"
    phone: Action = "redact"
    ip_address: Action = "redact"
    iban: Action = "redact"
    payment_card: Action = "block"
    national_id: Action = "redact"
    health_id: Action = "review"
    secret: Action = "block"  # noqa: S105 - an action, not a secret
    health: Action = "review"
    genetic: Action = "review"
    biometric: Action = "review"
    origin: Action = "review"
    political: Action = "review"
    religion: Action = "review"
    trade_union: Action = "review"
    sex_life: Action = "review"
    proprietary: Action = "review"
    declared_subject: Action = "accept"
    person_name: Action = "redact"

    def __post_init__(self) -> None:
        for each in fields(self):
            if getattr(self, each.name) not in ACTIONS:
                message = (
                    f"sensitivity policy, {each.name}: expected an action out of "
                    f"{', '.join(ACTIONS)}"
                )
                raise InputError(message)

    def action(self, name: SensitiveClass) -> Action:
        """What is done where this class is found."""
        found: Action = getattr(self, name)
        return found

    def classes(self, action: Action) -> frozenset[SensitiveClass]:
        """The classes that call for an action."""
        return frozenset(n for n in SENSITIVE_CLASSES if self.action(n) == action)


class Decision(NamedTuple):
    """What is done with one record.

    Attributes:
        action: the strictest action that its findings call for.
        classes: the found classes that call for it, in the order of the list; empty
            where nothing but `accept` is called for.
    """

    action: Action
    classes: tuple[SensitiveClass, ...]


def decide(findings: Findings, policy: SensitivityPolicy) -> Decision:
    """The strictest action wins; a milder one of another class is not lost by that.

    A record that waits for review is redacted too where the policy says so for its
    other classes: `redact(text, findings, policy.classes("redact"))`.
    """
    found = tuple(findings.counts)
    actions: list[Action] = ["accept", *(policy.action(name) for name in found)]
    strictest = max(actions, key=ACTIONS.index)
    if strictest == "accept":
        return Decision(strictest, ())
    return Decision(strictest, tuple(n for n in found if policy.action(n) == strictest))
