"""The demo's trainer: its formula, written for its model, equals the traced plan."""

import pytest

torch = pytest.importorskip("torch")

from producers.metering.trace import trace  # noqa: E402
from producers.training.flop import step_flop  # noqa: E402
from producers.training.model import add_adapter, make_base  # noqa: E402
from producers.training.recipe import Architecture, Lora, Settings  # noqa: E402

SMALL = Architecture(width=8, layers=2, heads=2, context=12)


@pytest.mark.parametrize(
    "lora",
    [None, Lora(rank=2), Lora(rank=3, targets=("up", "out"))],
    ids=["full", "all", "some"],
)
def test_own_formula_equals_the_plan(lora):
    """Forward and backward, for every shape that the model can run."""
    settings = Settings(architecture=SMALL, lora=lora)
    model = make_base(SMALL, seed=0)
    if lora is not None:
        add_adapter(model, settings, seed=0)
    plan = trace(model)

    assert plan.is_complete
    for batch, sequence in ((1, 1), (8, 12), (3, 7)):
        flop = step_flop(settings, batch=batch, sequence=sequence)
        assert flop.forward == plan.forward.at(batch, sequence)
        assert flop.backward == plan.backward.at(batch, sequence)
    assert 0 == plan.recompute.at(8, 12)
