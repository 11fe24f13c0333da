"""A workspace, producers of it, and what must hold of both afterwards."""

import pytest

from ledger import Ledger
from ledger.format.entry import parse_entry
from ledger.format.submission import parse_submission
from ledger.spool.spool import SPOOL_FOLDER, Spool
from ledger.streams.producer import Producer
from tests.unit.ledger.workshop import Clock, Random, new_workspace, open_ledger
from verifier import verify

STREAM = "shards/worker-1"


@pytest.fixture
def workspace(tmp_path):
    """A fresh workspace."""
    return new_workspace(tmp_path / "acme")


def open_producer(workspace, stream=STREAM, **options):
    """A producer under a clock that stands still."""
    options = {"clock_ms": Clock(), "random_bytes": Random(stream)} | options
    return Producer.open(workspace, stream=stream, **options)


def spool_of(workspace, stream=STREAM):
    """The spool of a stream."""
    return Spool(workspace / SPOOL_FOLDER, stream)


def numbers(workspace):
    """Record numbers of the assignments in the ledger, in order."""
    with open_ledger(workspace) as ledger:
        return [
            int(one.event.record_id, 16)
            for one in ledger.events()
            if hasattr(one.event, "record_id")
        ]


def streams(workspace):
    """Stream and counter of every entry."""
    with Ledger.open(workspace) as ledger:
        texts = [
            parse_submission(parse_entry(row.entry).submission)[0]
            for row in ledger.rows()
        ]
    return [(text.stream, text.counter) for text in texts]


def check_verifies(workspace):
    """The independent verifier finds nothing but events of a map nobody declared."""
    report = verify(workspace / "acme.ledger", level=0)
    assert [] == [str(one) for one in report.findings if not one.rule.startswith("XEV")]


def hide(workspace):
    """Take the ledger away, as a network share that is gone."""
    (workspace / "acme.ledger").rename(workspace / "away")


def bring_back(workspace):
    """Undo `hide`."""
    (workspace / "away").rename(workspace / "acme.ledger")
