"""What looks for sensitive data in a text before it is kept.

A class is looked for where what detects it is installed; the policy names the classes
that were looked for, so that a decision never claims more.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Final

from ledger.errors import InputError
from ledger.events.ingest import SensitiveAction, SensitiveClass
from producers.ingest import IngestPolicy, InputRecord, Screened
from producers.ingest.screening import NOTHING_FOUND, findings_of
from producers.pii import (
    Action,
    Detector,
    Findings,
    Hints,
    SensitivityPolicy,
    decide,
    redact,
    redact_all,
    scan,
)
from producers.pii.credentials import SecretDetector
from producers.pii.identity import IdentityDetector
from producers.pii.network import EmailDetector, IpDetector
from producers.pii.payments import CardDetector, IbanDetector
from producers.pii.phones import PhoneDetector
from producers.pii.phrases import shipped_phrases
from producers.pii.subjects import SubjectDetector

_NEEDS: Final[dict[SensitiveClass, str]] = {
    "email": "",
    "phone": "phonenumbers",
    "ip_address": "",
    "iban": "stdnum",
    "payment_card": "stdnum",
    "national_id": "stdnum",
    "health_id": "stdnum",
    "secret": "",
    "health": "",
    "genetic": "",
    "biometric": "",
    "origin": "",
    "political": "",
    "religion": "",
    "trade_union": "",
    "sex_life": "",
    "proprietary": "",
    "declared_subject": "",
}
"""The module that each class needs; empty for none. Names of persons that nobody
declared are not among them: no pattern finds those."""


def looked_for() -> tuple[tuple[SensitiveClass, SensitiveAction], ...]:
    """The classes that can be looked for here, and what is done about each."""
    policy = SensitivityPolicy()
    return tuple(
        (name, policy.action(name))
        for name, module in _NEEDS.items()
        if not module or find_spec(module) is not None
    )


def check_required(policy: IngestPolicy, required: Sequence[SensitiveClass]) -> None:
    """Check that every class that must be looked for can be.

    Raises:
        InputError: one cannot.
    """
    possible = {name for name, _ in policy.sensitive}
    missing = [name for name in required if name not in possible]
    if missing:
        message = (
            f"sensitive data: expected what detects {', '.join(missing)}, found none; "
            "install tuneledger[pii] or change sensitive_required"
        )
        raise InputError(message)


def screen_port(policy: IngestPolicy) -> Callable[[InputRecord], Screened]:
    """The function that looks through a record."""
    wanted = {name for name, _ in policy.sensitive}
    if not wanted:
        return lambda _: NOTHING_FOUND
    looking = _Looking(_detectors(wanted), policy.sensitive_countries)
    return looking.screen


class _Looking:
    """What looks through texts under one policy."""

    def __init__(
        self, detectors: Sequence[Detector], countries: tuple[str, ...]
    ) -> None:
        self._detectors = detectors
        self._countries = countries
        self._actions = SensitivityPolicy()

    def screen(self, record: InputRecord) -> Screened:
        """Count what is found, decide what is done, and redact where that is it."""
        hints = Hints(countries=self._countries, subjects=record.subjects)
        found = scan(record.text, detectors=self._detectors, hints=hints)
        if not found.counts:
            return NOTHING_FOUND
        action, text = decide(found, self._actions).action, None
        if action == "redact":
            action, text = self._redacted(record.text, found, hints)
        return Screened(findings=findings_of(found.counts), action=action, text=text)

    def _redacted(
        self, text: str, found: Findings, hints: Hints
    ) -> tuple[Action, str | None]:
        """The text without what is redacted, unless that brings worse to light."""
        classes = self._actions.classes("redact")
        try:
            clean = redact_all(
                redact(text, found, classes),
                classes,
                detectors=self._detectors,
                hints=hints,
            )
        except InputError:
            return "review", None  # built so that redaction does not end
        left = scan(clean, detectors=self._detectors, hints=hints)
        action = decide(left, self._actions).action
        return ("redact", clean) if action == "accept" else (action, None)


def _detectors(wanted: set[SensitiveClass]) -> list[Detector]:
    """What finds the wanted classes."""
    makers: list[tuple[SensitiveClass, Callable[[], Detector]]] = [
        ("email", EmailDetector),
        ("ip_address", IpDetector),
        ("iban", IbanDetector),
        ("payment_card", CardDetector),
        ("national_id", IdentityDetector),
        ("phone", PhoneDetector),
        ("secret", SecretDetector),
        ("declared_subject", SubjectDetector),
        ("health", shipped_phrases),
    ]
    return [make() for name, make in makers if name in wanted]
