"""Counts the matrix products of one step, operation by operation, by phase.

It is a dispatch mode, which slows a step down and takes a compiled model back to eager
execution. So it runs on a traced step of fake tensors, never on a live one (`trace`).
"""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from producers.metering.coverage import may_multiply
from producers.metering.formulas import FORMULAS

_CHECKPOINT: Final = "torch.utils.checkpoint"


class PhaseCounter(TorchDispatchMode):  # type: ignore[no-untyped-call] # its base
    """Counts FLOP while it is entered.

    Attributes:
        flop: FLOP by phase: forward, backward, recompute.
        unknown: operations without a formula that may multiply matrices, and how often
            each ran.
        has_second_order: whether a gradient was differentiated again, which this split
            into phases does not know.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # untyped in the library
        self.flop = {"forward": 0, "backward": 0, "recompute": 0}
        self.unknown: Counter[str] = Counter()
        self.has_second_order = False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one operation and count it."""
        del types
        named = dict(kwargs or {})
        namespace, name = func._schema.name.split("::")  # noqa: SLF001 - no other way
        formula = _formula(namespace, name)
        if formula is None and namespace == "aten":
            # In inference mode, operations arrive that are made of others.
            with self:
                result = func.decompose(*args, **named)
            if result is not NotImplemented:
                return result
        result = func(*args, **named)
        if formula is not None:
            self._count(formula, _positional(func, args, named), result)
        elif may_multiply(namespace, name):
            self.unknown[f"{namespace}::{name}"] += 1
        return result

    def _count(
        self, formula: Callable[..., Any], args: Sequence[Any], result: Any
    ) -> None:
        cost = formula(args, result)
        self.flop[self._phase()] += cost.work
        self.flop["recompute"] += cost.again

    def _phase(self) -> str:
        """The phase of the operation that runs now.

        A graph task is the autograd engine at work. Inside of it nothing records
        gradients, except a forward pass that a checkpoint runs again.
        """
        if torch._C._current_graph_task_id() == -1:  # noqa: SLF001 - no other way
            return "forward"
        if not torch.is_grad_enabled():
            return "backward"
        if not _is_in_checkpoint():
            self.has_second_order = True
            return "backward"
        return "recompute"


def _formula(namespace: str, name: str) -> Callable[..., Any] | None:
    if namespace != "aten":
        return None
    # An operation in place costs what the other one does.
    return FORMULAS.get(name) or FORMULAS.get(name.removesuffix("_"))


def _positional(func: Any, args: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    """All arguments in the order of the schema."""
    arguments = func._schema.arguments[len(args) :]  # noqa: SLF001 - no other way
    return [*args, *(named.get(each.name, each.default_value) for each in arguments)]


def _is_in_checkpoint() -> bool:
    frame = sys._getframe()  # noqa: SLF001 - documented for this use
    while frame is not None:
        if frame.f_globals.get("__name__") == _CHECKPOINT:
            return True
        frame = frame.f_back  # type: ignore[assignment] # the outermost has none
    return False
