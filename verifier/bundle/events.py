"""Event lines of receipts, read by the tables of docs/events.md."""

from dataclasses import dataclass

from verifier.bundle.findings import placed
from verifier.bundle.receipts import Receipt, ShownEvent
from verifier.findings import Code, Violation
from verifier.schema.lines import (
    LINE_BYTES_MAX,
    Event,
    line_type,
    refuse,
    unknown_type,
)


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """One event that its line spells.

    Attributes:
        where: `event 7.3`.
        family: the first part of its type.
        name: its type.
        fields: its fields, or None for a type that this reader does not know.
    """

    where: str
    family: str
    name: str
    fields: Event | None


def read_event(receipt: Receipt, shown: ShownEvent) -> ReadEvent:
    """Read one event line.

    Raises:
        BundleViolation: the line breaks section 3 of docs/spec.md.
    """
    line, where = shown.line, f"event {receipt.index}.{shown.index}"
    with placed(where):
        if len(line) > LINE_BYTES_MAX:
            raise Violation(
                Code.OVER_LIMIT,
                "EVT-1",
                expected=f"at most {LINE_BYTES_MAX} bytes",
                found=len(line),
            )
        known = line_type(line)
        if known is None:
            family, name = unknown_type(line)
            return ReadEvent(where, family, name, None)
        fields = known.pattern.fullmatch(line)
        if fields is None:
            raise refuse(line, known.name)
        return ReadEvent(where, known.family, known.name, fields)
