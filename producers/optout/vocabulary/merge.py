"""Several statements of one source as one: the strictest word on each point."""

from collections.abc import Iterable

from ledger.events.optout import Preference, Usage
from producers.optout.vocabulary.signals import SILENCE, Reservation, Statement

Preferences = tuple[tuple[Usage, Preference], ...]
"""What a source states, each usage once."""


def combine_preferences(sources: Iterable[Preferences]) -> Preferences:
    """For each usage: disallowed if any source says so, else allowed if any does.

    Source: draft-ietf-aipref-vocab, section "Combining Preferences".
    """
    combined: dict[Usage, Preference] = {}
    for usage, preference in (said for source in sources for said in source):
        if combined.get(usage) != "disallow":
            combined[usage] = preference
    return tuple(combined.items())


def merged(statements: Iterable[Statement]) -> Statement:
    """One statement that is at least as strict as each of `statements`.

    A reservation outweighs everything; what is not understood outweighs a permission;
    silence adds nothing. The line is that of the deciding statement.
    """
    items = list(statements)
    if not items:
        return SILENCE
    best = max(items, key=_strictness)
    return Statement(
        reservation=_reservation(items),
        stated=combine_preferences(item.stated for item in items),
        line=best.line,
        is_malformed=any(item.is_malformed for item in items),
        is_unread=any(item.is_unread for item in items),
        review=next((item.review for item in items if item.review), ""),
        licence_required=any(item.licence_required for item in items),
        policy=next((item.policy for item in items if item.policy), ""),
    )


def _is_open(statement: Statement) -> bool:
    """Whether something in it is not understood."""
    return bool(statement.is_malformed or statement.is_unread or statement.review)


def _strictness(statement: Statement) -> tuple[bool, bool, bool, bool]:
    said = statement.reservation
    is_yes, says_something = said == "not_reserved", bool(statement.stated)
    return said == "reserved", _is_open(statement), is_yes, says_something


def _reservation(items: list[Statement]) -> Reservation:
    said = {item.reservation for item in items}
    if "reserved" in said:
        return "reserved"
    if "not_reserved" in said and not any(_is_open(item) for item in items):
        return "not_reserved"
    return "unset"
