"""Closed forms: figures measured once, and what follows from the chain rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from producers.flops.config import read_config
from producers.flops.cost import Cost
from producers.flops.count import Lora, Training, count
from tests.unit.flops.published import TINY

QV = Lora(rank=8, targets=("q_proj", "v_proj"))
ALL = Lora(rank=8, targets=("all-linear",))
NAMES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def adapters(lora, checkpointing="none"):
    is_on = checkpointing != "none"
    return Training(lora=lora, checkpointing=checkpointing, input_gradients=is_on)


@pytest.mark.parametrize(
    ("training", "algorithmic", "recompute"),
    [
        (Training(), 27_481_079_808, 536_870_912),
        (Training(attention="eager"), 27_481_079_808, 0),
        (Training(checkpointing="non-reentrant"), 27_481_079_808, 6_106_906_624),
        (Training(checkpointing="reentrant"), 27_481_079_808, 7_549_747_200),
        (adapters(QV), 19_293_798_400, 536_870_912),
        (adapters(ALL), 20_022_558_720, 536_870_912),
        (adapters(QV, "non-reentrant"), 19_570_622_464, 6_165_626_880),
        (adapters(ALL, "non-reentrant"), 20_303_577_088, 7_836_008_448),
    ],
    ids=[
        "full",
        "full-eager",
        "full-checkpointed",
        "full-checkpointed-reentrant",
        "lora-qv",
        "lora-all",
        "lora-qv-checkpointed",
        "lora-all-checkpointed",
    ],
)
def test_measured_figures(training, algorithmic, recompute):
    """Four sequences of 256 cost what operators of a real step were counted to cost."""
    cost = count(read_config(TINY), training)

    assert algorithmic == (cost.forward + cost.backward).at(4, 256)
    assert recompute == cost.recompute.at(4, 256)


def test_full_training_is_three_forward_passes():
    """Where all is trained, the backward pass costs two forward passes."""
    cost = count(read_config(TINY), Training())

    assert cost.forward * 2 == cost.backward


def test_tied_head_costs_the_same():
    """Tying changes what is stored and not what is multiplied."""
    tied = read_config(TINY | {"tie_word_embeddings": True})
    free = read_config(TINY)

    assert count(tied, Training()) == count(free, Training())
    assert free.weights - tied.weights == 256 * 4096


def test_reference_pass_has_no_adapters():
    """The frozen base alone costs less than the base with adapters."""
    cost = count(read_config(TINY), adapters(ALL))
    full = count(read_config(TINY), Training())

    assert full.forward == cost.reference
    assert cost.inference == cost.forward != cost.reference


@pytest.mark.parametrize(
    ("targets", "products"),
    [(("v_proj",), 1), (("q_proj",), 2), (("k_proj",), 2), (("q_proj", "v_proj"), 3)],
    ids=["v", "q", "k", "qv"],
)
def test_first_block_needs_few_gradients(targets, products):
    """In front of the first adapter, eager attention skips gradients nobody needs."""
    one = read_config(TINY | {"num_hidden_layers": 1})
    lora = Lora(rank=8, targets=targets)
    cost = count(one, Training(lora=lora, attention="eager"))

    assert products * 2 * 256 == cost.backward.pair


def test_last_adapter_is_not_run_again():
    """A recomputation stops in front of the last product: here, an adapter's B."""
    decoder = read_config(TINY)
    short = count(decoder, adapters(ALL, "non-reentrant")).recompute
    whole = count(decoder, adapters(ALL, "reentrant")).recompute

    assert Cost(token=4 * 2 * 8 * 256) == whole + short * -1


def test_reentrant_checkpoint_without_gradients_is_refused():
    """It would train nothing, so there is no figure for it."""
    training = Training(lora=QV, checkpointing="reentrant")

    with pytest.raises(InputError, match="re-entrant"):
        count(read_config(TINY), training)


@pytest.mark.parametrize(
    "lora",
    [
        Lora(rank=0, targets=("q_proj",)),
        Lora(rank=65_537, targets=("q_proj",)),
        Lora(rank=8, targets=()),
        Lora(rank=8, targets=("x_proj",)),
        Lora(rank=8, targets=("lm_head",)),
        Lora(rank=8, targets=("proj",)),
    ],
    ids=["rank-0", "rank-high", "none", "unknown", "head", "part-of-a-name"],
)
def test_unfit_adapter_is_refused(lora):
    """An adapter that the model has no place for has no cost, not a low one."""
    with pytest.raises(InputError, match="lora"):
        count(read_config(TINY), Training(lora=lora))


@given(
    rank=st.integers(1, 64),
    targets=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    batch=st.integers(1, 8),
    sequence=st.integers(1, 512),
)
def test_adapters_cost_less_than_full_training(rank, targets, batch, sequence):
    """Backward is below that of full training, and forward above it."""
    lora = Lora(rank=rank, targets=tuple(targets))
    cost = count(read_config(TINY), Training(lora=lora))
    full = count(read_config(TINY), Training())

    assert cost.backward.at(batch, sequence) < full.backward.at(batch, sequence)
    assert cost.forward.at(batch, sequence) > full.forward.at(batch, sequence)


@pytest.mark.parametrize("shape", [(0, 1), (1, 0), (-1, 1)], ids=str)
def test_impossible_shape_is_refused(shape):
    """A shape that no batch has costs nothing that could be reported."""
    with pytest.raises(InputError, match="batch shape"):
        Cost(1, 1).at(*shape)
