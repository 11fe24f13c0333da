"""What happens to a model after it was attached, or past it, is said."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from producers.metering.meter import Meter  # noqa: E402
from tests.unit.metering.tiny import Tiny, adapt, ids, loss_of  # noqa: E402


def step(model, meter, *, phase="train"):
    """Faults of one training step."""
    with meter.step(), meter.phase(phase):
        loss_of(model(ids(1, 4))).backward()
    return [set(batch.faults) for batch in meter.batches()]


def attached(model):
    meter = Meter()
    meter.attach(model)
    return meter


def checkpointing(model):
    model.blocks[0].gradient_checkpointing = True


def more_tokens(model):
    model.head = nn.Linear(16, 48, bias=False)


def input_gradients(model):
    model.token.register_forward_hook(lambda *given: given[2].requires_grad_(True))


@pytest.mark.parametrize("change", [checkpointing, more_tokens, input_gradients])
def test_model_changed_after_it_was_attached(change):
    model = Tiny()
    meter = attached(model)
    assert [set()] == step(model, meter)
    change(model)

    assert [{"model_changed"}] == step(model, meter)


def test_adapters_added_after_the_model_was_attached():
    model = Tiny()
    meter = attached(model)
    adapt(model, ("q_proj",))

    assert [{"model_changed", "trained_weights_changed"}] == step(model, meter)


def test_wrapper_put_around_an_attached_model_is_no_change():
    model = Tiny()
    meter = attached(model)
    model.blocks[0] = torch.compile(model.blocks[0], backend="eager")

    assert [] == list(meter.batches())


def test_head_called_past_the_model():
    """A loss of its own that multiplies by the head is in no pass."""
    model = Tiny()
    meter = attached(model)
    with meter.step():
        loss_of(model(ids(1, 4))).backward()
        model.head(torch.zeros(1, 16))

    assert [{"part_called"}] == [set(batch.faults) for batch in meter.batches()]


def test_embeddings_looked_up_past_the_model():
    """A look-up multiplies nothing."""
    model = Tiny()
    meter = attached(model)
    with meter.step():
        loss_of(model(ids(1, 4))).backward()
        model.token(ids(1, 4))

    assert [set()] == [set(batch.faults) for batch in meter.batches()]


def test_part_run_again_by_a_checkpoint_around_it():
    """It is called without its model, in a backward pass that the plan has."""

    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Embedding(32, 16)
            self.head = nn.Linear(16, 32)

        def forward(self, input_ids):
            x = self.token(input_ids)
            if not torch.is_grad_enabled():
                return self.head(x)
            return checkpoint(self.head, x, use_reentrant=True)

    model = Checkpointed()

    assert [set()] == step(model, attached(model))


def test_training_called_evaluation():
    """Evaluation counts to no limit; an update under its name is said."""
    model = Tiny()

    assert [{"backward_in_evaluation"}] == step(
        model, attached(model), phase="evaluation"
    )
