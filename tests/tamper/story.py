"""One realistic history, from an empty ledger to a certified erasure.

It is a list of steps that a test may change before the ledger is built from them;
fields that follow from others are computed from the unchanged story, so that any
single change breaks exactly the rule that the test names.
"""

from collections.abc import Iterator

from tests.simulator import LedgerSimulator, encode
from tests.tamper.answers import answer
from tests.tamper.chapters import (
    Step,
    begin,
    change_keys,
    erase,
    ingest,
    rotate,
    scan,
    shard,
    train,
)
from tests.tamper.provenance import come_from
from tests.tamper.rights import hear
from tests.tamper.serving import serve


class Story:
    """The steps; change their events, then `build`."""

    def __init__(self, **ledger) -> None:
        self.ledger = LedgerSimulator(**ledger)
        self.steps: list[Step] = []
        parts = (
            begin,
            scan,
            ingest,
            shard,
            train,
            erase,
            rotate,
            change_keys,
            hear,
            come_from,
            answer,
            serve,
        )
        for part in parts:
            self.steps += part(self.ledger)

    def all(self, kind: str) -> list[dict]:
        """All events of a type, named without its family's version."""
        return [e for e in self.events() if e["type"] == kind + ".v1"]

    def one(self, kind: str, number: int = 0) -> dict:
        """One event of a type."""
        return self.all(kind)[number]

    def events(self) -> Iterator[dict]:
        """All events in order."""
        for step in self.steps:
            yield from step.events

    def add(self, stream: str, kind: str, **fields) -> dict:
        """Append a step with one event of a type's fields."""
        event = self.ledger.event(kind + ".v1", **fields)
        self.steps.append(Step(stream, [event]))
        return event

    def repeat(self, event: dict, **changes) -> dict:
        """Append a step that says an event again, changed and with another salt."""
        stream = self.step_of(event).stream
        again = {**event, **self.ledger.event(event["type"]), **changes}
        self.steps.append(Step(stream, [again]))
        return again

    def drop(self, event: dict) -> None:
        """Leave an event out."""
        self.step_of(event).events.remove(event)

    def move_after(self, event: dict, other: dict) -> None:
        """Say an event right after another one of its stream."""
        self.drop(event)
        events = self.step_of(other).events
        events.insert(events.index(other) + 1, event)

    def step_of(self, event: dict) -> Step:
        """The step that holds an event."""
        return next(s for s in self.steps if any(e is event for e in s.events))

    def place(self, event: dict) -> str:
        """`event seq.i` of an event of the story."""
        steps = [step for step in self.steps if step.events]
        for seq, step in enumerate(steps):
            for place, other in enumerate(step.events):
                if other is event:
                    return f"event {seq}.{place}"
        raise LookupError(event)

    def build(self) -> LedgerSimulator:
        """Make the ledger."""
        self._name_redacted()
        for number, step in enumerate(step for step in self.steps if step.events):
            # Now and then one checkpoint covers two entries.
            self.ledger.submit(step.stream, step.events, checkpoint=number % 4 != 2)
            if any(
                e["type"] == "keys.granted.v1" and e["role"] == "log"
                for e in step.events[:2]
            ) and any(e["type"] == "keys.retired.v1" for e in step.events):
                self.ledger.log_seed = "log-1"
                self.ledger.checkpoint()
        self.ledger.checkpoint()
        return self.ledger

    def _name_redacted(self) -> None:
        """Let the redaction name a policy file, where no test said otherwise."""
        for event in self.events():
            if isinstance(event, bytes) or "redaction_id" not in event:
                continue
            if (event["entry"], event["places"]) == (0, [0]):
                place = self.place(self.one("optout.policy_file_fetched"))
                seq, _, index = place.removeprefix("event ").partition(".")
                event.update(entry=int(seq), places=[int(index)])


def encode_all(story: Story) -> list[tuple[str, bytes]]:
    """Type and line of every event."""
    return [(event["type"], encode(event)) for event in story.events()]
