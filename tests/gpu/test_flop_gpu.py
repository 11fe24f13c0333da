"""The counted FLOP on a CUDA device."""

import pytest

torch = pytest.importorskip("torch")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from producers.training.compute import compute_plan  # noqa: E402
from producers.training.model import add_adapter, make_base  # noqa: E402
from producers.training.recipe import (  # noqa: E402
    DEMO_ADAPTER,
    DEMO_BASE,
    VOCABULARY,
)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("settings", [DEMO_BASE, DEMO_ADAPTER], ids=["full", "lora"])
def test_counted_equals_measured_on_cuda(settings):
    """The count does not depend on the device that runs the step."""
    model = make_base(settings.architecture, seed=0)
    if settings.lora is not None:
        add_adapter(model, settings, seed=0)
    model.to("cuda")
    tokens = torch.zeros(8, 96, dtype=torch.long, device="cuda")
    with FlopCounterMode(display=False) as measured:
        logits = model(tokens)
        torch.nn.functional.cross_entropy(
            logits.view(-1, VOCABULARY), tokens.view(-1)
        ).backward()
    plan = compute_plan(settings)
    counted = plan.forward.at(8, 96) + plan.backward.at(8, 96)

    assert counted == measured.get_total_flops()
