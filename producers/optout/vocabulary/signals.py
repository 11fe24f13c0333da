"""What a parser hands on: a statement, or the reason why there is none."""

from dataclasses import dataclass
from typing import Literal

from ledger.errors import InputError
from ledger.events.optout import FetchOutcome, Preference, ScanReason, Usage

Reservation = Literal["reserved", "not_reserved", "unset"]
"""`unset` is silence: neither a reservation nor a permission."""


class SignalError(InputError):
    """A signal is there but cannot be read; it is never taken for consent.

    Attributes:
        outcome: `unreadable` where the bytes are no text, else `unknown`.
        reason: what to record.
    """

    def __init__(
        self, message: str, *, outcome: FetchOutcome, reason: ScanReason
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.reason = reason


def malformed(message: str) -> SignalError:
    """The error for a signal that breaks its own format."""
    return SignalError(message, outcome="unknown", reason="malformed_signal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one source says about one URL.

    Attributes:
        reservation: the answer for training, which is what is done here.
        stated: every preference that the source states, by usage; an empty one where
            it knows no usages but "training" is read as `reservation` says.
        line: 1-based line of the deciding rule in the source; 0 where there is none.
        is_malformed: whether something else in the source was meant to say more and
            broke the format; an `unset` beside it is then no silence.
        is_unread: whether the source speaks of training in a vocabulary that is not
            read here; an `unset` beside it is no silence either.
        review: why a person must read the source; empty where none needs to.
        licence_required: whether the source offers the use under a licence only.
        policy: URL of a licence offer or of terms that go with it; empty where none.
    """

    reservation: Reservation
    stated: tuple[tuple[Usage, Preference], ...] = ()
    line: int = 0
    is_malformed: bool = False
    is_unread: bool = False
    review: ScanReason | Literal[""] = ""
    licence_required: bool = False
    policy: str = ""


SILENCE = Statement(reservation="unset")
