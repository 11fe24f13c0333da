"""A trained office, and trainings that stop where a test says."""

import pytest

from ledger.records.dataset import Dataset
from producers.retraining.resume import resume as resume_run
from tests.unit.workspace.fixtures import (
    office,
    tiny_training,
    trained,
    trained_once,
)

__all__ = ["office", "tiny_training", "trained", "trained_once"]

pytest.importorskip("torch")


@pytest.fixture
def stop_after(monkeypatch):
    """Train, and interrupt it once a number of slices is on record."""

    def stop(office, slices):
        real = Dataset.publish
        published = []

        def publish(self, event):
            real(self, event)
            published.append(event)
            if len(published) == slices:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Dataset, "publish", publish)
            with pytest.raises(KeyboardInterrupt):
                office.train()
        return published

    return stop


@pytest.fixture
def resume():
    """Resume a run, the newest by default; return the id of the run that goes on."""

    def go_on(office, run_id=""):
        with office.open() as workspace:
            return resume_run(workspace, run_id, progress=office.said.append)

    return go_on
