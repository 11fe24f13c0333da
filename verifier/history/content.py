"""What a submission carries: its event lines, their types and what they change."""

import re
from binascii import unhexlify
from collections import Counter
from collections.abc import Collection
from typing import NoReturn

from verifier.doubt import Doubt
from verifier.findings import Code, FindingList, Violation
from verifier.format.entry import Bulk
from verifier.format.submission import EVENTS_MAX, Submission
from verifier.format.tree import root_of
from verifier.keys.changes import declare, rotate
from verifier.keys.ring import KEYS_FAMILY, Grant, KeyRing
from verifier.keys.run_keys import CERTIFIED, TRAINING_FAMILY, certify, check_event
from verifier.rules import BULK, HANDLERS
from verifier.rules.redactions import FAMILIES, LINES_REDACTED
from verifier.rules.state import History
from verifier.rules.streams import Streams
from verifier.schema.lines import (
    LINE_BYTES_MAX,
    Event,
    EventType,
    line_type,
    refuse,
    unknown_type,
)

CREATED = "keys.ledger_created.v1"
_GENESIS_PLACE = (0, 0)
# Families whose events are more than rules across events: they ask who signed them,
# or in which stream, or say what became of lines.
_SPECIAL = frozenset({KEYS_FAMILY, TRAINING_FAMILY, "erasure", "spool"})


class Content:
    """Checks event lines in order and applies them to keys, streams and history.

    Attributes:
        types: how many events of each known type.
        dropped: by stream and reason, how many events its producer dropped.
        judged: events to which the rules of section 9 were applied.
        stopped: why those rules were not applied to later events; empty where
            they were.
    """

    def __init__(
        self,
        *,
        ring: KeyRing,
        streams: Streams,
        history: History,
        findings: FindingList,
        unknown: FindingList,
    ) -> None:
        """Work on the given state."""
        self._ring = ring
        self._streams = streams
        self._history = history
        self._findings = findings
        self._unknown = unknown
        self.types: Counter[str] = Counter()
        self.dropped: dict[str, Counter[str]] = {}
        self.judged = 0
        self.stopped = ""

    def stop(self, reason: str) -> None:
        """Apply no rule across events from here on: what they rest on is not known."""
        self.stopped = self.stopped or reason

    def apply(
        self,
        seq: int,
        submission: Submission,
        lines: list[bytes],
        signer: Grant,
        redacted: Collection[int] = (),
    ) -> None:
        """Check and apply the lines of a submission that is signed and whole.

        Args:
            seq: its entry.
            submission: its header.
            lines: its event lines.
            signer: who signed it.
            redacted: the places of those of which only the leaf hash is left.
        """
        number = seq * EVENTS_MAX
        types, families = self.types, signer.families
        self._history.claimed_at_ms = submission.claimed_at_ms
        for place, line in enumerate(lines):
            kind = line_type(line)
            try:
                if kind is None:
                    if place in redacted:
                        self._redacted_line(seq, place, families)
                    else:
                        self._unknown_line(seq, place, line, families)
                    continue
                whole = line if len(line) <= LINE_BYTES_MAX else b""
                match = kind.pattern.fullmatch(whole)
                if match is None:
                    self.stop(f"after the malformed event {seq}.{place}")
                    _refuse_line(line, kind)
                if kind.family not in families:
                    _refuse_family(kind.family, submission.stream)
                types[kind.name] += 1
                if kind.family in _SPECIAL and not self._apply_special(
                    kind, match, (seq, place), submission.stream, signer
                ):
                    continue
                if not self.stopped:
                    self.judged += 1
                    HANDLERS[kind.name](self._history, match, number + place)
            except Violation as violation:
                self._findings.add(violation.at(f"event {seq}.{place}"))

    def apply_bulk(
        self, seq: int, submission: Submission, bulk: Bulk, signer: Grant
    ) -> None:
        """Apply lines of one type together, in a pass that may only acquit.

        Raises:
            Doubt: `apply` would find something, or this cannot tell.
            Violation: the same.
        """
        if bulk.family not in signer.families:
            raise Doubt
        if bulk.family == TRAINING_FAMILY:
            check_event(self._ring, bulk.gist.run_id, bulk.name, signer=signer)
        self.types[bulk.name] += bulk.count
        if not self.stopped:
            self.judged += bulk.count
            self._history.claimed_at_ms = submission.claimed_at_ms
            BULK[bulk.name].apply(self._history, bulk.gist, seq * EVENTS_MAX)

    def _apply_special(
        self,
        kind: EventType,
        event: Event,
        at: tuple[int, int],
        stream: str,
        signer: Grant,
    ) -> bool:
        """Apply what is no rule across events; return whether such rules are left."""
        if kind.family == "erasure":
            if kind.name == LINES_REDACTED:
                self._history.index.redactions.name(event, at[0] * EVENTS_MAX + at[1])
            return True
        if kind.family == KEYS_FAMILY:
            self._apply_key(*at, kind.name, event)
        elif kind.name == CERTIFIED:
            certify(
                self._ring,
                event,
                at[0],
                signer=signer,
                stream=stream,
                started=unhexlify(event["run_id"]) in self._history.runs,
            )
        elif kind.family == TRAINING_FAMILY:
            check_event(self._ring, event["run_id"], kind.name, signer=signer)
            return True
        else:
            dropped = self.dropped.setdefault(stream, Counter())
            dropped[event["reason"].decode()] += int(event["events"])
        return False

    def _apply_key(self, seq: int, place: int, name: str, event: Event) -> None:
        if (name == CREATED) != ((seq, place) == _GENESIS_PLACE):
            raise Violation(
                Code.GENESIS, "ENT-6", expected=f"{CREATED} as event 0.0", found=name
            )
        match name:
            case "keys.granted.v1":
                self._ring.grant(event, seq)
            case "keys.retired.v1":
                self._ring.retire(event, seq)
            case "keys.rotated.v1":
                rotate(self._ring, event, seq)
            case "keys.compromised.v1":
                declare(self._ring, event, seq)
            case "keys.stream_abandoned.v1":
                self._streams.abandon(event)
            case _:
                return  # the walk created the ring from it, to check its signatures

    def _redacted_line(self, seq: int, place: int, families: frozenset[str]) -> None:
        """Note a line of which only the leaf hash is left (STO-5)."""
        if FAMILIES.isdisjoint(families):
            self.stop(f"after event {seq}.{place}, which is redacted and may not be")
            raise Violation(
                Code.LINE_REDACTED,
                "STO-5",
                expected="no redacted line by a signer of other families than "
                + " and ".join(sorted(FAMILIES)),
                found="a redacted line",
            )
        self._history.index.redactions.meet(seq * EVENTS_MAX + place)

    def _unknown_line(
        self, seq: int, place: int, line: bytes, families: frozenset[str]
    ) -> None:
        where = f"event {seq}.{place}"
        self.stop(f"after {where}, which is malformed or of an unknown type")
        if len(line) > LINE_BYTES_MAX:
            _refuse_length(line)
        family, name = unknown_type(line)
        if family not in families:
            _refuse_family(family, name)
        if family in (KEYS_FAMILY, TRAINING_FAMILY):  # either may grant a key
            self._ring.unsure = self._ring.unsure or where
        self._unknown.add(
            Violation(
                Code.EVENT_UNKNOWN, "EVT-8", expected="a type of format 1", found=name
            ).at(where)
        )


