"""The ingest policy: which rules decide, under one digest that every decision cites."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final, get_args

from ledger.errors import InputError
from ledger.events.ingest import SensitiveAction, SensitiveClass
from ledger.events.policy import Jurisdiction, PolicyAdopted, Purpose
from producers.ingest.licences import licence_table
from producers.ingest.rules import Rules, shipped_rules

POLICY_FORMAT: Final = "tuneledger/ingest-policy/v2"
"""First field of the policy document, so that its bytes say what they are."""


def _table_version() -> str:
    return licence_table().version


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestPolicy:
    """What a record must pass. Two equal policies have one document and one digest.

    Attributes:
        jurisdictions: where the model may be used; a record must pass in each.
        purpose: what the model is for.
        basket_version: date of the basket of training tokens, YYYY-MM-DD.
        basket_relaxed: tokens of the basket that do not block; the scanner applies it.
        licence_table_version: the licence table that decides.
        sensitive: what is done with each class that is looked for in a text; a class
            that is not listed is not looked for.
        sensitive_countries: whose national numbers and whose way of writing telephone
            numbers are expected in a text; ISO 3166-1 codes in capital letters.
        rules: the table that decides.

    Raises:
        InputError: there is no jurisdiction, or one that no rule exists for, or the
            licence table is another than this version ships with.
    """

    basket_version: str
    jurisdictions: frozenset[Jurisdiction] = frozenset({"eu", "uk"})
    purpose: Purpose = "commercial"
    basket_relaxed: frozenset[str] = frozenset()
    licence_table_version: str = field(default_factory=_table_version)
    sensitive: tuple[tuple[SensitiveClass, SensitiveAction], ...] = ()
    sensitive_countries: tuple[str, ...] = ()
    rules: Rules = field(default_factory=shipped_rules)

    def __post_init__(self) -> None:
        known = set(get_args(Jurisdiction))
        if not self.jurisdictions or not self.jurisdictions <= known:
            message = (
                f"policy: expected jurisdictions out of {', '.join(sorted(known))}, "
                f"found {', '.join(sorted(self.jurisdictions)) or 'none'}"
            )
            raise InputError(message)
        if self.licence_table_version != _table_version():
            message = (
                f"policy: expected licence table {_table_version()}, "
                f"found {self.licence_table_version}"
            )
            raise InputError(message)

    def document(self) -> bytes:
        """The policy as JSON: sorted keys and lists, no spaces, ASCII only.

        These bytes go to evidence/; their SHA-256 is the policy's digest.
        """
        value = {
            "format": POLICY_FORMAT,
            "jurisdictions": sorted(self.jurisdictions),
            "basket_version": self.basket_version,
            "basket_relaxed": sorted(self.basket_relaxed),
            "licence_table_version": self.licence_table_version,
            "purpose": self.purpose,
            "rules": self.rules.document(),
            "sensitive": dict(self.sensitive),
            "sensitive_countries": sorted(self.sensitive_countries),
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    def sha256(self) -> str:
        """SHA-256 of the document, in lowercase hex."""
        return hashlib.sha256(self.document()).hexdigest()

    def to_event(self) -> PolicyAdopted:
        """The event that adopts this policy."""
        return PolicyAdopted(
            policy_sha256=self.sha256(),
            jurisdictions=sorted(self.jurisdictions),
            purpose=self.purpose,
            basket_version=self.basket_version,
            basket_relaxed=sorted(self.basket_relaxed),
        )
