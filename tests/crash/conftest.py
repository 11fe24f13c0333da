"""A workspace that children append to, and what must hold of it afterwards."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger import Ledger
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.submission import parse_submission
from tests.unit.ledger.workshop import new_workspace
from verifier import verify

APPENDER = Path(__file__).with_name("appender.py")


@pytest.fixture
def workspace(tmp_path):
    """A fresh workspace."""
    return new_workspace(tmp_path / "acme")


@contextmanager
def appender(workspace, stream="shards", count=1_000_000, *more):
    """A child that appends; it is gone when the block ends."""
    command = [sys.executable, APPENDER, workspace, stream, str(count), *map(str, more)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert "ready\n" == child.stdout.readline()
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def receipts(lines):
    """Seq and leaf of each whole receipt line; a line cut by a kill is left out."""
    whole = (line.split() for line in lines if line.endswith("\n"))
    return [(int(seq), leaf) for seq, leaf in whole]


def check_verifies(workspace):
    """The independent verifier finds nothing wrong under the pinned root key."""
    with Ledger.open(workspace) as ledger:
        root_keys = ledger.root_keys
    check_file_verifies(workspace, root_keys)


def check_file_verifies(workspace, root_keys):
    """The same for a file that no writer has opened since the crash.

    The appender's events name a map that nobody declared, so rules across events
    (docs/spec.md, section 9) are reported; every other rule must hold.
    """
    report = verify(workspace / "acme.ledger", root_keys=root_keys)
    assert [] == [str(one) for one in report.findings if not one.rule.startswith("XEV")]


def check_holds(workspace, printed):
    """Every printed receipt is there, and every stream counts without a gap."""
    with Ledger.open(workspace) as ledger:
        rows = list(ledger.rows())
        assert len(list(ledger.events())) > 0
        assert len(rows) == ledger.size
    leaves = {row.seq: entry_leaf(row.entry).hex() for row in rows}
    assert list(range(len(rows))) == list(leaves)
    assert [] == [one for one in printed if leaves.get(one[0]) != one[1]]
    counters = {}
    for row in rows:
        text, _ = parse_submission(parse_entry(row.entry).submission)
        assert counters.get(text.stream, 0) == text.counter
        counters[text.stream] = text.counter + 1
