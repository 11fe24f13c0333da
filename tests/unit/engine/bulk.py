"""A ledger of bulk: submissions of one type each, as busy producers send them."""

from tests.simulator import LedgerSimulator
from tests.tamper import chapters, rights
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
        begun = chapters.run_started(sim, RUN, [0, 1])
        self._add("trainer", [begun, chapters.plan_registered(sim, RUN)])
        for first in (0, LINES):
            numbers = range(first, first + LINES)
            batches = [chapters.metered(sim, RUN, n, n % 2, 0) for n in numbers]
            self._add("trainer", batches)

    def _add(self, stream: str, events: list[dict]) -> None:
        self.steps.append(Step(stream, events))


class Rights(Bulk):
    """A run of scans that speak against it, and of decisions on them all the same.

    Every other scan is unknown and was cleared; the others are reserved, and licensed.
    """

    def __init__(self, **ledger) -> None:
        super().__init__(**ledger)
        sim, numbers = self.ledger, range(2 * LINES, 3 * LINES)
        verdicts = {n: "reserved" if n % 2 else "unknown" for n in numbers}
        scans = [chapters.url_scanned(sim, n, verdicts[n]) for n in numbers]
        self._add("scanner", scans)
        cleared = [
            rights.reviewed(sim, n, scan_id=chapters.ident("scan", n))
            for n in numbers[::2]
        ]
        site = chapters.ident("site", 1)
        licence = rights.licensed(sim, sites=[site], overrides=[])
        self._add("governance", [*cleared, licence])
        self._add("ingest", [self._decided(n, verdicts[n]) for n in numbers])

    def _decided(self, number: int, verdict: str) -> dict:
        event = chapters.record_decided(self.ledger, number, "accepted")
        if verdict == "reserved":
            event.update(eu_basis="licence", licence_id=rights.LICENCE)
        return event


def assigned(sim: LedgerSimulator, number: int) -> dict:
    """The assignment of record `number`."""
    return sim.event(
        "shards.record_assigned.v1",
        map_id=MAP,
        record_id=chapters.ident("record", number),
        shard=number % 2,
        slice=0,
    )
