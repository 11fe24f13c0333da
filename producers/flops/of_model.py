"""The closed form of a model that is in memory, where its architecture is known.

It reads a configuration, names, shapes and settings, by what Hugging Face models and
their adapters call them; no tensor library is imported. A model that is not understood
to the last trained weight has none: a closed form is there to check a plan, and one
that guesses would raise false alarms.
"""

import json
from collections.abc import Iterable
from typing import Any, Final, Protocol

from ledger.errors import InputError
from producers.flops.config import read_config
from producers.flops.cost import StepCost
from producers.flops.count import (
    AttentionKernel,
    Checkpointing,
    Lora,
    Training,
    count,
)
from producers.flops.estimate import trained
from producers.flops.graph import Decoder

_FIRST: Final = ".lora_A."
_SECOND: Final = ".lora_B."
_DROPOUTS: Final = ("attention_dropout", "attn_pdrop")


class Model(Protocol):
    """What is asked of a model."""

    def named_parameters(self) -> Iterable[tuple[str, Any]]:
        """Weights by name, each with `shape` and `requires_grad`."""

    def modules(self) -> Iterable[Any]:
        """The model and all modules in it."""


def closed_form_of(model: Model) -> StepCost | None:
    """What a step of `model` costs as it stands, traced as on a CPU.

    Returns:
        None where the family, the adapters or a setting is not known.
    """
    config = getattr(model, "config", None)
    if config is None or not hasattr(config, "to_json_string"):
        return None
    fields = json.loads(config.to_json_string())
    attention = _attention(getattr(config, "_attn_implementation", None), fields)
    if attention is None:
        return None
    try:
        decoder = read_config(fields)
        lora = _adapters(model, decoder)
        training = Training(
            lora=lora,
            checkpointing=_checkpointing(model),
            attention=attention,
            input_gradients=lora is not None and _has_input_gradients(model),
        )
        return count(decoder, training)
    except InputError:
        return None


def _attention(
    implementation: object, fields: dict[str, Any]
) -> AttentionKernel | None:
    if implementation == "eager":
        return "eager"
    if implementation != "sdpa":
        return None
    # On a CPU, the fused kernel does not drop; the same products run one by one.
    is_dropping = any(fields.get(name) for name in _DROPOUTS)
    return "eager" if is_dropping else "fused"


def _adapters(model: Model, decoder: Decoder) -> Lora | None:
    """The adapters; None where all weights are trained.

    Raises:
        InputError: what is trained is neither of the two.
    """
    weights = dict(model.named_parameters())
    changed = {name: each for name, each in weights.items() if each.requires_grad}
    if len(changed) == len(weights):
        return None
    first = {name: each for name, each in changed.items() if _FIRST in name}
    ranks = {int(each.shape[0]) for each in first.values()}
    targets = {name.partition(_FIRST)[0].rpartition(".")[2] for name in first}
    if len(ranks) != 1 or any(
        _FIRST not in name and _SECOND not in name for name in changed
    ):
        message = "trained weights: expected all, or adapters of one rank"
        raise InputError(message)
    lora = Lora(rank=ranks.pop(), targets=tuple(sorted(targets)))
    elements = sum(_elements(each.shape) for each in changed.values())
    if elements != trained(decoder, lora):
        message = "adapters: expected the same ones in every block"
        raise InputError(message)
    return lora


def _elements(shape: Iterable[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def _checkpointing(model: Model) -> Checkpointing:
    """How blocks are checkpointed.

    Raises:
        InputError: they are, and it is not said how.
    """
    for module in model.modules():
        if getattr(module, "gradient_checkpointing", False) is True:
            run = getattr(module, "_gradient_checkpointing_func", None)
            is_reentrant = getattr(run, "keywords", {}).get("use_reentrant")
            if is_reentrant is None:
                message = "checkpointing: expected use_reentrant, found nothing"
                raise InputError(message)
            return "reentrant" if is_reentrant else "non-reentrant"
    return "none"


def _has_input_gradients(model: Model) -> bool:
    names = ("_require_grads_hook", "_require_grads_hooks")
    return any(
        bool(vars(module).get(name)) for module in model.modules() for name in names
    )
