"""A workspace that trains in parts, checkpointed and in bf16: proofs hold as ever."""

import pytest

pytest.importorskip("torch")

from ledger.errors import InputError
from ledger.events.erasure import ErasureVerified
from ledger.events.training import RunFinished, RunStarted
from producers import wiring
from producers.retraining.verify import verify_weights
from producers.training import devices
from producers.training.choose import NOTHING_CHOSEN, Choices
from producers.training.recipe import parse_recipe
from producers.training.settings import Compute
from tests.unit.workspace.office import BASE_TEXT, RECORDS, new_office

CHOSEN = Choices(precision="bf16", checkpointing=True, accumulate=2)


def train(office, choices):
    with office.open() as workspace:
        return wiring.train(
            workspace,
            base_text=lambda: BASE_TEXT,
            choices=choices,
            progress=office.said.append,
        )


@pytest.fixture
def office(tmp_path):
    """An office that chose how passes are done."""
    office = new_office(tmp_path / "office")
    office.ingest(RECORDS)
    train(office, CHOSEN)
    return office


def computes(office):
    """How passes were done in each run of shards, by its recipe."""
    with office.open() as workspace:
        return [
            parse_recipe(workspace.evidence.get(one.recipe_sha256)).settings.passes
            for one in office.events(RunStarted)
            if one.technique == "lora"
        ]


def test_erasure_and_verification_repeat_the_bits(office):
    """The retrain carries the choices, and clean processes give its weights again."""
    office.erase("jane")
    with office.open() as workspace:
        checked = verify_weights(workspace, "", progress=office.said.append)
    chosen = Compute(precision="bf16", checkpointing=True, accumulate=2)

    assert ["bitwise_equal"] == [
        one.exactness for one in office.events(ErasureVerified)
    ]
    assert {"bitwise_equal"} == {one.outcome for one in checked}
    assert {"complete"} == {one.completeness for one in office.events(RunFinished)}
    assert {chosen} == set(computes(office))
    office.check()


def test_choices_stay_until_others_are_made(office):
    """Who says nothing trains as last time; a default that is named ends a choice."""
    train(office, NOTHING_CHOSEN)
    train(office, Choices(precision="fp32", checkpointing=False, accumulate=1))
    first, second, third = computes(office)

    assert first == second
    assert Compute() == third


def test_gpu_that_is_not_here_begins_no_run(office, monkeypatch):
    """What is asked for and missing is said before the first event."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    before = len(office.events(RunStarted))

    with pytest.raises(InputError, match="device: expected a GPU"):
        train(office, Choices(device="cuda"))
    assert before == len(office.events(RunStarted))


def test_weights_of_a_gpu_are_not_repeated_elsewhere(office, monkeypatch):
    """The verdict is the weaker level; here the run that trained had a GPU."""
    monkeypatch.setattr(devices, "check_device", lambda _: None)
    monkeypatch.setattr(devices, "accelerator", lambda _: ("a GPU of another machine",))
    monkeypatch.setattr("producers.training.run.train_in_workers", _on_processor)
    train(office, Choices(device="cuda"))
    monkeypatch.undo()
    with office.open() as workspace:
        checked = verify_weights(workspace, "", progress=office.said.append)

    assert {("not_re_executable_here", "another accelerator")} == {
        (one.outcome, one.detail) for one in checked
    }


def _on_processor(jobs, *, on_step, on_slice, **_):
    """Weights of nothing trained, which a machine with a GPU would have made."""
    del on_step
    for job in jobs:
        for number in range(job.slice_first, len(job.slices)):
            on_slice(job.shard, number, b"weights of %d %d" % (job.shard, number))
