"""The passes of the engine, one at a time."""

import pickle
from concurrent.futures import Future
from contextlib import closing

from verifier import UnreadableLedgerError
from verifier.history.engine import read_ledger
from verifier.history.plain import to_plain
from verifier.history.resume import StateFile, standing_of
from verifier.history.walk import Walk
from verifier.report.verdict import Report
from verifier.rules.index import Index
from verifier.rules.state import History
from verifier.store.file import open_ledger


def read(path, *, state=None, keep=True, **options):
    """Report and pass of `read_ledger` over a file, in its fastest way."""
    report = Report(str(path), 0)
    with open_ledger(path) as file, StateFile(state) as kept:
        walk = read_ledger(file, report, state=kept, **options)
        if keep:
            kept.keep()
    return report, walk


def read_plainly(path):
    """Report and pass of the plain way."""
    report = Report(str(path), 0)
    with open_ledger(path) as file, closing(Index()) as index:
        walk = Walk(file, report, History(index))
        walk.run(None)
    return report, walk


def facts(walk) -> dict:
    """All that a pass established, but how."""
    return to_plain(standing_of(walk))


def shown(report) -> tuple:
    """All that a report says of a ledger."""
    return (
        [str(finding) for finding in report.findings],
        report.findings.total,
        [str(finding) for finding in report.unknown],
    )


class HerePool:
    """A pool in this process: what goes in and out is pickled, as between processes."""

    def __init__(self, jobs: int, **_: object) -> None:
        self.jobs = jobs

    def submit(self, work, task) -> Future:
        future: Future = Future()
        try:
            done = work(pickle.loads(pickle.dumps(task)))
            future.set_result(pickle.loads(pickle.dumps(done)))
        except UnreadableLedgerError as error:
            future.set_exception(error)
        return future

    def shutdown(self, *, cancel_futures: bool) -> None:
        self.jobs = 0
