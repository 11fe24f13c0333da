"""How a ledger is read: in the fastest way that can vouch for it, or else plainly.

1. Resumed: from where an earlier run ended, whose state lies beside the pin; what it
   read is only hashed, to see that it is still the same.
2. Fast: many lines at a time, and in several processes if so asked.
3. Plain: every entry from the first, line by line, in this process.

The first two may only acquit. In any doubt the next one begins from the start, so what
is found, and where, is always what the plain pass finds.
"""

import sqlite3
from collections.abc import Collection, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from errno import ENOSPC
from functools import partial
from itertools import islice

from verifier.clock import utc
from verifier.doubt import Doubt, NoFindings
from verifier.findings import Code, FindingList, Violation
from verifier.format.entry import Entry, read_entry
from verifier.history import workers
from verifier.history.reading import look_at
from verifier.history.resume import StateFile, UnusableStateError, find_place
from verifier.history.standing import Standing
from verifier.history.walk import Progress, Walk
from verifier.history.workers import KEYS_MAX, Keys, read_ahead
from verifier.keys.ring import KeyRing
from verifier.report.verdict import Report
from verifier.rules.index import Index
from verifier.rules.late_index import LateIndex
from verifier.rules.state import History
from verifier.store.storage import DAMAGED, LedgerFile


def read_ledger(
    file: LedgerFile,
    report: Report,
    *,
    jobs: int = 1,
    state: StateFile | None = None,
    full: bool = False,
    now_ms: int = 0,
    watch: Collection[int] = (),
    progress: Progress | None = None,
) -> Walk | None:
    """Check structure, entries, events and checkpoints of a ledger with its tables.

    Findings and unknown events go into the report, and a line on what was not read
    again. Where there are none of either, a new state is written.

    Args:
        file: the ledger.
        report: takes what is found.
        jobs: worker processes; with 1, this process does everything.
        state: the file of the saved state; None for none.
        full: whether to judge all entries though an earlier run left its state.
        now_ms: the reader's clock, Unix milliseconds.
        watch: sizes of which `Walk.watched` shall tell.
        progress: called after each entry with the number of entries so far, which
            falls where a pass ends in doubt and another begins.

    Returns:
        What the pass established; None where the file itself is not sound.

    Raises:
        BrokenProcessPool: a worker process was killed.
        OSError: there is no space for the temporary index.
        ValueError: `jobs` is less than 1.
    """
    if jobs < 1:
        message = f"{jobs} jobs: expected at least 1"
        raise ValueError(message)
    state = state or StateFile()
    way = _Way(file, report, jobs, tuple(watch), progress)
    for finding in file.findings():
        report.findings.add(finding)
    if len(report.findings):
        return None
    if state.path is not None and state.path.exists() and not full:
        walk = way.resume(state, now_ms)
        if walk is not None:
            return walk
    return way.acquit(state, now_ms) or way.read_plainly()


