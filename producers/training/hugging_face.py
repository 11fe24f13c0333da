"""A causal language model of the Hugging Face library, and PEFT's adapters on it.

Nothing is fetched and no code of a model's folder runs: a model is built by the
library's own class for its type, from a configuration and tensors that are given.

Attention is written out as two matrix products (`eager`): it is deterministic, and what
it costs can be counted.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator
from typing import Any, Final, cast

# Read by the hub's library when it is imported.
os.environ["HF_HUB_OFFLINE"] = "1"

import msgspec
import torch
import transformers  # type: ignore[import-not-found,unused-ignore]
from peft import (  # type: ignore[import-not-found,unused-ignore]
    LoraConfig,
    get_peft_model,
)
from torch import Tensor, nn
from transformers.models.auto.configuration_auto import (  # type: ignore[import-not-found,unused-ignore]
    CONFIG_MAPPING,
)
from transformers.models.auto.modeling_auto import (  # type: ignore[import-not-found,unused-ignore]
    MODEL_FOR_CAUSAL_LM_MAPPING,
)

from ledger.errors import InputError
from producers.training.settings import ALL_LINEAR, Lora

_REFUSED: Final = {
    "auto_map": "code of its own",
    "quantization_config": "quantised weights",
}
_ADAPTER: Final = ".default."
"""How PEFT marks the weights of the one adapter that is in memory."""

_ON_META: Final = torch.device("meta")


def read_config(content: bytes) -> transformers.PretrainedConfig:
    """The configuration of a causal language model that the library knows.

    Raises:
        InputError: it is none, or asks for code or weights that are not taken.
    """
    try:
        fields = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"config.json: expected a JSON object: {error}"
        raise InputError(message) from None
    for name, what in _REFUSED.items():
        if fields.get(name):
            message = f"config.json: field {name}: expected none, found {what}"
            raise InputError(message)
    model_type = fields.get("model_type")
    is_known = isinstance(model_type, str) and model_type in CONFIG_MAPPING
    kind = CONFIG_MAPPING[model_type] if is_known else None
    if kind is None or kind not in MODEL_FOR_CAUSAL_LM_MAPPING:
        message = (
            "config.json: field model_type: expected a causal language model that "
            f"transformers {transformers.__version__} has, found "
            f"{str(model_type)[:64]!r}"
        )
        raise InputError(message)
    try:
        config = kind.from_dict(fields)
    except Exception as error:  # the library checks as each model sees fit
        message = f"config.json: {type(error).__name__}: not a {model_type} model's"
        raise InputError(message) from error
    config.use_cache = False
    # A file may name another, even one whose code the library would fetch.
    config._attn_implementation = "eager"  # noqa: SLF001 - the library's own switch
    return cast("transformers.PretrainedConfig", config)


def make_model(config: transformers.PretrainedConfig) -> nn.Module:
    """The model in float32 and training mode; its weights are those of no training."""
    config = type(config).from_dict(config.to_dict())
    config._attn_implementation = "eager"  # noqa: SLF001 - the library's own switch
    kind = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    with _default_dtype():
        model = kind(config)
    return cast("nn.Module", model).float().train()


def make_shape(config: transformers.PretrainedConfig) -> nn.Module:
    """The same without memory: modules and shapes only."""
    with _ON_META:
        return make_model(config)


def load_weights(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Give `model` the weights of its base.

    Raises:
        InputError: names or shapes are not its own.
    """
    expected = {name: weight.shape for name, weight in base_weights(model).items()}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != expected:
        message = (
            f"weights do not fit config.json: expected {len(expected)} tensors of its "
            f"names and shapes, found {len(tensors)}"
        )
        raise InputError(message)
    # A tied weight is stored once and known by two names.
    model.load_state_dict(tensors, strict=False)


def base_weights(model: nn.Module) -> dict[str, Tensor]:
    """The weights and buffers that a base is stored as, each once, by name."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            found[name] = tensor.detach()
    return found


def add_adapter(model: nn.Module, lora: Lora, *, seed: int) -> nn.Module:
    """Freeze `model` and give its target modules a new adapter drawn from `seed`.

    Raises:
        InputError: a target is no linear module of the model.
    """
    is_all = lora.targets == (ALL_LINEAR,)
    settings = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        target_modules=ALL_LINEAR if is_all else list(lora.targets),
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )
    try:
        with warnings.catch_warnings():
            # The library still uses names of the other that are to go.
            warnings.simplefilter("ignore", FutureWarning)
            adapted = get_peft_model(cast("Any", model), settings)
    except ValueError:
        message = (
            "lora targets: expected the ends of names of linear modules of the base, "
            f"or {ALL_LINEAR}; found {', '.join(lora.targets)}"
        )
        raise InputError(message) from None
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if ".lora_A." in name and not weight.is_meta:
                # As `model.add_adapter`: B is zero, so a new adapter changes nothing.
                bound = weight.shape[1] ** -0.5
                weight.uniform_(-bound, bound, generator=generator)
    return cast("nn.Module", adapted.train())


def checkpoint_blocks(model: nn.Module) -> None:
    """Make a model with adapters keep no more of a block than its input.

    Raises:
        InputError: its class cannot do that.
    """
    base = cast("Any", model).get_base_model()
    try:
        # Of the base itself: PEFT would ask for gradients of frozen embeddings too.
        base.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False}
        )
    except ValueError:
        message = (
            "checkpointing: expected a base whose blocks can be checkpointed, found "
            f"{type(base).__name__}; train with --no-checkpointing"
        )
        raise InputError(message) from None


def adapter_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """The adapter by the names that PEFT's own files use."""
    return {
        name.replace(_ADAPTER, "."): weight
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


def load_adapter(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Put given weights into the adapter of `model`.

    Raises:
        InputError: names or shapes are not those of the adapter.
    """
    weights = adapter_weights(model)
    expected = {name: weight.shape for name, weight in weights.items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        message = (
            f"adapter does not fit: expected {len(expected)} tensors of its names and "
            f"shapes, found {len(tensors)}"
        )
        raise InputError(message)
    with torch.no_grad():
        for name, tensor in tensors.items():
            weights[name].copy_(tensor)


@contextlib.contextmanager
def _default_dtype() -> Iterator[None]:
    """Make what is made a float32, whatever type the process prefers."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
