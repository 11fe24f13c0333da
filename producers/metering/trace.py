"""Traces a model once, on fake tensors: no data, no memory, no effect on the model.

Three shapes are traced. Two decide the polynomial, and the third checks it, so that
every shape is exact afterwards and none is traced again. Trace before a wrapper splits
the model (DDP, FSDP, tensor parallelism): a shard sees only its own part.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, ValuesView
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call

from ledger.errors import InputError
from ledger.events.training_plan import OPERATIONS_MAX
from producers.metering.closed_form import ClosedForm, agree
from producers.metering.counter import PhaseCounter
from producers.metering.fingerprint import fingerprint
from producers.metering.plan import PHASES, Plan
from producers.metering.polynomial import Polynomial

SHAPES: Final = ((2, 4), (2, 6), (3, 5))
"""Small, so that they fit any context; of two lengths, and a third to check with."""

MakeInputs = Callable[[int, int], dict[str, Tensor]]
"""From a batch's sequences and positions to the model's arguments by name."""

_NAME_MAX: Final = 128
"""Most characters of an operation's name that a plan keeps."""

POSITIONAL: Final = ""
"""The name of an argument that is given by position."""

Loss = Callable[[Any], Tensor | None]
"""From the model's output to what is differentiated; None where nothing is."""


def trace(
    model: nn.Module,
    *,
    inputs: MakeInputs | None = None,
    loss: Loss | None = None,
    shapes: tuple[tuple[int, int], ...] = SHAPES,
    closed_form: ClosedForm | None = None,
) -> Plan:
    """The plan of `model` as it is now.

    Args:
        model: the model before it is wrapped; its mode decides what is traced, so it
            should be in training mode. It is not changed, nor is the random state.
        inputs: makes the arguments of a batch; `input_ids` (or one positional argument
            where the model has no such parameter) by default.
        loss: what is differentiated; the output's `loss`, else all its tensors.
        shapes: the batches to trace, at least three.
        closed_form: what the architecture says the same step costs, if it is known.

    Returns:
        The plan; where something could not be counted, one that says so.

    Raises:
        InputError: a weight is packed or sharded.
        Exception: whatever the model raises on fake tensors.
    """
    make, differentiate = inputs or _default_inputs(model), loss or _default_loss
    # Before the model runs: it may count its calls.
    model_sha256 = fingerprint(model)
    with _undisturbed(model):
        training = [_count(model, make, differentiate, shape) for shape in shapes]
        _evaluate(model)
        with torch.no_grad():
            inference = [_count(model, make, None, shape) for shape in shapes]
    counted = [*training, *inference]
    faults = set()
    if any(each.has_second_order for each in counted):
        faults.add("second_order_gradient")
    flop = {
        phase: [each.flop[phase] for each in training]
        for phase in ("forward", "backward", "recompute")
    }
    flop["inference"] = [sum(each.flop.values()) for each in inference]
    costs = {}
    for phase in PHASES:
        points = [(*shape, n) for shape, n in zip(shapes, flop[phase], strict=True)]
        cost = Polynomial.fit(points)
        if cost is None:
            faults.add(f"no_polynomial_{phase}")
        costs[phase] = cost or Polynomial(0, 0)
    if closed_form is not None and not agree(costs, closed_form):
        faults.add("closed_form_differs")
    unknown = sorted({name[:_NAME_MAX] for each in counted for name in each.unknown})
    if len(unknown) > OPERATIONS_MAX:
        faults.add("more_unknown_operations")
    return Plan(
        model_sha256=model_sha256,
        **costs,
        shapes=shapes,
        unknown=tuple(unknown[:OPERATIONS_MAX]),
        faults=tuple(sorted(faults)),
        closed_form=closed_form is not None,
        torch_version=str(torch.__version__),
    )


class _Step(nn.Module):
    """Forward and backward in one call.

    A checkpoint runs modules again in the backward pass, and these must then still hold
    the fake weights.
    """

    def __init__(self, model: nn.Module, loss: Loss | None) -> None:
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(self, *args: Tensor, **named: Tensor) -> None:
        """Run the step; its result is what was counted."""
        output = self.model(*args, **named)
        loss = None if self.loss is None else self.loss(output)
        # Of a model that is frozen as a whole there is nothing to differentiate.
        if loss is not None and loss.requires_grad:
            torch.autograd.backward(loss)


def _count(
    model: nn.Module, make: MakeInputs, loss: Loss | None, shape: tuple[int, int]
) -> PhaseCounter:
    """Count one step; one without backward pass where there is no loss."""
    counter = PhaseCounter()
    step = _Step(model, loss)
    with FakeTensorMode(allow_non_fake_inputs=True):
        weights = {f"model.{name}": fake for name, fake in _fake_weights(model)}
        given = make(*shape)
        positional = (given.pop(POSITIONAL),) if POSITIONAL in given else ()
        with counter:
            functional_call(step, weights, positional, given)
    return counter


def _fake_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Weights and buffers without memory, on the CPU: no product depends on where."""
    for name, weight in model.named_parameters():
        if type(weight) is not nn.Parameter and type(weight) is not Tensor:
            # Packed or sharded: its shape is not that of the matrix that multiplies.
            message = f"weight: expected a plain one, found {type(weight).__name__}"
            raise InputError(message)
        fake = torch.empty(weight.shape, dtype=weight.dtype, device="cpu")
        yield name, fake.requires_grad_(weight.requires_grad)
    for name, buffer in model.named_buffers():
        yield name, torch.empty(buffer.shape, dtype=buffer.dtype, device="cpu")


def _default_inputs(model: nn.Module) -> MakeInputs:
    is_named = "input_ids" in inspect.signature(model.forward).parameters

    def make(batch: int, sequence: int) -> dict[str, Tensor]:
        ids = torch.zeros(batch, sequence, dtype=torch.long)
        return {"input_ids" if is_named else POSITIONAL: ids}

    return make


def _default_loss(output: Any) -> Tensor | None:
    """The output's own loss, else the sum of every tensor that has a gradient."""
    own = getattr(output, "loss", None)
    if isinstance(own, Tensor):
        return own
    sums = [each.float().sum() for each in tensors_of(output) if each.requires_grad]
    return torch.stack(sums).sum() if sums else None


def tensors_of(output: Any, depth: int = 2) -> list[Tensor]:
    """The tensors of a model's output, in it or in a collection in it."""
    if isinstance(output, Tensor):
        return [output]
    values = output.values() if isinstance(output, Mapping) else output
    if depth == 0 or not isinstance(values, tuple | list | ValuesView):
        return []
    return [found for each in values for found in tensors_of(each, depth - 1)]


@contextmanager
def _undisturbed(model: nn.Module) -> Iterator[None]:
    """Leave random state, modes and compiled code as they were."""
    modes = [(module, module.training) for module in model.modules()]
    # A dispatch mode around compiled code would make it give up compiling for good.
    with (
        torch.random.fork_rng(devices=[]),
        torch.compiler.set_stance("force_eager"),
        torch.enable_grad(),
    ):
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode


def _evaluate(model: nn.Module) -> None:
    for module in model.modules():
        module.training = False
