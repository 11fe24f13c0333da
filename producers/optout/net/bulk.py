"""Scan a list of any length: many sites at once, each by one worker at a time.

The calling thread reads the list, hands out work and commits results; workers only
look. A host's next URL is handed out once the result of its last one is committed, so
that what was learnt of the host is on record, and no two workers knock at one door.
Memory is bounded: by the window of URLs that are read ahead, and by what workers may
have looked at before it is committed, since a commit can be slower than they are.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from traceback import FrameSummary, extract_tb
from typing import Final, Generic, TypeVar

from ledger.errors import InputError, TuneledgerError
from producers.optout.net.url import parse_url
from producers.ports import Monotonic, Progress

FAILED: Final = "failed"
"""Under what URLs are counted that could not be looked at."""

SCANNED: Final = "scanned"
"""Under what the others are counted."""

CRASHED: Final = "internal_error"
"""Under what URLs are counted at which this program failed: a defect of ours."""

BATCH: Final = 256
"""Most results of one commit."""

BATCH_SECONDS: Final = 1.0
"""How long a result waits for others before it is committed."""

WINDOW: Final = 8192
"""Most URLs that are read ahead: one host's many must not keep the others idle."""

AHEAD: Final = 2 * BATCH
"""Most URLs beyond one for each worker that are looked at, or may be, while a commit
goes on: enough that no worker is idle meanwhile."""

_GRACE_SECONDS: Final = 10.0
"""How long a scan that ends early waits for answers that are under way."""

_ROOT: Final = Path(__file__).parents[3]

Looked = TypeVar("Looked")


def scan_all(
    urls: Iterable[str],
    look: Callable[[str], Looked],
    commit: Callable[[Sequence[Looked]], object],
    *,
    workers: int,
    progress: Progress,
    monotonic: Monotonic = time.monotonic,
) -> Counter[str]:
    """Look at every URL and commit what was seen.

    A URL that cannot be looked at, for whatever reason, is counted, told to `progress`
    by its place in the list, and ends nothing. Of a defect of ours the place in the
    code is told too, and no data. An interrupt, or an error of `urls`, ends the scan
    once what was seen is committed, but for a batch whose commit it cut short: whether
    that is on record only the ledger knows. An error of `commit` ends it at once.

    Args:
        urls: read as far ahead as `WINDOW`.
        look: called from `workers` threads, for one URL of a host at a time.
        commit: called in this thread with 1 .. `BATCH` results in the order in which
            they were ready, each once.
        workers: how many look at the same time. Requires workers >= 1.
        progress: is told of every commit and of every URL that failed.
        monotonic: clock of `BATCH_SECONDS`, seconds.

    Returns:
        How many URLs were `SCANNED`, `FAILED` and `CRASHED`; none of what there is not.
    """
    scan = _Scan(commit, progress, monotonic, workers + AHEAD)
    for _ in range(workers):
        Thread(target=_work, args=(look, scan.todo, scan.done), daemon=True).start()
    try:
        scan.run(enumerate(urls, 1))
    except BaseException:
        scan.finish()
        raise
    finally:
        for _ in range(workers):
            scan.todo.put(None)
    return scan.counts


@dataclass(frozen=True, slots=True)
class _Task:
    line: int
    host: str
    url: str


@dataclass(frozen=True, slots=True)
class _Seen(Generic[Looked]):
    task: _Task
    looked: Looked


@dataclass(frozen=True, slots=True)
class _Failed:
    task: _Task
    error: str
    kind: str = FAILED


_Todo = SimpleQueue[_Task | None]
_Done = SimpleQueue[_Seen[Looked] | _Failed]


def _work(look: Callable[[str], Looked], todo: _Todo, done: _Done[Looked]) -> None:
    while (task := todo.get()) is not None:
        try:
            done.put(_Seen(task, look(task.url)))
        except TuneledgerError as error:
            done.put(_Failed(task, str(error)))
        except OSError as error:  # of the disk: the network's are answers by now
            done.put(_Failed(task, error.strerror or type(error).__name__))
        except Exception as error:  # noqa: BLE001 - a hostile page ends one look only
            done.put(_Failed(task, _report_of(error), CRASHED))


def _report_of(error: Exception) -> str:
    """What went wrong, and where in the code; nothing of the data at hand."""
    places = [_place(frame) for frame in extract_tb(error.__traceback__)]
    # The first is `_work`, which only called what failed.
    ours = [place for place in places[1:] if place.startswith("producers/")]
    place = (ours or places)[-1]
    return f"internal error, please report: {type(error).__name__} at {place}"


