"""A loop with accelerate: attach before `prepare`, count what runs after it."""

import pytest

torch = pytest.importorskip("torch")
accelerate = pytest.importorskip("accelerate")

from producers.metering.integrations.loop import MeteredLoop  # noqa: E402
from tests.unit.metering.live import LiveCounter  # noqa: E402
from tests.unit.metering.tiny import Tiny, ids, loss_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of what the library advises

STEPS = (((2, 7), (1, 4)), ((3, 5), (2, 2)))


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_count_is_exact(precision):
    """Accumulation and mixed precision change neither the count nor the training."""
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = accelerate.Accelerator(
        cpu=True, mixed_precision=precision, gradient_accumulation_steps=2
    )
    model = Tiny()
    loop = MeteredLoop()
    loop.attach(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    prepared, optimizer = accelerator.prepare(model, optimizer)
    with LiveCounter() as live:
        for micro_batches in STEPS:
            with loop.step():
                for shape in micro_batches:
                    with accelerator.accumulate(prepared):
                        accelerator.backward(loss_of(prepared(ids(*shape))))
                        optimizer.step()
                        optimizer.zero_grad()
    account = loop.finish()
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)

    assert account.is_complete
    assert 2 == account.steps
    assert live.forward == account.flop["forward"]
    assert live.backward == account.flop["backward"] + account.flop["recompute"]
