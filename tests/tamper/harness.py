"""What the tamper tests share: verify a simulated ledger, and compare places."""

from copy import deepcopy
from functools import cache

from tests.simulator import LedgerSimulator
from tests.tamper.story import Story
from verifier import verify


def verify_simulated(ledger: LedgerSimulator, folder, *, pinned: bool = True):
    """The report on a ledger, written to a new file in `folder`."""
    path = folder / "acme.ledger"
    path.unlink(missing_ok=True)
    return verify_file(ledger.write(path), ledger, pinned=pinned)


def verify_file(path, ledger: LedgerSimulator, *, pinned: bool = True):
    """The report on a file, under the simulator's root keys."""
    keys = [key.vkey for key in ledger.roots] if pinned else []
    return verify(path, root_keys=keys, root_threshold=ledger.threshold)


@cache
def _told() -> LedgerSimulator:
    return Story().build()


def told_ledger() -> LedgerSimulator:
    """A fresh copy of the ledger of the unchanged story."""
    return deepcopy(_told())


def found(report) -> list[tuple[str, str]]:
    """Code and place of each finding."""
    return [(finding.code.name, finding.where) for finding in report.findings]


def places(report) -> list[str]:
    """The place of each finding."""
    return [finding.where for finding in report.findings]
