"""A watch works off marks as they come, and waits in between."""

import os
import signal
import subprocess
import sys

import pytest

from ledger.errors import LockedError
from ledger.events.erasure import ErasureCertified
from ledger.events.training import RunFailed, RunStarted
from producers.retraining.pending import Wanted
from producers.retraining.watch import watch
from producers.training.errors import TrainingError
from producers.training.retrain import Retrainer
from tests.crash.killing import ROOT


class EnoughError(Exception):
    """Raised by the last wait."""


def look(office, *between, wanted=None):
    """Watch, doing something at each wait; return what was reported, and what said."""
    reports, said = [], []
    doings = iter(between)

    def wait():
        try:
            next(doings)()
        except StopIteration:
            raise EnoughError from None

    with pytest.raises(EnoughError):
        watch(
            office.open,
            wanted or Wanted(),
            wait=wait,
            report=lambda _workspace, worked: reports.append(worked),
            progress=said.append,
        )
    return reports, said


def nothing():
    """A wait in which nothing happens."""


def test_nothing_to_do(trained):
    """The ledger is looked at, and not again until it grows."""
    size = len(trained.events())
    reports, _ = look(trained, nothing, nothing)

    assert 1 == len(reports)
    assert size == len(trained.events())


def test_a_mark_that_comes(trained):
    """It is worked off at the next look, once."""
    starts = len(trained.events(RunStarted))
    look(
        trained,
        lambda: trained.erase("jane", retrain=False),
        nothing,
        lambda: trained.erase("dan", retrain=False),
        nothing,
    )

    assert 2 == len(trained.events(ErasureCertified))
    assert 2 == len(trained.events(RunStarted)) - starts
    trained.check()


def test_a_failed_mark_is_not_tried_again(trained, monkeypatch):
    """Not even when the ledger grows; another mark is still worked off."""
    tried = []

    def fail(_self, erasure_id, _shards):
        tried.append(erasure_id)
        message = "worker of shard 0: no"
        raise TrainingError(message)

    monkeypatch.setattr(Retrainer, "retrain", fail)
    first = trained.erase("jane", retrain=False).erasure_id
    look(trained, nothing, lambda: trained.erase("dan", retrain=False), nothing)

    assert 2 == len(tried) == len(set(tried))
    assert first == tried[0]


def test_while_another_trains(trained, monkeypatch):
    """It says once that it waits, and works when the other is done."""
    trained.erase("jane", retrain=False)
    locked = [True, True, False]
    opened = trained.open

    def open_(self):
        workspace = opened()
        if locked.pop(0):
            workspace.__exit__(None, None, None)
            message = "train is running in another process"
            raise LockedError(message)
        return workspace

    monkeypatch.setattr(type(trained), "open", open_)
    _, said = look(trained, nothing, nothing)

    assert 1 == said.count("waiting: train is running in another process")
    monkeypatch.undo()
    assert 1 == len(trained.events(ErasureCertified))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_ended_by_a_signal(trained, number):
    """Exit code 130, with what was running on record."""
    trained.erase("jane", retrain=False)
    command = [sys.executable, "-m", "tests.unit.workspace.child"]
    arguments = ["retrain", "--watch", "3600", "-w", str(trained.folder)]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as child:
        try:
            # The commands' own output goes to stderr there.
            while not (line := child.stderr.readline()).startswith(b"erasure "):
                assert line, "ended before it had worked off the mark"
            child.send_signal(number)
            _, said = child.communicate()
        finally:
            child.kill()

    assert 130 == child.returncode, said
    assert [] == trained.events(RunFailed)
    assert 1 == len(trained.events(ErasureCertified))
