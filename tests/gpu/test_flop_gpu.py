"""The meter on a CUDA device: the same integers, and no value read on the way."""

import pytest

torch = pytest.importorskip("torch")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from producers.metering.memory import PeakMemory  # noqa: E402
from producers.metering.meter import Meter  # noqa: E402
from producers.metering.peaks import CPU, device_name  # noqa: E402
from producers.training.compute import compute_plan  # noqa: E402
from producers.training.model import add_adapter, make_base  # noqa: E402
from producers.training.recipe import (  # noqa: E402
    DEMO_ADAPTER,
    DEMO_BASE,
    VOCABULARY,
)
from tests.unit.metering.live import LiveCounter  # noqa: E402
from tests.unit.metering.tiny import Tiny, adapt, ids, loss_of  # noqa: E402

DEVICE = "cuda"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
SHAPES = ((2, 16), (1, 24))


@pytest.mark.parametrize("settings", [DEMO_BASE, DEMO_ADAPTER], ids=["full", "lora"])
def test_counted_equals_measured_on_cuda(settings):
    """The count does not depend on the device that runs the step."""
    model = make_base(settings.architecture, seed=0)
    if settings.lora is not None:
        add_adapter(model, settings, seed=0)
    model.to(DEVICE)
    tokens = torch.zeros(8, 96, dtype=torch.long, device=DEVICE)
    with FlopCounterMode(display=False) as measured:
        logits = model(tokens)
        torch.nn.functional.cross_entropy(
            logits.view(-1, VOCABULARY), tokens.view(-1)
        ).backward()
    plan = compute_plan(settings)
    counted = plan.forward.at(8, 96) + plan.backward.at(8, 96)

    assert counted == measured.get_total_flops()


def attached(mode="none", *, has_adapters=False):
    """A model on the device, under the meter."""
    # Products written out, which every device runs alike.
    model = Tiny(kernel="eager", mode=mode)
    if has_adapters:
        adapt(model, ("q_proj", "v_proj"))
    model.to(DEVICE)
    meter = Meter(strict=True)
    meter.attach(model)
    return model, meter


@pytest.mark.parametrize("has_adapters", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("mode", ["none", "reentrant", "non-reentrant"])
def test_half_precision_and_checkpointing(mode, has_adapters):
    """Live counting of steps in bfloat16 gives what the meter says."""
    model, meter = attached(mode, has_adapters=has_adapters)
    live = LiveCounter()
    for shape in SHAPES:
        with meter.step(), live, torch.autocast(DEVICE, torch.bfloat16):
            loss_of(model(ids(*shape).to(DEVICE))).backward()
    (batch,) = meter.batches()
    flop = batch.flop()

    assert live.forward == flop["forward"]
    assert live.backward == flop["backward"] + flop["recompute"]


@pytest.mark.filterwarnings("ignore")  # of what the compiler's own parts advise
def test_compiled_step():
    """A compiled step counts what the eager one ran."""
    torch.compiler.reset()
    model, meter = attached()
    with LiveCounter() as live:
        loss_of(model(ids(2, 16).to(DEVICE))).backward()
    compiled = torch.compile(model)
    loss_of(compiled(ids(2, 16).to(DEVICE))).backward()
    (batch,) = meter.batches()
    torch.compiler.reset()

    assert 2 * live.forward == batch.flop()["forward"]
    assert 2 * live.backward == batch.flop()["backward"]


def test_nothing_waits_for_the_device():
    """A read of a value would be an error here."""
    model, meter = attached()
    tokens = ids(2, 16).to(DEVICE)
    torch.cuda.set_sync_debug_mode("error")
    try:
        with meter.step():
            loss_of(model(tokens)).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")

    assert all(batch.is_complete for batch in meter.batches())


def test_memory_of_a_step():
    """The allocator's peak is at least what the weights take."""
    memory = PeakMemory()
    model, _ = attached()

    assert memory.peak_bytes() >= sum(each.nbytes for each in model.parameters())
    assert CPU != device_name()