@dataclass(frozen=True, slots=True)
class _Way:
    """The three passes over one ledger."""

    file: LedgerFile
    report: Report
    jobs: int
    watch: Collection[int]
    progress: Progress | None

    def resume(self, state: StateFile, now_ms: int) -> Walk | None:
        """Read what follows a saved state; return None in any doubt."""
        try:
            with state.opened() as (saved, index):
                place = find_place(saved, self.file, self.watch)
                walk, unknown = self._vouch(index, saved.standing)
                walk.heads.last_good = walk.heads.last_good or place
                if walk.entries > walk.resumed and not len(unknown):
                    self._write(state, walk, since_ms=saved.since_ms, until_ms=now_ms)
        except UnusableStateError as error:
            self.report.not_checked.append(
                f"less for the state of the last run, which cannot be used: {error}"
            )
            return None
        except (Doubt, Violation, *DAMAGED):
            return None
        self.report.unknown = unknown
        self.report.not_checked.append(
            f"signatures and rules of entries 0 to {walk.resumed - 1} again: their"
            f" bytes are those that were in order {utc(saved.since_ms)} to"
            f" {utc(saved.until_ms)}; --full checks them again"
        )
        return walk

    def acquit(self, state: StateFile, now_ms: int) -> Walk | None:
        """Read many lines at a time; return None in any doubt."""
        try:
            with closing(LateIndex()) as index:
                walk, unknown = self._vouch(index, Standing())
                index.settle()
                if not len(unknown):
                    self._write(state, walk, since_ms=now_ms, until_ms=now_ms)
        except (Doubt, Violation, *DAMAGED):
            return None
        self.report.unknown = unknown
        return walk

    def read_plainly(self) -> Walk | None:
        """Read each entry, line by line, and make the findings."""
        try:
            with closing(Index()) as index:
                walk = Walk(self.file, self.report, History(index), watch=self.watch)
                walk.run(self.progress)
                return walk
        except DAMAGED as error:
            _check_space(error)
            violation = Violation(
                Code.FILE_INTEGRITY, "STO-2", expected="readable rows", found=error
            )
            self.report.findings.add(violation.at("file"))
            return None

    def _vouch(self, index: Index, standing: Standing) -> tuple[Walk, FindingList]:
        """Make a pass that may only acquit, after the entries of a standing.

        Returns:
            The pass, and the events of unknown types.
        """
        trial = Report(self.report.path, self.report.level_asked)
        trial.findings = NoFindings()
        history = History(
            index,
            policies=standing.policies,
            datasets=standing.datasets,
            maps=standing.maps,
            runs=standing.runs,
            erasures=standing.erasures,
            condemned=set().union(*(one.whole for one in standing.erasures.values())),
        )
        walk = Walk(self.file, trial, history, standing=standing, watch=self.watch)
        with closing(self._entries(walk)) as entries:
            walk.run(self.progress, entries)
        if walk.entries != self.file.count_rows()[0]:
            raise Doubt
        return walk, trial.unknown

    def _entries(self, walk: Walk) -> Generator[Entry, None, None]:
        """Yield the entries after those that the walk knows, each looked at."""
        first, rows = walk.entries, self.file.count_rows()[0]
        # Workers begin late: they are told the keys, which the first entries grant.
        alone = rows if self.jobs == 1 else min(rows, first + workers.ENTRIES_EACH)
        for row in islice(self.file.entries(first), alone - first):
            entry = look_at(read_entry(row))
            if row.seq == walk.resumed > 0:
                _check_seam(walk, entry)
            yield entry
        if alone < rows:
            keys = partial(_keys, walk.ring)
            with closing(read_ahead(self.file, alone, self.jobs, keys)) as parts:
                for part in parts:
                    walk.heads.ahead.update(part.checkpoints)
                    yield from map(self._taken, part.entries)

    def _taken(self, handed: Entry | int) -> Entry:
        """Return an entry that a worker handed over, or that it leaves to the walk."""
        if isinstance(handed, int):
            row = next(self.file.entries(handed), None)
            if row is None:
                raise Doubt
            return look_at(read_entry(row))
        if handed.bulk is not None:
            return handed
        return replace(handed, lines=handed.row.events[:-1].split(b"\n"))

    def _write(
        self, state: StateFile, walk: Walk, *, since_ms: int, until_ms: int
    ) -> None:
        try:
            state.write(walk, self.file, since_ms=since_ms, until_ms=until_ms)
        except (OSError, sqlite3.Error) as error:
            self.report.not_checked.append(
                f"less next time: the state could not be saved ({error})"
            )


def _check_space(error: Exception) -> None:
    """Raise where it is the reader's disk that is full: no fault of the ledger."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        raise OSError(ENOSPC, "no space for the temporary index") from error


def _check_seam(walk: Walk, entry: Entry) -> None:
    """Check that the first entry after a saved state links to the last one in it."""
    if entry.header is None or entry.header.previous != walk.head:
        raise Doubt
    walk.chain.links += 1


def _keys(ring: KeyRing) -> Keys:
    """Return what a worker is told of the keys."""
    newest = islice(reversed(ring.grants.items()), KEYS_MAX)
    return {
        **{(key.name, key.key_id): key.public_key for key in ring.roots},
        **{place: grant.key.public_key for place, grant in newest},
    }
