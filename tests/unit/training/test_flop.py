"""FLOP formulas against torch's own operator counter, to the integer."""

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from ledger.errors import InputError  # noqa: E402
from producers.training.flop import step_flop  # noqa: E402
from producers.training.model import add_adapter, make_base  # noqa: E402
from producers.training.recipe import (  # noqa: E402
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


def count(settings, batch, sequence):
    flop = step_flop(settings, batch=batch, sequence=sequence)
    return flop.forward, flop.backward


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
@pytest.mark.parametrize(
    ("batch", "sequence"), [(1, 1), (1, 7), (3, 12)], ids=["1x1", "1x7", "3x12"]
)
def test_counted_equals_measured(architecture, lora, batch, sequence):
    """The formula equals the operator count of a real step, forward and backward."""
    settings = Settings(architecture=architecture, lora=lora)

    assert measure(settings, batch, sequence) == count(settings, batch, sequence)


@given(
    rank=st.integers(1, 5),
    targets=TARGETS,
    batch=st.integers(1, 4),
    sequence=st.integers(1, 12),
)
def test_counted_equals_measured_for_any_adapter(rank, targets, batch, sequence):
    """Whatever is adapted, nothing in front of the first adapter is billed."""
    lora = Lora(rank=rank, alpha=1, targets=tuple(targets))
    settings = Settings(architecture=SMALL, lora=lora)

    assert measure(settings, batch, sequence) == count(settings, batch, sequence)


def test_full_training_is_three_forward_passes():
    """Full training costs twice the forward pass again, backward."""
    forward, backward = count(Settings(architecture=SMALL, lora=None), 2, 5)

    assert 2 * forward == backward


def test_frozen_base_costs_less_than_full_training():
    """An adapter's backward pass stays below that of full training."""
    adapter = count(Settings(architecture=DEEP, lora=Lora(rank=1)), 1, 8)
    full = count(Settings(architecture=DEEP, lora=None), 1, 8)

    assert adapter[1] < full[1]


@pytest.mark.parametrize(
    ("batch", "sequence"),
    [(0, 1), (1, 0), (1, SMALL.context + 1)],
    ids=["no-batch", "no-position", "past-context"],
)
def test_impossible_shape_is_refused(batch, sequence):
    """A shape that the model cannot run has no FLOP."""
    with pytest.raises(InputError, match="batch shape"):
        step_flop(Settings(architecture=SMALL), batch=batch, sequence=sequence)
