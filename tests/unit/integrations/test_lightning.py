"""Lightning's Trainer with a meter in it: to the integer, and no harm."""

import importlib.util

import pytest

torch = pytest.importorskip("torch")
if importlib.util.find_spec("lightning"):
    lightning = pytest.importorskip("lightning.pytorch")
else:
    lightning = pytest.importorskip("pytorch_lightning")

from producers.metering.integrations.budget import Budget, BudgetGuard  # noqa: E402
from producers.metering.integrations.lightning import MeterCallback  # noqa: E402
from producers.metering.integrations.loop import MeteredLoop  # noqa: E402
from tests.unit.metering.live import LiveCounter  # noqa: E402
from tests.unit.metering.tiny import Tiny, ids, loss_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of what Lightning advises

SHAPES = ((2, 7), (1, 4), (3, 5), (2, 7), (1, 9), (2, 2))


class Module(lightning.LightningModule):
    """Trains a tiny model, and counts each micro-batch by its operations."""

    def __init__(self, model=None):
        super().__init__()
        self.live = LiveCounter()
        self.model = model or Tiny()

    def training_step(self, batch, batch_idx):
        return loss_of(self.model(batch))

    def validation_step(self, batch, batch_idx):
        self.model(batch)

    def on_train_batch_start(self, batch, batch_idx):
        self.live.__enter__()

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.live.__exit__(None, None, None)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class Late(Module):
    """Makes its model when a strategy asks for it."""

    def __init__(self):
        super().__init__()
        del self.model

    def configure_model(self):
        self.model = Tiny()


class Itself(Module):
    """Is its own model."""

    def __init__(self):
        super().__init__()
        self.inner = self.model
        del self.model

    def forward(self, input_ids):
        return self.inner(input_ids)

    def training_step(self, batch, batch_idx):
        return loss_of(self(batch))

    def validation_step(self, batch, batch_idx):
        self(batch)


class Taught(Module):
    """Asks its model without gradients first, as it would a teacher."""

    def training_step(self, batch, batch_idx):
        with torch.no_grad():
            self.model(batch)
        return loss_of(self.model(batch))


def fit(folder, module, callback, **options):
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=1,
        logger=False,
        enable_checkpointing=options.pop("enable_checkpointing", False),
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(folder),
        callbacks=[callback],
        **options,
    )
    data = torch.utils.data.DataLoader([ids(*s) for s in SHAPES], batch_size=None)
    held_out = torch.utils.data.DataLoader([ids(2, 3)], batch_size=None)
    trainer.fit(module, data, held_out)
    return trainer


@pytest.mark.parametrize("accumulate", [1, 2, 4], ids="by-{}".format)
@pytest.mark.parametrize(
    ("make", "name"),
    [(Module, "model"), (Late, "model"), (Itself, "")],
    ids=["inside", "made-late", "itself"],
)
def test_count_is_exact(tmp_path, make, name, accumulate):
    """Ragged batches, accumulation and validation: as many FLOP as ran."""
    module = make()
    callback = MeterCallback(model=name)
    trainer = fit(tmp_path, module, callback, accumulate_grad_batches=accumulate)
    account = callback.account
    flop = account.flop

    assert account.is_complete
    assert trainer.global_step == account.steps
    assert module.live.forward == flop["forward"]
    assert module.live.backward == flop["backward"] + flop["recompute"]
    assert flop["evaluation"] > 0


@pytest.mark.parametrize("make", [Module, Taught])
def test_passes_without_gradients(tmp_path, make):
    """Those of a training step are a reference's, also if Lightning validates in it."""
    callback = MeterCallback()
    options = {"accumulate_grad_batches": 4, "val_check_interval": 3}
    fit(tmp_path, make(), callback, **options)
    account = callback.account
    (plan,) = callback.loop.meter.plans

    assert account.is_complete
    # Before the training, in its middle and at its end.
    assert 3 * plan.inference.at(2, 3) == account.flop["evaluation"]
    taught = sum(plan.inference.at(*shape) for shape in SHAPES)
    assert (taught if make is Taught else 0) == account.flop["reference"]


def test_checkpoint_comes_after_the_record(tmp_path):
    """What a checkpoint contains was recorded before it was written."""
    batches = []
    callback = MeterCallback(MeteredLoop(sink=batches.append))
    fit(tmp_path, Module(), callback, enable_checkpointing=True)

    assert len(SHAPES) == sum(batch.steps for batch in batches)


def test_budget_stops_the_trainer(tmp_path):
    """A budget uses the trainer's own flag."""
    guard = BudgetGuard(Budget(limit=1, stop=True), on_alarm=[].append)
    callback = MeterCallback(MeteredLoop(every=2, guard=guard))
    trainer = fit(tmp_path, Module(), callback)

    assert (2, 2) == (trainer.global_step, callback.account.steps)


def test_training_that_fails(tmp_path):
    """What ran before an error is recorded, and the account says so."""

    class Failing(Module):
        def training_step(self, batch, batch_idx):
            if batch_idx == 3:
                raise MemoryError
            return super().training_step(batch, batch_idx)

    batches = []
    callback = MeterCallback(MeteredLoop(sink=batches.append))
    with pytest.raises(MemoryError):
        fit(tmp_path, module := Failing(), callback)
    module.live.__exit__(None, None, None)

    assert 3 == callback.account.steps == sum(batch.steps for batch in batches)
    assert {"step_abandoned": 1} == callback.account.faults


def test_model_that_is_not_there(tmp_path):
    """A wrong name is a fault, and the training ends as usual."""
    callback = MeterCallback(model="other")
    trainer = fit(tmp_path, Module(), callback)

    assert len(SHAPES) == trainer.global_step
    assert {"not_attached": 1} == callback.account.faults
