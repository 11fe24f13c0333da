"""Counts what goes through a model while it trains, without touching the step.

The cost of a shape is traced before the first step (`trace`). From then on a call costs
one look at the shape of its input and one count: no value of a tensor is read, nothing
waits for a device, and no dispatch mode is on. Nothing is raised into the loop unless
the meter is strict; what could not be counted is a fault of the batch, which is then a
lower bound and says so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, get_args

import torch
from torch import Tensor, nn

from producers.metering.attached import Attached
from producers.metering.batch import Batch, Phase
from producers.metering.closed_form import ClosedForm
from producers.metering.fingerprint import fingerprint
from producers.metering.plan import Plan
from producers.metering.shapes import UnknownShapeError, doubts, shape_of
from producers.metering.tally import Key, MeteringError, Tally
from producers.metering.trace import Loss, MakeInputs, tensors_of, trace
from producers.metering.wrapping import hook_calls, hook_parts, unwrapped

__all__ = ["Meter", "MeteringError"]

_ALL_PHASES: Final[tuple[Phase, ...]] = get_args(Phase)


class Meter:
    """Counts passes through the models that are attached to it.

    Attributes:
        plans: the plans in use; a batch names them.
    """

    def __init__(self, *, strict: bool = False) -> None:
        """Make a meter.

        Args:
            strict: whether what cannot be counted is raised where it happens.
        """
        self.plans: list[Plan] = []
        self._phase: Phase | None = None
        self._without_gradient: Phase = "evaluation"
        self._is_tracing = False
        self._attached: list[Attached] = []
        self._tally = Tally(strict=strict)

    @property
    def is_strict(self) -> bool:
        """Whether what cannot be counted is raised where it happens."""
        return self._tally.strict

    def attach(
        self,
        model: nn.Module,
        *,
        twin: nn.Module | None = None,
        inputs: MakeInputs | None = None,
        loss: Loss | None = None,
        closed_form: ClosedForm | None = None,
        plan: Plan | None = None,
    ) -> Plan | None:
        """Trace `model` and count its calls from now on.

        Attach before the first step, in training mode, after adapters are added. A
        model that is compiled, or wrapped for several devices, is attached as it is
        called; what is traced is the module inside.

        Args:
            model: what the loop calls.
            twin: an unwrapped, unquantised model of the same shapes to trace instead.
            inputs: see `trace`.
            loss: see `trace`.
            closed_form: see `trace`.
            plan: one that was traced before, of an equal model; nothing is traced then.

        Returns:
            The plan; None where none could be traced or `plan` is another model's,
            which is a fault.
        """
        traced = twin or unwrapped(model)
        number = (
            self._trace(traced, inputs=inputs, loss=loss, closed_form=closed_form)
            if plan is None
            else self._take(traced, plan)
        )
        if number is None:
            return None
        attached = Attached(model, dict.fromkeys(_ALL_PHASES, number))
        self._attached.append(attached)
        attached.handles = hook_calls(
            model,
            self._guard(self._before, attached),
            self._guard(self._after, attached),
        ) + hook_parts(model, self._guard(self._before_part, attached))
        return self.plans[number]

    def attach_phase(
        self,
        model: nn.Module,
        phase: Phase,
        *,
        twin: nn.Module | None = None,
        inputs: MakeInputs | None = None,
    ) -> Plan | None:
        """Trace an attached model again, as it is now, for one phase.

        A pass with adapters switched off costs less than one with them: call this with
        them switched off, once, for the phase in which they are.

        Args:
            model: as it was attached.
            phase: the phase in which the new plan holds.
            twin: see `attach`.
            inputs: see `trace`.

        Returns:
            The plan; None where none could be traced, which is a fault.
        """
        for attached in self._attached:
            if attached.model is model:
                number = self._trace(twin or unwrapped(model), inputs=inputs)
                if number is None:
                    return None
                attached.plans[phase] = number
                return self.plans[number]
        self._tally.fault("not_attached", is_standing=True)
        return None

    def detach(self) -> None:
        """Stop counting; what was counted stays."""
        for attached in self._attached:
            for handle in attached.handles:
                handle.remove()
        self._attached.clear()

    @contextmanager
    def step(self, *, without_gradient: Phase = "evaluation") -> Iterator[None]:
        """One optimizer step: any number of micro-batches.

        Args:
            without_gradient: what a pass without gradients is for inside of the step
                and outside of any phase.
        """
        before = self._tally.passes()
        outer, self._without_gradient = self._without_gradient, without_gradient
        try:
            yield
        finally:
            self._without_gradient = outer
        # Weights that are frozen again before the next batch would not show there.
        self._check_trained()
        self._tally.end_step(before)

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Say what the passes inside are for.

        Outside of any phase, a pass with gradients is training, and one without is
        evaluation, or what the step says.
        """
        outer, self._phase = self._phase, phase
        try:
            yield
        finally:
            self._phase = outer

    def fault(self, name: str, error: Exception | None = None) -> None:
        """Note that something was not counted, or is in doubt.

        Args:
            name: the fault's name.
            error: what led to it.

        Raises:
            MeteringError: the meter is strict.
        """
        self._tally.fault(name, error)

    def batches(self) -> Iterator[Batch]:
        """Everything counted since the last time; nothing where nothing was."""
        self._check_trained()
        for attached in self._attached:
            if attached.is_changed:
                self._tally.fault("model_changed")
        batch = self._tally.drain(self.plans)
        if batch is not None:
            yield batch

    def _check_trained(self) -> None:
        for attached in self._attached:
            if attached.trains_others:
                self._tally.fault("trained_weights_changed")

    def _guard(
        self, hook: Callable[..., None], attached: Attached
    ) -> Callable[..., None]:
        """A hook that turns its own failure into a fault."""

        def run(model: nn.Module, *given: Any) -> None:
            try:
                hook(attached, model, *given)
            except UnknownShapeError as error:
                self._tally.fault(str(error), error)
            except MeteringError:
                raise
            except Exception as error:  # noqa: BLE001 - never into the training loop
                self._tally.fault("hook_failed", error)

        # Compiled code must not look into a hook: it would break in two at it.
        hidden: Callable[..., None] = torch.compiler.disable(run)  # type: ignore[no-untyped-call] # untyped in the library
        return hidden

    def _before(
        self, attached: Attached, entry: nn.Module, args: Any, named: dict[str, Any]
    ) -> None:
        if self._is_tracing or attached.entry not in {None, entry}:
            return
        attached.entry, attached.call = entry, None
        has_gradient = torch.is_grad_enabled()
        phase = self._phase or ("train" if has_gradient else self._without_gradient)
        batch, sequence = shape_of(args, named)
        key = Key(attached.plans[phase], phase, batch, sequence, has_gradient)
        self._tally.forwards[key] += 1
        attached.call = key
        for name in doubts(named, has_frozen=attached.has_frozen):
            self._tally.fault(name)

    def _before_part(self, attached: Attached, *given: Any) -> None:
        """A part that is called past its model is in no pass.

        What a checkpoint computes again in a backward pass is, and is in its plan.
        """
        del given
        is_again = torch._C._current_graph_task_id() >= 0  # noqa: SLF001 - no other way
        if attached.entry is None and not (self._is_tracing or is_again):
            self._tally.fault("part_called")

    def _after(self, attached: Attached, entry: nn.Module, *given: Any) -> None:
        if attached.entry is not entry:
            return
        key, attached.entry, attached.call = attached.call, None, None
        if key is None or not key.has_gradient:
            return
        tensors = [each for each in tensors_of(given[-1]) if each.requires_grad]
        if attached.trained and not tensors:
            self._tally.fault("output_unknown")
        hook = self._on_backward(key)
        for tensor in tensors:
            tensor.register_hook(hook)  # type: ignore[no-untyped-call] # untyped

    def _on_backward(self, key: Key) -> Callable[[Tensor], None]:
        # A backward pass may reach any output, and one pass may reach several.
        passes: set[int] = set()

        def count(gradient: Tensor) -> None:
            del gradient
            if torch.is_grad_enabled():
                self._tally.fault("second_order_gradient")
            number = torch._C._current_graph_task_id()  # noqa: SLF001 - no other way
            if number not in passes:
                passes.add(number)
                self._tally.backwards[key] += 1
                if key.phase == "evaluation":
                    # It may have updated weights, and evaluation counts to no limit.
                    self._tally.fault("backward_in_evaluation")

        return count

    def _take(self, model: nn.Module, plan: Plan) -> int | None:
        """Take a plan that was traced before and return its number."""
        if fingerprint(model) != plan.model_sha256:
            self._tally.fault("plan_of_another_model", is_standing=True)
            return None
        self.plans.append(plan)
        return len(self.plans) - 1

    def _trace(self, model: nn.Module, **options: Any) -> int | None:
        """Trace a plan and return its number; None where that failed."""
        self._is_tracing = True
        try:
            self.plans.append(trace(model, **options))
        except Exception as error:  # noqa: BLE001 - never into the training loop
            self._tally.fault("trace_failed", error, is_standing=True)
            return None
        finally:
            self._is_tracing = False
        return len(self.plans) - 1
