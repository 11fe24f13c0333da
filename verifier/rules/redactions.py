"""Redacted lines, and the events that name them: STO-5 and XEV-22.

A reader cannot see of what type a redacted line was. So the list of types is short,
and holds only those on which no later rule rests; lines by signers of other families
are never redacted; and of every redacted line the report says that it was not judged.
"""

import json
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Redactions:
    """Which lines were redacted and which were named; by number, seq * 1024 + place.

    Attributes:
        met: lines of which only the leaf hash is left.
        named: lines that an event names, each with the first event that does.
        ids: the ids of these events.
    """

    met: set[int] = field(default_factory=set)
    named: dict[int, int] = field(default_factory=dict)
    ids: set[bytes] = field(default_factory=set)

    def name(self, event: Event, at: int) -> None:
        """Take a `lines_redacted`, by its own number.

        Raises:
            Violation: XEV-22.
        """
        entry, places = int(event["entry"]), json.loads(event["places"])
        if event["redaction_id"] in self.ids:
            raise _refused("a redaction_id that occurs once", event["redaction_id"])
        self.ids.add(event["redaction_id"])
        if entry >= at // EVENTS_MAX:
            raise _refused("an entry before its own", entry)
        if sorted(set(places)) != places:
            raise _refused("ascending places", event["places"])
        for place in places:
            self.named.setdefault(entry * EVENTS_MAX + place, at)

    def unnamed(self) -> list[int]:
        """Return the redacted lines that no event names, in order."""
        return sorted(self.met - self.named.keys())

    def outstanding(self) -> list[int]:
        """Return the lines that are named and stand in clear, in order."""
        return sorted(self.named.keys() - self.met)


def event_id(number: int) -> str:
    """Return the id of the event of a number (EVT-9)."""
    return "{}.{}".format(*divmod(number, EVENTS_MAX))


def _refused(expected: str, found: object) -> Violation:
    return Violation(Code.REDACTION, "XEV-22", expected=expected, found=found)
