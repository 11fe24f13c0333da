"""What a plan holds for: the model as far as it decides the products."""

import hashlib
import json
from typing import Final

from torch import nn

from producers.metering.wrapping import plain_name

_SETTINGS: Final = ("_attn_implementation", "_experts_implementation")
"""Settings of a Hugging Face configuration that choose kernels."""

_SIZES: Final = ("in_features", "out_features", "num_embeddings", "embedding_dim")
"""Sizes of the modules that adapters and a larger vocabulary put in place of others."""


def fingerprint(model: nn.Module) -> str:
    """Digest of modules, weights, what is trainable, and settings.

    Weights enter by name, shape, type and whether they are trained, never by value.

    Returns:
        SHA-256 of a JSON text, lowercase hex.
    """
    config = getattr(model, "config", None)
    content = {
        "modules": [
            [
                name,
                type(module).__qualname__,
                module.training,
                _checkpoints(module),
                _numbers(module),
            ]
            for name, module in model.named_modules()
        ],
        "weights": [
            [name, list(weight.shape), str(weight.dtype), weight.requires_grad]
            for name, weight in model.named_parameters(remove_duplicate=False)
        ],
        "settings": {name: str(getattr(config, name, None)) for name in _SETTINGS},
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def trained_weights(model: nn.Module) -> frozenset[str]:
    """Names of the weights that training changes, as they are without a wrapper."""
    return frozenset(
        plain_name(name)
        for name, weight in model.named_parameters()
        if weight.requires_grad
    )


def outline(model: nn.Module) -> frozenset[tuple[object, ...]]:
    """What decides the products, as far as it can be looked up while a model trains.

    A wrapper changes none of it: modules enter by their names without one, the sizes
    they were built with, whether they are checkpointed, and whether a hook may ask the
    embeddings for a gradient, as `enable_input_require_grads` of transformers does.
    """
    return frozenset(
        (
            plain_name(f"{name}."),
            _checkpoints(module),
            isinstance(module, nn.Embedding) and bool(module._forward_hooks),  # noqa: SLF001 - no public way
            *(getattr(module, size, None) for size in _SIZES),
        )
        for name, module in model.named_modules()
    )


def _numbers(module: nn.Module) -> dict[str, object]:
    """Whole numbers that a module keeps: how many experts a token meets, or a stride.

    Two models of equal weights may differ in nothing else.
    """
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and all(type(each) is int for each in _items(value))
    }


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _checkpoints(module: nn.Module) -> bool:
    return getattr(module, "gradient_checkpointing", False) is True
