"""The shape of a call to a model, read from its arguments without reading a value."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

KNOWN: Final = frozenset(
    {
        "attention_mask",
        "cache_position",
        "input_ids",
        "inputs_embeds",
        "labels",
        "logits_to_keep",
        "num_items_in_batch",
        "num_logits_to_keep",
        "output_attentions",
        "output_hidden_states",
        "output_router_logits",
        "past_key_values",
        "position_ids",
        "return_dict",
        "token_type_ids",
        "use_cache",
    }
)
"""Arguments that are understood; another one may bring in products of its own."""

HEAD_IN_PART: Final = frozenset({"fused_lm_head", "shift_labels"})
"""Arguments with which the output head may leave positions out, by their labels.

Source: TRL 1.16, `trl.trainer.utils.add_fused_lm_head`.
"""


class UnknownShapeError(Exception):
    """A call whose cost does not follow from its shape; its text is a fault's name."""


def shape_of(args: Sequence[Any], named: Mapping[str, Any]) -> tuple[int, int]:
    """Sequences and positions of a call.

    Raises:
        UnknownShapeError: there is no one input of that shape, or there is more than
            the plan knows of.
    """
    if not named.keys() <= KNOWN and any(
        value is not None
        for name, value in named.items()
        if name not in KNOWN and name not in HEAD_IN_PART
    ):
        raise UnknownShapeError("argument_unknown")
    cache = named.get("past_key_values")
    if cache is not None:
        # Each new position also meets those in the cache, which no shape here shows.
        raise UnknownShapeError("cache_in_use")
    entering = args[0] if args else named.get("input_ids")
    dimensions = 2
    if entering is None:
        entering, dimensions = named.get("inputs_embeds"), 3
    shape: tuple[int, ...] = getattr(entering, "shape", ())
    if len(args) > 1 or len(shape) != dimensions:
        raise UnknownShapeError("shape_unknown")
    return shape[0], shape[1]


def has_head_in_part(named: Mapping[str, Any]) -> bool:
    """Whether the head may meet fewer positions than the shape has."""
    return any(named.get(name) is not None for name in HEAD_IN_PART)
