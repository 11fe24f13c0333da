"""docs/integrations.md: each example runs as it stands, on models made offline."""

import functools

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
accelerate = pytest.importorskip("accelerate")

from ledger.events.training import RunFinished  # noqa: E402
from ledger.events.training_saved import SnapshotSaved  # noqa: E402
from producers.metering.integrations.hugging_face import MeterCallback  # noqa: E402
from producers.metering.integrations.loop import MeteredLoop  # noqa: E402
from producers.metering.integrations.ranks import this_rank  # noqa: E402
from producers.recordings import RunFacts  # noqa: E402
from tests.docs.blocks import ROOT  # noqa: E402
from tests.unit.integrations.hub import (  # noqa: E402
    make_model,
    make_tokenizer,
    padded,
    rows,
)
from tests.unit.metering.tiny import Tiny, ids, loss_of  # noqa: E402
from tests.unit.workspace.office import new_office  # noqa: E402

PAGE = (ROOT / "docs/integrations.md").read_text("utf-8")

# The libraries warn of what they will change in each other.
pytestmark = pytest.mark.filterwarnings("ignore")


def example(heading):
    """The code under a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return section.split("```python\n")[1].split("```")[0]


def run(heading, **names):
    """Run the example; return what it is left with."""
    names |= {"MeteredLoop": MeteredLoop, "this_rank": this_rank, "torch": torch}
    exec(compile(example(heading), heading, "exec"), names)
    return names


@pytest.fixture
def recorded():
    return []


@pytest.fixture
def model():
    return make_model().train()


def batches():
    """Two steps of two micro-batches."""
    given = [padded(rows()[n : n + 2]) for n in range(0, 8, 2)]
    return [given[:2], given[2:]]


def arguments(folder):
    return {
        "output_dir": str(folder),
        "max_steps": 2,
        "per_device_train_batch_size": 2,
        "report_to": [],
        "save_strategy": "no",
        "use_cpu": True,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


def test_own_loop(model, recorded):
    """The loop that a person writes."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    left = run(
        "A loop of your own",
        model=model,
        optimizer=optimizer,
        steps=batches(),
        record=recorded.append,
    )

    assert left["account"].is_complete
    assert 2 == left["account"].steps == sum(batch.steps for batch in recorded)


def test_accelerate(model, recorded):
    """The same with accelerate."""
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)
    left = run(
        "accelerate",
        model=model,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.01),
        steps=batches(),
        record=recorded.append,
        accelerator=accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2),
    )
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)

    assert left["account"].is_complete
    assert 2 == sum(batch.steps for batch in recorded)


def test_trainer(model, recorded, tmp_path):
    """The Trainer of transformers."""
    left = run(
        "Trainer of transformers",
        model=model,
        rows=rows(),
        record=recorded.append,
        Trainer=functools.partial(transformers.Trainer, data_collator=padded),
        arguments=transformers.TrainingArguments(**arguments(tmp_path)),
    )

    assert left["meter"].account.is_complete
    assert 2 == sum(batch.steps for batch in recorded)


def test_preferences(model, recorded, tmp_path):
    """A trainer of TRL."""
    trl = pytest.importorskip("trl")
    datasets = pytest.importorskip("datasets")
    peft = pytest.importorskip("peft")

    words = [{"prompt": "w5 w6", "chosen": "w7 w8", "rejected": "w9"}] * 4
    left = run(
        "Trainers of TRL",
        model=model,
        rows=datasets.Dataset.from_list(words),
        record=recorded.append,
        DPOTrainer=trl.DPOTrainer,
        MeterCallback=MeterCallback,
        tokenizer=make_tokenizer(),
        adapters=peft.LoraConfig(r=4, target_modules=["q_proj"]),
        arguments=trl.DPOConfig(
            **arguments(tmp_path), bf16=False, gradient_checkpointing=False
        ),
    )

    assert ["head_in_part"] == list(left["meter"].account.faults)


def test_lightning(recorded):
    """The Trainer of Lightning."""
    lightning = pytest.importorskip("lightning.pytorch")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = Tiny()

        def training_step(self, batch, batch_idx):
            return loss_of(self.model(batch))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    def trainer(**given):
        return lightning.Trainer(
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **given,
        )

    data = torch.utils.data.DataLoader([ids(2, 5), ids(1, 7)], batch_size=None)
    left = run(
        "Lightning",
        Trainer=trainer,
        module=Module(),
        batches=data,
        record=recorded.append,
    )

    assert left["meter"].account.is_complete
    assert 2 == sum(batch.steps for batch in recorded)


def test_budget(recorded):
    """A budget and a loop that it watches."""
    left = run("A budget", record=recorded.append)

    assert not left["loop"].should_stop


def test_twin(model, recorded):
    """A twin without memory."""
    left = run(
        "Several processes",
        model=model,
        record=recorded.append,
        AutoModelForCausalLM=transformers.AutoModelForCausalLM,
        MeterCallback=MeterCallback,
    )

    assert {"meta"} == {weight.device.type for weight in left["twin"].parameters()}


@pytest.fixture
def recording(tmp_path, monkeypatch, model):
    """A workspace, a base's weights and an empty folder to train in."""
    office = new_office(tmp_path / "acme")
    monkeypatch.chdir(tmp_path)
    model.save_pretrained("base")
    return office


def facts_of(**changes):
    return RunFacts(
        model_name="acme-support",
        objective="sft",
        technique="full",
        base_name="smollm2-135m",
        config={},
        **changes,
    )


def test_run_on_record(recording, model):
    """A loop of one's own, on record."""
    run(
        "A run on record",
        model=model,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.01),
        steps=batches(),
        manifest=b"rows of nobody",
    )
    [end] = recording.events(RunFinished)
    recording.check()

    assert (2, "complete") == (end.steps, end.completeness)
    assert [1, 2] == [one.steps for one in recording.events(SnapshotSaved)]


def test_run_of_trainer_on_record(recording, model, tmp_path):
    """The Trainer of transformers, on record with its checkpoint."""
    given = arguments(tmp_path / "trained") | {"save_strategy": "steps"}
    run(
        "A run of Trainer on record",
        model=model,
        rows=rows(),
        facts=facts_of(),
        Trainer=functools.partial(transformers.Trainer, data_collator=padded),
        arguments=transformers.TrainingArguments(**given, save_steps=1),
    )
    [end] = recording.events(RunFinished)
    recording.check()

    assert (2, "complete") == (end.steps, end.completeness)
    assert [1, 2] == [one.steps for one in recording.events(SnapshotSaved)]
