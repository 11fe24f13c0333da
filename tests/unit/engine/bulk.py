"""A ledger of bulk: submissions of one type each, as busy producers send them."""

from tests.simulator import LedgerSimulator
from tests.tamper import chapters
from tests.tamper.chapters import MAP, RUN, Step
from tests.tamper.story import Story

LINES = 12


class Bulk(Story):
    """Two runs of scans, decisions and assignments, and two of metered batches."""

    def __init__(self, **ledger) -> None:
        self.ledger = sim = LedgerSimulator(**ledger)
        self.steps = chapters.begin(sim)
        self.steps.append(chapters.scan(sim)[0])
        for first in (0, LINES):
            numbers = range(first, first + LINES)
            self._add("scanner", [chapters.url_scanned(sim, n) for n in numbers])
            decided = [chapters.record_decided(sim, n, "accepted") for n in numbers]
            self._add("ingest", decided)
        self.steps.append(Step("sharder", [chapters.shard(sim)[0].events[0]]))
        for first in (0, LINES):
            numbers = range(first, first + LINES)
            self._add("sharder", [assigned(sim, n) for n in numbers])
        self._add("trainer", [chapters.run_started(sim, RUN, [0, 1])])
        for first in (0, LINES):
            numbers = range(first, first + LINES)
            batches = [chapters.metered(sim, RUN, n, n % 2, 0) for n in numbers]
            self._add("trainer", batches)

    def _add(self, stream: str, events: list[dict]) -> None:
        self.steps.append(Step(stream, events))


def assigned(sim: LedgerSimulator, number: int) -> dict:
    """The assignment of record `number`."""
    return sim.event(
        "shards.record_assigned.v1",
        map_id=MAP,
        record_id=chapters.ident("record", number),
        shard=number % 2,
        slice=0,
    )
