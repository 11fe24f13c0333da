"""Ids as a person types them: whole, or as many of their first digits as are enough.

One rule for runs and erasures: `PREFIX_MIN` hexadecimal digits or more that begin one
id alone. What begins none goes on as it is, to be refused by whoever looks for it.
"""

from collections.abc import Iterable
from typing import Final

from ledger.errors import InputError
from ledger.log.ledger import Ledger
from ledger.log.projector import project
from ledger.projections.compute import ComputeState

PREFIX_MIN: Final = 8
"""Fewest digits of an id: among 1,000 random ids two begin alike in so many in one
ledger of 8,600 (n^2 / 2 of 16^8), and then more are asked for."""

_ID_CHARS: Final = 32
_DIGITS: Final = frozenset("0123456789abcdef")


def whole_id(text: str, known: Iterable[str], what: str) -> str:
    """The one id that begins with `text`; `text` itself where there is none.

    Args:
        text: as typed.
        known: the ids that there are.
        what: what they are ids of, for the message.

    Raises:
        InputError: several begin so.
    """
    ids = set(known)
    if text in ids or len(text) < PREFIX_MIN or not _DIGITS.issuperset(text):
        return text
    found = [one for one in ids if one.startswith(text)]
    if len(found) > 1:
        message = f"{text!r} begins {len(found)} {what}s: give more digits"
        raise InputError(message)
    return found[0] if found else text


def whole_run_id(ledger: Ledger, text: str) -> str:
    """The run that `text` names; see `whole_id`.

    Raises:
        InputError: it names several.
    """
    if not PREFIX_MIN <= len(text) < _ID_CHARS:
        return text
    compute: ComputeState = project(ledger)["compute"]
    return whole_id(text, compute.runs, "run")
