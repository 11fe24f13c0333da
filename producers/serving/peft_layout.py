"""An adapter as the files that PEFT reads.

Source: huggingface/peft, docs/source/developer_guides/checkpoint.md: file names, names
of tensors, and `adapter_config.json`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.errors import InputError
from producers.serving.merge import rank_of
from producers.training.settings import Pretrained, Settings
from producers.training.weights import decode_tensors, encode_tensors

CONFIG_NAME: Final = "adapter_config.json"
WEIGHTS_NAME: Final = "adapter_model.safetensors"

_PREFIX: Final = "base_model.model."
_SUFFIXES: Final = {".lora_a": ".lora_A.weight", ".lora_b": ".lora_B.weight"}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a reader of an adapter must know.

    Attributes:
        title: whose adapter it is, such as `shard 0`.
        weights_sha256: the digest that the ledger names.
        model_name: the model.
        base_name: its base.
        base_sha256: digest of the base's weights.
        base_licence: SPDX expression; empty where not stated.
        origin: the ledger.
        run_id: the run that made it; empty for a merged one.
        rule: how it stands with others.
    """

    title: str
    weights_sha256: str
    model_name: str
    base_name: str
    base_sha256: str
    base_licence: str
    origin: str
    run_id: str
    rule: str


def peft_files(settings: Settings, content: bytes, about: About) -> dict[str, bytes]:
    """The files of one adapter, by name.

    Args:
        settings: what it was trained with.
        content: its safetensors bytes, as the ledger names them.
        about: what its README says.

    Raises:
        InputError: it is no low-rank adapter.
    """
    if settings.lora is None:
        message = f"{about.title}: expected an adapter, found a whole model"
        raise InputError(message)
    tensors = decode_tensors(content)
    is_pretrained = isinstance(settings.architecture, Pretrained)
    targets = list(settings.lora.targets)
    config = {
        "base_model_name_or_path": about.base_name,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "lora_alpha": settings.lora.alpha,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": rank_of(tensors),
        "target_modules": targets[0] if targets == ["all-linear"] else targets,
        "task_type": "CAUSAL_LM" if is_pretrained else None,
        "use_dora": False,
        "use_rslora": False,
    }
    named = {_peft_name(name): tensor for name, tensor in tensors.items()}
    is_same = named.keys() == tensors.keys()
    return {
        CONFIG_NAME: json.dumps(config, indent=2, sort_keys=True).encode() + b"\n",
        WEIGHTS_NAME: content if is_same else encode_tensors(named),
        "README.md": _readme(about, is_pretrained=is_pretrained).encode(),
    }


def _peft_name(name: str) -> str:
    """The name that PEFT gives a tensor; its own stay as they are."""
    for ours, theirs in _SUFFIXES.items():
        if name.endswith(ours):
            return f"{_PREFIX}{name.removesuffix(ours)}{theirs}"
    return name


def _readme(about: About, *, is_pretrained: bool) -> str:
    facts: Mapping[str, str] = {
        "Weights in the ledger": f"SHA-256 `{about.weights_sha256}`",
        "Ledger": about.origin,
        "Run": about.run_id or "none: the mean of the adapters that the manifest names",
        "Base": f"{about.base_name}, SHA-256 `{about.base_sha256}`",
        "Licence of the base": about.base_licence or "not stated",
        "Together with others": about.rule,
    }
    how = (
        "Load it with `peft.PeftModel.from_pretrained(base, FOLDER)` on the base whose "
        "digest stands above."
        if is_pretrained
        else "The base is the byte-level GPT of tuneledger (`producers.training.model`)"
        ", which no other library builds; PEFT puts the adapter on it as on any module."
    )
    lines = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return (
        f"---\nlibrary_name: peft\n---\n\n# {about.model_name}, {about.title}\n\n"
        f"A low-rank adapter (LoRA).\n\n{lines}\n\n{how}\n\n"
        "What it is not: the model. That is every adapter that the serving manifest "
        "names, under its rule; one adapter saw one shard of the records.\n"
        "It is not encrypted, and no erasure reaches it. Whoever holds it is a "
        "recipient (GDPR Article 19): delete it when the controller says that a "
        "person was erased.\n"
    )
