"""The shape of a call to a model, read from its arguments without reading a value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from torch import Tensor
from torch._C._functorch import peek_interpreter_stack

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
    given = [(each, 2) for each in (*args, named.get("input_ids")) if each is not None]
    embedded = named.get("inputs_embeds")
    given += [] if embedded is None else [(embedded, 3)]
    # Of two inputs, one could be longer than the other.
    if len(args) > 1 or len(given) != 1:
        raise UnknownShapeError("shape_unknown")
    [(entering, dimensions)] = given
    shape: tuple[int, ...] = getattr(entering, "shape", ())
    # A ragged dimension has no length, and transformed functions (`vmap`) hide one.
    is_plain = all(type(length) is int for length in shape)
    if len(shape) != dimensions or not is_plain or peek_interpreter_stack() is not None:
        raise UnknownShapeError("shape_unknown")
    if _has_other_sequences(named.get("labels"), shape):
        raise UnknownShapeError("shape_unknown")
    return shape[0], shape[1]


def _has_other_sequences(labels: Any, shape: tuple[int, ...]) -> bool:
    """Whether labels are token ids of another shape than the input.

    Behind an encoder they are what enters the decoder. Labels of one sequence each, and
    floating ones, are classes and enter nothing.
    """
    found: tuple[int, ...] = getattr(labels, "shape", ())
    is_ids = len(found) == 2 and not labels.dtype.is_floating_point
    return is_ids and tuple(found) != tuple(shape[:2])


def doubts(named: Mapping[str, Any], *, has_frozen: bool) -> Iterator[str]:
    """Faults of a call whose shape is understood and says too much or too little.

    Args:
        named: its arguments by name.
        has_frozen: whether some weights are frozen, so that a plan may lack gradients
            which an input with a gradient asks for.
    """
    embedded = named.get("inputs_embeds")
    if has_frozen and getattr(embedded, "requires_grad", False) is True:
        yield "input_gradient"
    kept = named.get("logits_to_keep"), named.get("num_logits_to_keep")
    # 0 keeps all; a tensor says which, and is not read.
    if any(isinstance(each, Tensor) or each for each in kept) or any(
        named.get(name) is not None for name in HEAD_IN_PART
    ):
        yield "head_in_part"
