"""Redacted lines, and the events that name them: STO-5 and XEV-22.

A reader cannot see of what type a redacted line was. So the list of types is short,
and holds only those on which no later rule rests; lines by signers of other families
are never redacted; and of every redacted line the report says that it was not judged.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from verifier.findings import Code, Violation
from verifier.format.submission import EVENTS_MAX
from verifier.schema.lines import Event

LINES_REDACTED = "erasure.lines_redacted.v1"

REDACTABLE = frozenset(
    {
        "erasure.measure_taken.v1",
        "erasure.recipients_notified.v1",
        "optout.policy_file_fetched.v1",
    }
)
"""The types whose lines may be redacted."""

FAMILIES = frozenset(name.partition(".")[0] for name in REDACTABLE)
"""Families with such a type."""

SCHEMA = """
CREATE TABLE redacted (number INTEGER PRIMARY KEY, met INTEGER, by INTEGER);
CREATE TABLE redaction (id BLOB PRIMARY KEY) WITHOUT ROWID;
"""

_NAME = """
INSERT INTO redacted VALUES (?, 0, ?)
ON CONFLICT (number) DO UPDATE SET by = coalesce(by, excluded.by)
"""
_MEET = """
INSERT INTO redacted VALUES (?, 1, NULL)
ON CONFLICT (number) DO UPDATE SET met = 1
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says of redacted lines; by number, seq * 1024 + place.

    Attributes:
        total: how many lines were met redacted, or named.
        met: of how many only the leaf hash is left.
        unnamed: how many of those no event names.
        events: how many events name the others.
        first: the first lines, each with whether it was met, and who names it.
    """

    total: int = 0
    met: int = 0
    unnamed: int = 0
    events: int = 0
    first: tuple[tuple[int, bool, int | None], ...] = ()


class Redactions:
    """Which lines were met redacted, and which were named, in tables of the index.

    Lines and events go by number, seq * 1024 + place. Of several events that name a
    line the first is kept.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a database with the tables of `SCHEMA`."""
        self._db = db

    def meet(self, number: int) -> None:
        """Take a line of which only the leaf hash is left."""
        self._db.execute(_MEET, (number,))

    def name(self, event: Event, at: int) -> None:
        """Take a `lines_redacted`, by its own number.

        Raises:
            Violation: XEV-22.
        """
        entry, places = int(event["entry"]), json.loads(event["places"])
        added = self._db.execute(
            "INSERT OR IGNORE INTO redaction VALUES (?)", (event["redaction_id"],)
        )
        if added.rowcount != 1:
            raise _refused("a redaction_id that occurs once", event["redaction_id"])
        if entry >= at // EVENTS_MAX:
            raise _refused("an entry before its own", entry)
        if sorted(set(places)) != places:
            raise _refused("ascending places", event["places"])
        self._db.executemany(
            _NAME, [(entry * EVENTS_MAX + place, at) for place in places]
        )

    def unnamed(self) -> Iterator[int]:
        """Yield the redacted lines that no event names, in order."""
        query = "SELECT number FROM redacted WHERE by IS NULL ORDER BY number"
        for (number,) in self._db.execute(query):
            yield number

    def outstanding(self) -> Iterator[tuple[int, int]]:
        """Yield the lines that stand in clear, each with the event that names it."""
        query = "SELECT number, by FROM redacted WHERE met = 0 ORDER BY number"
        yield from self._db.execute(query)

    def told(self, listed_max: int) -> Told:
        """Return what a report says of them, with at most so many lines by name."""
        total, met, unnamed, events = self._db.execute(
            "SELECT count(*), coalesce(sum(met), 0), coalesce(sum(by IS NULL), 0),"
            " count(DISTINCT CASE WHEN met THEN by END) FROM redacted"
        ).fetchone()
        rows = self._db.execute(
            "SELECT number, met, by FROM redacted ORDER BY number LIMIT ?",
            (listed_max,),
        )
        first = tuple((number, bool(is_met), by) for number, is_met, by in rows)
        return Told(total, met, unnamed, events, first)


def event_id(number: int) -> str:
    """Return the id of the event of a number (EVT-9)."""
    return "{}.{}".format(*divmod(number, EVENTS_MAX))


def _refused(expected: str, found: object) -> Violation:
    return Violation(Code.REDACTION, "XEV-22", expected=expected, found=found)
