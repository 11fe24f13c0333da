"""What a pass costs: plan, closed form and torch's own counter, to the integer."""

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from msgspec.structs import replace  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from producers.training.compute import closed_form, compute_plan  # noqa: E402
from producers.training.model import add_adapter, make_base  # noqa: E402
from producers.training.recipe import (  # noqa: E402
    DEMO_ADAPTER,
    DEMO_BASE,
    VOCABULARY,
    Architecture,
    Lora,
    Settings,
)

SMALL = Architecture(width=8, layers=2, heads=2, context=12)
DEEP = Architecture(width=12, layers=3, heads=3, context=16)
TARGETS = st.lists(
    st.sampled_from(["qkv", "out", "up", "down"]), min_size=1, unique=True
)


def measure(settings, batch, sequence):
    """Forward and backward FLOP of one real step, as torch counts its operators."""
    model = make_base(settings.architecture, seed=0)
    if settings.lora is not None:
        add_adapter(model, settings, seed=0)
    tokens = torch.zeros(batch, sequence, dtype=torch.long)
    with FlopCounterMode(display=False) as forward:
        logits = model(tokens)
        loss = torch.nn.functional.cross_entropy(
            logits.view(-1, VOCABULARY), tokens.view(-1)
        )
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    return forward.get_total_flops(), backward.get_total_flops()


def derived(settings, batch, sequence):
    """The same by the closed form."""
    cost = closed_form(settings)
    return cost.forward.at(batch, sequence), cost.backward.at(batch, sequence)


@pytest.mark.parametrize("architecture", [SMALL, DEEP], ids=["small", "deep"])
@pytest.mark.parametrize(
    "lora",
    [
        None,
        Lora(rank=2, alpha=4),
        Lora(rank=3, alpha=3, targets=("qkv",)),
        Lora(rank=1, alpha=1, targets=("down",)),
        Lora(rank=2, alpha=2, targets=("up", "out")),
    ],
    ids=["full", "lora-all", "lora-qkv", "lora-down", "lora-up-out"],
)
def test_plan_equals_measured(architecture, lora):
    """The plan is complete, and is the operator count of real steps of any shape."""
    settings = Settings(architecture=architecture, lora=lora)
    plan = compute_plan(settings)

    assert plan.is_complete
    assert plan.closed_form
    assert (0, 0) == (plan.recompute.token, plan.recompute.pair)
    for shape in ((1, 1), (1, 7), (3, 12)):
        counted = plan.forward.at(*shape), plan.backward.at(*shape)
        assert measure(settings, *shape) == counted


@given(
    rank=st.integers(1, 5),
    targets=TARGETS,
    batch=st.integers(1, 4),
    sequence=st.integers(1, 12),
)
def test_derived_equals_measured_for_any_adapter(rank, targets, batch, sequence):
    """Whatever is adapted, nothing in front of the first adapter is billed."""
    lora = Lora(rank=rank, alpha=1, targets=tuple(targets))
    settings = Settings(architecture=SMALL, lora=lora)

    assert measure(settings, batch, sequence) == derived(settings, batch, sequence)


def test_full_training_is_three_forward_passes():
    """Full training costs twice the forward pass again, backward."""
    forward, backward = derived(Settings(architecture=SMALL, lora=None), 2, 5)

    assert 2 * forward == backward


def test_frozen_base_costs_less_than_full_training():
    """An adapter's backward pass stays below that of full training."""
    adapter = derived(Settings(architecture=DEEP, lora=Lora(rank=1)), 1, 8)
    full = derived(Settings(architecture=DEEP, lora=None), 1, 8)

    assert adapter[1] < full[1]


def test_plan_follows_from_the_settings():
    """Who traces again gets the same digest; other settings give another one."""
    again = compute_plan(DEMO_ADAPTER)

    assert compute_plan(DEMO_ADAPTER) == again
    assert compute_plan(DEMO_BASE).sha256 != again.sha256


def test_model_that_cannot_be_traced_has_no_plan():
    """A context below the traced shapes leaves nothing to trace."""
    tiny = Architecture(width=8, layers=1, heads=1, context=4)

    assert compute_plan(Settings(architecture=tiny, lora=None)) is None


def test_a_recipe_of_any_size_needs_no_memory():
    """Whoever audits does not choose the architecture: this one has 10^12 weights."""
    large = Architecture(width=65_536, layers=24, heads=64, context=65_536)
    settings = replace(DEMO_BASE, architecture=large)

    assert compute_plan(settings).is_complete
