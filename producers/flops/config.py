"""A Hugging Face `config.json` to the products of the model: no weights, no library.

Every field must be known: one that decides a shape is read, one that decides none is
skipped, and any other is refused.
"""

import json
from pathlib import Path
from typing import Any, Final

from ledger.errors import InputError
from producers.flops.blocks import Shapes, block
from producers.flops.families import (
    EXPERT_FIELDS,
    FAMILIES,
    IGNORED,
    MUST_BE_FALSE,
    Family,
)
from producers.flops.graph import Decoder, Product

CONFIG_BYTES_MAX: Final = 1024 * 1024
DIMENSION_MAX: Final = 2**31 - 1
LAYERS_MAX: Final = 4096

_EXECUTED: Final = (
    "attention counts all S x S pairs, masked or not; a kernel that leaves out masked "
    "blocks executes less"
)
_WINDOW: Final = (
    "a sliding window is counted as a mask over all pairs; a kernel that leaves out "
    "what lies outside executes less"
)
_ROUTED: Final = (
    "each token meets exactly its top-k experts; dropped tokens or padded capacity "
    "would execute other amounts"
)
_QUANTISED: Final = "quantised weights are counted as full ones: precision is no factor"


def load_config(path: Path) -> Decoder:
    """Read a configuration file.

    Raises:
        InputError: it cannot be read, is no JSON object of known fields, or too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as error:
        message = f"configuration {path.name}: {error.strerror or 'cannot be read'}"
        raise InputError(message) from None
    if len(content) > CONFIG_BYTES_MAX:
        message = f"configuration: expected at most {CONFIG_BYTES_MAX} bytes"
        raise InputError(message)
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        message = "configuration: expected JSON, found something else"
        raise InputError(message) from None
    if not isinstance(fields, dict):
        message = "configuration: expected a JSON object"
        raise InputError(message)
    return read_config(fields)


def read_config(fields: dict[str, Any]) -> Decoder:
    """The decoder that a configuration describes.

    Raises:
        InputError: the model type or a field is unknown, or a shape is missing or out
            of range.
    """
    model_type = fields.get("model_type")
    family = FAMILIES.get(model_type) if isinstance(model_type, str) else None
    if family is None:
        message = (
            f"model type: expected one of {', '.join(sorted(FAMILIES))}, "
            f"found {str(model_type)[:64]}"
        )
        raise InputError(message)
    _refuse_unknown(fields, family)
    read = _Fields(fields)
    shapes = _shapes(read, family)
    layers = read.size(family.layers, most=LAYERS_MAX)
    # Tying changes what is stored and not what is multiplied.
    is_tied = read.flag("tie_word_embeddings", default=family.tied)
    head = Product(
        name="lm_head",
        reads=(),
        size_in=shapes.width,
        size_out=read.size("vocab_size"),
        adaptable=False,
    )
    context = read.size(family.context)
    embeddings = head.weights * (1 if is_tied else 2)
    embeddings += context * shapes.width * family.learned_positions
    return Decoder(
        model_type=str(model_type),
        blocks=tuple(block(family, shapes, index) for index in range(layers)),
        head=head,
        embedding_weights=embeddings,
        context=context,
        notes=_notes(fields, family),
    )


class _Fields:
    """Typed access to the fields; null is missing."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def size(
        self, name: str, *, default: int | None = None, most: int = DIMENSION_MAX
    ) -> int:
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if type(value) is not int or not 1 <= value <= most:
            found = "nothing" if value is None else str(value)[:32]
            message = f"field {name}: expected an integer 1 .. {most}, found {found}"
            raise InputError(message)
        return value

    def either(self, name: str) -> int | None:
        return None if self._fields.get(name) is None else self.size(name)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._fields.get(name, default)
        if type(value) is not bool:
            message = f"field {name}: expected true or false, found {str(value)[:32]}"
            raise InputError(message)
        return value

    def any_above_zero(self, names: tuple[str, ...]) -> bool:
        # A dropout that is not given has its class's value; the cautious reading is
        # that there is one, since it makes a recomputation longer and not shorter.
        return any(self._fields.get(name) != 0 for name in names)

    def indices(self, name: str) -> tuple[int, ...]:
        value = self._fields.get(name) or []
        if not isinstance(value, list) or any(type(item) is not int for item in value):
            message = f"field {name}: expected a list of layers"
            raise InputError(message)
        return tuple(value)


def _shapes(read: _Fields, family: Family) -> Shapes:
    width = read.size(family.hidden)
    heads = read.size(family.heads)
    head_dim = read.size(
        "head_dim", default=None if family.head_dim_required else max(width // heads, 1)
    )
    kv_heads = heads
    if family.kv_heads:
        default = None if family.kv_heads_required else heads
        kv_heads = read.size(family.kv_heads, default=default)
    # 0 stands for an inner width that must be given.
    inner = read.size(family.inner, default=family.inner_default * width or None)
    parallel = family.parallel
    if isinstance(parallel, str):
        parallel = read.flag(parallel, default=True)
    return Shapes(
        width=width,
        attention=heads * head_dim,
        key=kv_heads * head_dim,
        inner=inner,
        parallel=parallel,
        last_is_saved=family.norm_last or read.any_above_zero(family.dropouts),
        **_experts(read, family),
    )


def _experts(read: _Fields, family: Family) -> dict[str, Any]:
    if family.experts == "none":
        return {}
    # Two names for one number, by the version of the library that wrote it.
    total = read.size("num_local_experts", default=read.either("num_experts"))
    if read.either("num_experts") not in {None, total}:
        message = f"field num_experts: expected {total} as in num_local_experts"
        raise InputError(message)
    is_mixtral = family.experts == "mixtral"
    width = "intermediate_size" if is_mixtral else "moe_intermediate_size"
    found: dict[str, Any] = {
        "experts": total,
        "experts_active": read.size("num_experts_per_tok", most=total),
        "expert_inner": read.size(width),
    }
    if not is_mixtral:
        found["sparse_step"] = read.size("decoder_sparse_step")
        found["dense_layers"] = read.indices("mlp_only_layers")
    if family.experts == "qwen2_moe":
        found["shared_inner"] = read.size("shared_expert_intermediate_size")
    return found


def _refuse_unknown(fields: dict[str, Any], family: Family) -> None:
    shapes = {
        family.hidden,
        family.layers,
        family.heads,
        family.kv_heads,
        family.inner,
        family.context,
        "head_dim",
        *([family.parallel] if isinstance(family.parallel, str) else []),
    }
    known = shapes.union(
        IGNORED,
        family.ignored,
        family.dropouts,
        EXPERT_FIELDS[family.experts],
    )
    for name, value in fields.items():
        understood = family.flags.get(name, ())
        if name in MUST_BE_FALSE:
            understood = (False,)
        if name in known or value is None or value in understood:
            continue
        message = (
            f"field {name[:64]}: expected a field that is known for "
            f"{fields['model_type']}; it may stand for products that are not counted"
        )
        raise InputError(message)


def _notes(fields: dict[str, Any], family: Family) -> tuple[str, ...]:
    notes = [_EXECUTED]
    if fields.get("sliding_window") and fields.get("use_sliding_window") is not False:
        notes.append(_WINDOW)
    if family.experts != "none":
        notes.append(_ROUTED)
    if fields.get("quantization_config"):
        notes.append(_QUANTISED)
    return tuple(notes)
