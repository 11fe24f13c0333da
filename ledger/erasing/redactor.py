"""Redact event lines: the intent in the ledger first, then the lines themselves.

with Workspace(folder) as workspace:
    Redactor(workspace).redact(["7.3"], reason="retention")

A kill between the two leaves lines that are named and stand in clear; `finish`, and
every later redaction, replaces them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ledger.errors import InputError
from ledger.events import decode_event, type_of
from ledger.events.base import LIST_MAX
from ledger.events.erasure import LinesRedacted, RedactionReason
from ledger.export.event_path import parse_event_id
from ledger.format.redacted import is_redacted
from ledger.format.submission import EVENTS_MAX, split_lines
from ledger.log.redactions import check_redactable, named_lines
from ledger.workspace.workspace import Workspace

_ID_BYTES: Final = 16
_STREAM: Final = "erase"
_DIGEST: Final = re.compile(rb'_sha256":"([0-9a-f]{64})"')


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """An event line that may be redacted.

    Attributes:
        seq: its entry.
        place: its place there.
        name: its event type.
    """

    seq: int
    place: int
    name: str

    @property
    def event_id(self) -> str:
        """`seq.place`."""
        return f"{self.seq}.{self.place}"


class Redactor:
    """Redacts event lines of one workspace's ledger."""

    def __init__(self, workspace: Workspace) -> None:
        """The redactions are signed by the workspace's eraser key."""
        self._workspace = workspace

    def plan(self, event_ids: Iterable[str]) -> list[Line]:
        """The lines that are asked for and still stand in clear, in ledger order.

        Raises:
            InputError: an id is malformed, the ledger has no such event, or a later
                rule may rest on it.
        """
        asked = sorted({parse_event_id(one) for one in event_ids})
        return [line for line in self._lines(asked) if line.name]

    def redact(
        self, event_ids: Iterable[str], *, reason: RedactionReason, erasure_id: str = ""
    ) -> list[tuple[str, str]]:
        """Redact lines, and finish what was begun before; doing it again is success.

        Args:
            event_ids: the events.
            reason: why their lines need not be kept.
            erasure_id: the erasure that they fall under, for reason `erasure` alone.

        Returns:
            Each event with the event that redacted it.

        Raises:
            InputError: as `plan`, or the erasure is unknown, missing or too much.
            LockedError: another process keeps old pages of the file.
        """
        asked = sorted({parse_event_id(one) for one in event_ids})
        self._check_cause(reason, erasure_id)
        ledger = self._workspace.ledger
        named = named_lines(ledger.rows())
        places: dict[int, list[int]] = {}
        for line in self._lines(asked):
            if line.name and (line.seq, line.place) not in named:
                places.setdefault(line.seq, []).append(line.place)
        events = [
            LinesRedacted(
                redaction_id=self._workspace.random_bytes(_ID_BYTES).hex(),
                reason=reason,
                erasure_id=erasure_id,
                entry=seq,
                places=at[start : start + LIST_MAX],
            )
            for seq, at in places.items()
            for start in range(0, len(at), LIST_MAX)
        ]
        for start in range(0, len(events), EVENTS_MAX):
            ledger.append(events[start : start + EVENTS_MAX], stream=_STREAM)
        self.finish()
        named = named_lines(ledger.rows())
        return [
            (f"{seq}.{place}", named.get((seq, place), "no event"))
            for seq, place in asked
        ]

    def finish(self) -> int:
        """Replace every line that an event names and that stands in clear.

        Files under evidence/ that these lines cite go first, while the lines still say
        which; those that another line cites stay.

        Returns:
            How many.

        Raises:
            IntegrityError: an event names a line that may not be redacted.
            LockedError: another process keeps old pages of the file.
        """
        self._delete_evidence()
        return self._workspace.ledger.redact_named()

    def _delete_evidence(self) -> None:
        ledger = self._workspace.ledger
        named = named_lines(ledger.rows())
        cited: set[bytes] = set()
        for seq, place in named:
            row = ledger.row(seq)
            lines = [] if row is None else split_lines(row.events)
            if place < len(lines) and not is_redacted(lines[place]):
                cited.update(_DIGEST.findall(lines[place]))
        if not cited:
            return
        for row in ledger.rows():
            for place, line in enumerate(split_lines(row.events)):
                if (row.seq, place) not in named:
                    cited.difference_update(_DIGEST.findall(line))
        for digest in sorted(cited):
            self._workspace.evidence.delete(digest.decode())

    def _lines(self, asked: list[tuple[int, int]]) -> Iterator[Line]:
        """The lines of events; of redacted ones the type is no longer known."""
        for seq, place in asked:
            row = self._workspace.ledger.row(seq)
            stored = [] if row is None else split_lines(row.events)
            event_id = f"{seq}.{place}"
            if place >= len(stored):
                message = f"event {event_id}: the ledger has no such event"
                raise InputError(message)
            if is_redacted(stored[place]):
                yield Line(seq, place, "")
                continue
            check_redactable(event_id, stored[place])
            yield Line(seq, place, type_of(decode_event(stored[place])))

    def _check_cause(self, reason: RedactionReason, erasure_id: str) -> None:
        if (reason == "erasure") != bool(erasure_id):
            message = "expected an erasure for reason erasure, and for no other reason"
            raise InputError(message)
        if (
            erasure_id
            and erasure_id not in self._workspace.states()["erasures"].erasures
        ):
            message = f"unknown erasure {erasure_id[:32]!r}: see `erasure list`"
            raise InputError(message)
