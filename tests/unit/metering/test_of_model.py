"""The closed form of a model in memory, by its configuration and its weights' names."""

import functools
import json

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from producers.flops.config import read_config  # noqa: E402
from producers.flops.count import Lora, Training, count  # noqa: E402
from producers.flops.of_model import closed_form_of  # noqa: E402
from tests.unit.metering.tiny import CONFIG, Tiny  # noqa: E402


class Config:
    """A configuration with the two things that are asked of one."""

    def __init__(self, fields=CONFIG, attention="eager"):
        self._attn_implementation = attention
        self._fields = fields

    def to_json_string(self):
        return json.dumps(self._fields)


class Wrapped(nn.Module):
    """A matrix with an adapter whose parts have the usual names."""

    def __init__(self, frozen, rank):
        super().__init__()
        self.base_layer = frozen
        self.lora_A = nn.ModuleDict({"default": nn.Linear(16, rank, bias=False)})
        self.lora_B = nn.ModuleDict(
            {"default": nn.Linear(rank, frozen.out_features, bias=False)}
        )


def known(config=None, ranks=()):
    """A model with a configuration, adapters of these ranks at the blocks' q_proj."""
    model = Tiny(kernel="eager")
    model.config = config or Config()
    if ranks:
        model.requires_grad_(False)
    for block, rank in zip(model.blocks, ranks, strict=False):
        block.attention.q_proj = Wrapped(block.attention.q_proj, rank)
    return model


def expected(**training):
    return count(read_config(CONFIG), Training(attention="eager", **training))


def test_full():
    """All weights are trained."""
    assert expected() == closed_form_of(known())


def test_adapters():
    """Rank and targets follow from the names and shapes of what is trained."""
    lora = Lora(rank=4, targets=("q_proj",))

    assert expected(lora=lora) == closed_form_of(known(ranks=(4, 4)))


def test_input_gradients():
    """A hook that asks for gradients of the embeddings is seen."""
    model = known(ranks=(4, 4))
    model._require_grads_hook = object()
    lora = Lora(rank=4, targets=("q_proj",))

    assert expected(lora=lora, input_gradients=True) == closed_form_of(model)


@pytest.mark.parametrize("is_reentrant", [True, False], ids=["reentrant", "other"])
def test_checkpointing(is_reentrant):
    """The kind of checkpoint follows from how it is called."""
    model = known()
    model.blocks[0].gradient_checkpointing = True
    model.blocks[0]._gradient_checkpointing_func = functools.partial(
        print, use_reentrant=is_reentrant
    )
    mode = "reentrant" if is_reentrant else "non-reentrant"

    assert expected(checkpointing=mode) == closed_form_of(model)


def test_dropout_in_a_fused_kernel():
    """On a CPU a fused kernel cannot drop, so its products run one by one."""
    fused = closed_form_of(known(Config(attention="sdpa")))
    dropping = Config(CONFIG | {"attention_dropout": 0.1}, attention="sdpa")

    assert expected().recompute != fused.recompute
    assert expected() == closed_form_of(known(dropping))


def _partly_frozen():
    model = known()
    model.head.requires_grad_(False)
    return model


def _unsaid_checkpoint():
    model = known()
    model.blocks[0].gradient_checkpointing = True
    return model


@pytest.mark.parametrize(
    "make",
    [
        Tiny,
        lambda: known(Config(CONFIG | {"model_type": "unknown"})),
        lambda: known(Config(attention="flex_attention")),
        lambda: known(ranks=(4, 2)),
        lambda: known(ranks=(4,)),
        _partly_frozen,
        _unsaid_checkpoint,
    ],
    ids=["bare", "family", "kernel", "ranks", "one-block", "part", "checkpoint"],
)
def test_not_understood(make):
    """What is not understood has no closed form, not a wrong one."""
    assert closed_form_of(make()) is None