def check_lines(submission: Submission, stored: bytes) -> list[bytes]:
    """Return the event lines, checked against the submission's count and root.

    Raises:
        Violation: STO-3 or SUB-4.
    """
    lines = stored.split(b"\n")
    if lines.pop() != b"":
        raise Violation(
            Code.EVENTS_ROOT,
            "STO-3",
            expected="a newline after the last event",
            found="none",
        )
    if len(lines) != submission.events:
        raise Violation(
            Code.EVENTS_COUNT,
            "SUB-4",
            expected=f"{submission.events} event lines",
            found=len(lines),
        )
    root = root_of(lines)
    if root != submission.events_root:
        raise Violation(
            Code.EVENTS_ROOT,
            "SUB-4",
            expected=f"events_root {submission.events_root.hex()}",
            found=root.hex(),
        )
    return lines


def created_event(lines: list[bytes]) -> re.Match[bytes]:
    """Return the match of event 0.0.

    Raises:
        Violation: ENT-6: it is not a well-formed `keys.ledger_created.v1`.
    """
    line = lines[0]
    kind = line_type(line)
    if kind is None or kind.name != CREATED:
        raise Violation(Code.GENESIS, "ENT-6", expected=CREATED, found=line)
    match = kind.pattern.fullmatch(line)
    if match is None:
        _refuse_line(line, kind)
    return match


def _refuse_line(line: bytes, kind: EventType) -> NoReturn:
    if len(line) > LINE_BYTES_MAX:
        _refuse_length(line)
    raise refuse(line, kind.name)


def _refuse_length(line: bytes) -> NoReturn:
    raise Violation(
        Code.OVER_LIMIT,
        "EVT-1",
        expected=f"at most {LINE_BYTES_MAX} bytes",
        found=f"{len(line)} bytes",
    )


def _refuse_family(family: str, found: str) -> NoReturn:
    rule = "SUB-7" if family == KEYS_FAMILY or found == "root" else "SUB-6"
    raise Violation(
        Code.FAMILY_NOT_ALLOWED,
        rule,
        expected=f"a signer granted the family {family}",
        found=found,
    )


__all__ = ["CREATED", "Content", "check_lines", "created_event"]
