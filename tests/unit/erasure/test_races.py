"""What may not happen between two steps of a training or an erasure."""

from dataclasses import replace

import pytest

from ledger.disk.locks import file_lock
from ledger.errors import InputError, LockedError
from producers import wiring
from producers.training import retrain
from tests.unit.workspace.office import train
from verifier import verify


@pytest.fixture
def looked(trained, monkeypatch):
    """Where an ingest was tried, just before a run would start."""
    tries = []

    def look(*args, **kwargs):
        lock = trained.folder / ".ingest.lock"
        with pytest.raises(LockedError), file_lock(lock, what="ingest", wait_seconds=0):
            pass
        tries.append("locked")
        message = "seen enough"
        raise InputError(message)

    monkeypatch.setattr(wiring, "fine_tune", look)
    monkeypatch.setattr(retrain, "fine_tune", look)
    return tries


def test_nothing_is_assigned_between_stock_and_start_of_a_training(trained, looked):
    """A run trains on what was assigned before it started (XEV-11)."""
    with trained.open() as workspace, pytest.raises(InputError, match="seen enough"):
        train(workspace)

    assert ["locked"] == looked


def test_nothing_is_assigned_between_stock_and_start_of_a_retrain(trained, looked):
    """The same for the retrain of an erasure, whose keys are destroyed by then."""
    with pytest.raises(InputError, match="seen enough"):
        trained.erase("jane")

    assert ["locked"] == looked


def test_ingest_may_go_on_once_a_run_is_on_record(trained, monkeypatch):
    """What is assigned during a run belongs to a later one, and the ledger verifies."""
    freed = []

    def look(*args, world, **kwargs):
        def emit(events):
            world.emit(events)
            with file_lock(
                trained.folder / ".ingest.lock", what="ingest", wait_seconds=0
            ):
                freed.append(len(events))

        return original(*args, world=replace(world, emit=emit), **kwargs)

    original = wiring.fine_tune
    monkeypatch.setattr(wiring, "fine_tune", look)
    with trained.open() as workspace:
        train(workspace)

    assert freed
    assert (
        0 == verify(trained.folder / "acme.ledger", root_keys=[trained.vkey]).exit_code
    )
