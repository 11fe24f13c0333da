"""trust.txt: whether a publisher allows training on what it publishes.

    member=https://association.example/
    datatrainingallowed=no

The file speaks for its whole site. Of two values the no decides.

Source: JournalList, trust.txt specification, version 1.4 (April 2024).
"""

from dataclasses import dataclass
from typing import Final

from ledger.events.optout import Preference, ScanReason
from producers.optout.robots.lines import is_plain_text, without_bom
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.signals import SignalError, Statement, malformed
from producers.optout.vocabulary.usage import names_training, statement_of

_KEY: Final = "datatrainingallowed"
_VALUES: Final[dict[str, Preference]] = {"yes": "allow", "no": "disallow"}
_ATTRIBUTES: Final = frozenset(
    {
        "member",
        "belongto",
        "control",
        "controlledby",
        "social",
        "vendor",
        "customer",
        "disclosure",
        "contact",
    }
)
"""The other attributes of the specification."""


@dataclass(frozen=True, slots=True)
class TrustTxtFile:
    """A parsed trust.txt.

    Attributes:
        statements: of the lines that speak of training or are not understood.
    """

    statements: tuple[Statement, ...]

    def decide(self) -> Statement:
        """What the file says of the site."""
        return merged(self.statements)


def parse_trust_txt(body: bytes) -> TrustTxtFile:
    """Parse the bytes of a trust.txt.

    Raises:
        SignalError: too long, no UTF-8 text, or no line that such a file can have.
    """
    if len(body) > POLICY_BYTES_MAX:
        message = (
            f"trust.txt: expected at most {POLICY_BYTES_MAX} bytes, found {len(body)}"
        )
        raise SignalError(message, outcome="unreadable", reason="unreadable")
    try:
        text = without_bom(body).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"trust.txt: expected UTF-8, found byte {error.start} that is not"
        raise SignalError(message, outcome="unreadable", reason="unreadable") from error
    lines = [
        (number, written)
        for number, line in enumerate(text.splitlines(), 1)
        if (written := line.partition("#")[0].strip())
    ]
    is_file = not lines or any("=" in line for _, line in lines)
    if not is_plain_text(body) or not is_file:
        raise malformed("trust.txt: expected lines of attribute=value")
    return TrustTxtFile(
        tuple(said for number, line in lines if (said := _line(number, line)))
    )


def _line(number: int, line: str) -> Statement | None:
    """What one line says; None where it is about something else."""
    attribute, equals, value = (part.strip().lower() for part in line.partition("="))
    if attribute == _KEY and value in _VALUES:
        return statement_of({"train": _VALUES[value]}, line=number)
    if not equals or attribute == _KEY:
        return Statement(reservation="unset", line=number, is_malformed=True)
    if attribute not in _ATTRIBUTES and _is_about_training(attribute):
        review: ScanReason = "unknown_preference"
        return statement_of({}, line=number, review=review)
    return None


def _is_about_training(attribute: str) -> bool:
    words = ("train", "mining", "llm", "gpt")
    return names_training(attribute) or any(word in attribute for word in words)
