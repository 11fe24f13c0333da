"""What each matrix product of the tensor library costs, from shapes alone.

A multiply-accumulate is 2 FLOP. An operation that is not listed here costs nothing if
it multiplies no matrices, and makes the count incomplete if it does or may: the count
is never low without saying so (`coverage`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class OpCost:
    """FLOP of one operation.

    Attributes:
        work: products that the algorithm needs.
        again: products that the kernel repeats, to save memory.
    """

    work: int
    again: int = 0


Formula = Callable[[Sequence[Any], Any], OpCost]
"""From an operation's arguments and its result to its cost."""


def _mm(left: Any, right: Any) -> OpCost:
    rows, inner = left.shape
    return OpCost(2 * rows * inner * right.shape[1])


def _bmm(left: Any, right: Any) -> OpCost:
    batch, rows, inner = left.shape
    return OpCost(2 * batch * rows * inner * right.shape[2])


def _grouped_mm(left: Any, right: Any) -> OpCost:
    """Every row meets the matrix of its own group.

    (M, K) x (G, K, N) costs what M rows and one (K, N) do, and so do the forms that cut
    the other dimensions into groups; only two stacks of matrices multiply pair by pair.
    """
    groups = left.shape[0] if left.dim() == 3 and right.dim() == 3 else 1
    rows, inner = left.shape[-2:]
    return OpCost(2 * groups * rows * inner * right.shape[-1])


def _vector(left: Any, right: Any) -> OpCost:
    del right
    return OpCost(2 * left.numel())


def _attention(query: Any, key: Any, value: Any) -> tuple[int, int]:
    """FLOP of Q K^T, and of P V, over all pairs."""
    pairs = math.prod(query.shape[:-1]) * key.shape[-2]
    return 2 * pairs * query.shape[-1], 2 * pairs * value.shape[-1]


def _attention_forward(args: Sequence[Any], result: Any) -> OpCost:
    del result
    return OpCost(sum(_attention(*args[:3])))


def _attention_backward(args: Sequence[Any], result: Any) -> OpCost:
    """DQ, dK cost what the scores do, dP and dV what the mix does; the scores again."""
    del result
    scores, mix = _attention(*args[1:4])
    return OpCost(2 * scores + 2 * mix, again=scores)


def _convolution(args: Sequence[Any], result: Any) -> OpCost:
    return OpCost(_convolution_flop(args[0], args[1], result, is_transposed=args[6]))


def _convolution_flop(
    entering: Any, weight: Any, leaving: Any, *, is_transposed: bool
) -> int:
    # Each element on the wide side meets one filter.
    side = entering if is_transposed else leaving
    flop: int = 2 * side.numel() * math.prod(weight.shape[1:])
    return flop


def _convolution_backward(args: Sequence[Any], result: Any) -> OpCost:
    del result
    leaving, entering, weight = args[:3]
    flop = _convolution_flop(entering, weight, leaving, is_transposed=args[7])
    wants_input, wants_weight, _ = args[10]
    return OpCost(flop * (wants_input + wants_weight))


def _of_factors(cost: Callable[[Any, Any], OpCost], first: int = 0) -> Formula:
    """The formula of an operation whose factors are two neighbouring arguments."""

    def formula(args: Sequence[Any], result: Any) -> OpCost:
        del result
        return cost(args[first], args[first + 1])

    return formula


_SDPA: Final = "_scaled_dot_product"

FORMULAS: Final[dict[str, Formula]] = {
    "mm": _of_factors(_mm),
    "addmm": _of_factors(_mm, 1),
    "_addmm_activation": _of_factors(_mm, 1),
    "_scaled_mm": _of_factors(_mm),
    "_int_mm": _of_factors(_mm),
    "bmm": _of_factors(_bmm),
    "baddbmm": _of_factors(_bmm, 1),
    "addbmm": _of_factors(_bmm, 1),
    "_grouped_mm": _of_factors(_grouped_mm),
    "_scaled_grouped_mm": _of_factors(_grouped_mm),
    "mv": _of_factors(_vector),
    "addmv": _of_factors(_vector, 1),
    "dot": _of_factors(_vector),
    "vdot": _of_factors(_vector),
    "convolution": _convolution,
    "convolution_backward": _convolution_backward,
    **{
        f"{_SDPA}_{kernel}": _attention_forward
        for kernel in (
            "flash_attention",
            "flash_attention_for_cpu",
            "efficient_attention",
            "cudnn_attention",
            "fused_attention_overrideable",
        )
    },
    **{
        f"{_SDPA}_{kernel}_backward": _attention_backward
        for kernel in (
            "flash_attention",
            "flash_attention_for_cpu",
            "efficient_attention",
            "cudnn_attention",
            "fused_attention_overrideable",
        )
    },
}
"""By the name of an `aten` operation, without its overload and without the underscore
that an operation in place ends with."""
