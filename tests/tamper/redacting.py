"""Redactions in a simulated ledger, true or forged."""

from copy import deepcopy
from functools import cache

from tests.simulator import LedgerSimulator, leaf
from tests.tamper.chapters import ident
from tests.tamper.story import Story


def unnamed_ledger() -> LedgerSimulator:
    """A fresh copy of the ledger of the story without its own redaction."""
    return deepcopy(_unnamed())


@cache
def _unnamed() -> LedgerSimulator:
    story = Story()
    story.drop(story.one("erasure.lines_redacted"))
    return story.build()


def place_of(kind: str, number: int = 0) -> tuple[int, int]:
    """Entry and place of an event of the story."""
    story = Story()
    text = story.place(story.one(kind.removesuffix(".v1"), number))
    seq, _, place = text.removeprefix("event ").partition(".")
    return int(seq), int(place)


def lines_of(ledger, seq: int) -> list[bytes]:
    return ledger.entries[seq][1].split(b"\n")[:-1]


def put(ledger, seq: int, place: int, line: bytes) -> None:
    """Store another line, as whoever can write the file does."""
    lines = lines_of(ledger, seq)
    lines[place] = line
    ledger.entries[seq] = (
        ledger.entries[seq][0],
        b"".join(one + b"\n" for one in lines),
    )


def hide(ledger, seq: int, place: int) -> None:
    """Leave the leaf hash of a line."""
    left = leaf(lines_of(ledger, seq)[place]).hex()
    put(ledger, seq, place, f"redacted {left}".encode())


def name(ledger, seq: int, *places: int, **changes) -> str:
    """Let the eraser name lines; return the place of the event."""
    event = ledger.event(
        "erasure.lines_redacted.v1",
        **{
            "redaction_id": ident("redaction", ledger.salts),
            "reason": "retention",
            "erasure_id": "",
            "entry": seq,
            "places": list(places),
            **changes,
        },
    )
    return f"event {ledger.submit('eraser', [event])}.0"
