"""Properties found inside a file, and what of it could not be read.

A tag is a pair (name, value). The names:

    tdm-reservation, tdm-policy   TDMRep
    plus-data-mining              PLUS Data Mining
    training-mining               an entry of a CAWG or C2PA assertion
    linked, linked-manifest       rights, or a C2PA manifest, that lie elsewhere
    rights-prose                  a statement of rights that speaks of mining
    unreadable[-manifest]         metadata is there that cannot be read
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypedDict

from ledger.events.optout import ScanReason
from producers.optout.vocabulary.prose import speaks_of_mining
from producers.optout.vocabulary.signals import SignalError, Statement

VALUE_CHARS_MAX = 2048
"""Longest value that is kept; a longer one breaks every format that is read here."""

PROSE_CHARS_MAX = 512
"""How much of a statement of rights in prose is kept."""

Tag = tuple[str, str]


class _Doubt(TypedDict, total=False):
    """What leaves a statement open."""

    is_malformed: bool
    review: ScanReason


_DOUBTS: tuple[tuple[str, _Doubt], ...] = (
    ("unreadable", {"is_malformed": True}),
    ("linked", {"review": "linked_rights"}),
    ("rights-prose", {"review": "terms_of_use"}),
)
"""By the start of a tag's name, the gravest first."""


def one_line(value: str) -> str:
    """A value in one line of text that can be encoded, cut past `VALUE_CHARS_MAX`."""
    text = " ".join(value.split()).encode("utf-8", "replace").decode()
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:64]} (cut)"


def tdm_tag(local: str, value: str, *, is_exact: bool) -> Tag:
    """A TDMRep property; only a 1 counts in an odd spelling, a 0 is broken there.

    Args:
        local: `reservation` or `policy`.
        value: as written.
        is_exact: whether the property is spelled as the specification says.
    """
    text = one_line(value)
    if local == "reservation" and text != "1" and not is_exact:
        text = f"{text} (odd)"
    return f"tdm-{local}", text


def prose_tags(text: str) -> Iterator[Tag]:
    """A tag for a statement of rights in prose, where a person must read it."""
    if speaks_of_mining(text):
        yield "rights-prose", one_line(text[:PROSE_CHARS_MAX])


def read_tags(read: Callable[[], Iterable[Tag]], unreadable: Tag) -> list[Tag]:
    """The tags that `read` yields, and `unreadable` where it stops at an error."""
    tags: list[Tag] = []
    try:
        tags.extend(read())
    except SignalError:
        tags.append(unreadable)
    return tags


def settle(said: Statement, tags: Sequence[Tag]) -> Statement:
    """`said` of `tags`, unless something unread or elsewhere leaves it open.

    A reservation stands whatever else is there.
    """
    if said.reservation == "reserved":
        return said
    for prefix, doubt in _DOUBTS:
        for number, (name, _) in enumerate(tags, 1):
            if name.startswith(prefix):
                return replace(said, reservation="unset", line=number, **doubt)
    return said