def _place(frame: FrameSummary) -> str:
    path = Path(frame.filename)
    is_near = path.is_relative_to(_ROOT)
    name = path.relative_to(_ROOT).as_posix() if is_near else path.name
    return f"{name}:{frame.lineno} ({frame.name})"


class _Scan(Generic[Looked]):
    """The state of a scan; only the calling thread touches it."""

    def __init__(
        self,
        commit: Callable[[Sequence[Looked]], object],
        progress: Progress,
        monotonic: Monotonic,
        under_way_max: int,
    ) -> None:
        self.todo: _Todo = SimpleQueue()
        self.done: _Done[Looked] = SimpleQueue()
        self.counts: Counter[str] = Counter()
        self._commit_batch = commit
        self._progress = progress
        self._monotonic = monotonic
        self._busy: dict[str, list[_Task]] = {}  # hosts, and what waits there
        self._ahead = 0  # read, and neither committed nor failed
        self._ready: deque[_Task] = deque()  # to be handed out, a URL of a host each
        self._under_way = 0  # handed out, and not come back
        self._under_way_max = under_way_max
        self._batch: list[_Seen[Looked]] = []
        self._batch_end = 0.0
        self._is_broken = False

    def run(self, urls: Iterator[tuple[int, str]]) -> None:
        """Scan to the end of the list."""
        while True:
            while self._ahead < WINDOW and (found := next(urls, None)) is not None:
                self._read(*found)
            if self._under_way:
                self._take()
            elif not self._batch:
                return
            is_late = self._monotonic() >= self._batch_end
            is_due = len(self._batch) == BATCH or is_late or not self._under_way
            if self._batch and is_due:
                self._commit()

    def finish(self) -> None:
        """Hand out nothing more, and commit what is there or soon will be."""
        self._ready.clear()
        for waiting in self._busy.values():
            waiting.clear()
        with suppress(Empty):
            while True:
                self.todo.get_nowait()
                self._under_way -= 1
        if self._is_broken:
            return  # what would come back could not be committed
        end = self._monotonic() + _GRACE_SECONDS
        try:
            while self._under_way and (left := end - self._monotonic()) > 0:
                self._add(self.done.get(timeout=left))
        except Empty:
            pass
        finally:
            while self._batch and not self._is_broken:
                self._commit()

    def _read(self, line: int, url: str) -> None:
        try:
            host = parse_url(url).host
        except InputError as error:
            self._fail(line, str(error), FAILED)
            return
        task = _Task(line, host, url)
        self._ahead += 1
        if host in self._busy:
            self._busy[host].append(task)
        else:
            self._busy[host] = []
            self._ready.append(task)
            self._hand_out()

    def _hand_out(self) -> None:
        while self._ready and self._under_way + len(self._batch) < self._under_way_max:
            self._under_way += 1
            self.todo.put(self._ready.popleft())

    def _take(self) -> None:
        """Wait for the next result, but no longer than the batch may."""
        if not self._batch:
            self._add(self.done.get())
            return
        wait_s = max(0.0, self._batch_end - self._monotonic())
        with suppress(Empty):
            self._add(self.done.get(timeout=min(wait_s, BATCH_SECONDS)))

    def _add(self, result: _Seen[Looked] | _Failed) -> None:
        self._under_way -= 1
        if isinstance(result, _Failed):
            self._fail(result.task.line, result.error, result.kind)
            self._release(result.task)
            return
        if not self._batch:
            self._batch_end = self._monotonic() + BATCH_SECONDS
        self._batch.append(result)

    def _fail(self, line: int, error: str, kind: str) -> None:
        self.counts[kind] += 1
        self._progress(f"URL {line}: {error}")

    def _commit(self) -> None:
        batch, self._batch = self._batch[:BATCH], self._batch[BATCH:]
        try:
            self._commit_batch([seen.looked for seen in batch])
        except Exception:
            self._is_broken = True
            raise
        self.counts[SCANNED] += len(batch)
        for seen in batch:
            self._release(seen.task)
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(self.counts.items()))
        total = self.counts.total()
        self._progress(f"{total} {'URL' if total == 1 else 'URLs'}: {counts}")

    def _release(self, task: _Task) -> None:
        self._ahead -= 1
        waiting = self._busy[task.host]
        if waiting:
            self._ready.append(waiting.pop(0))
        else:
            del self._busy[task.host]
        self._hand_out()
