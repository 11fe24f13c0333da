"""A callback for the Trainer of transformers, and for those of TRL that build on it.

A callback is told of steps, and never of inputs; so the meter hangs on the model, and
the callback only says where steps begin and end. Both libraries are looked up when this
module is imported, which is when a callback is wanted.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from torch import nn

from producers.metering.closed_form import ClosedForm
from producers.metering.integrations.loop import Account, MeteredLoop

_TrainerCallback: Final[Any] = importlib.import_module("transformers").TrainerCallback


class MeterCallback(_TrainerCallback):  # type: ignore[misc] # its base is looked up
    """Meters a `Trainer`.

    Inside of a step, a pass without gradients is one of a reference model, and outside
    of steps it is evaluation. A reference model of its own must be attached to the
    loop's meter, or it is not counted.

    Attributes:
        loop: the loop that it drives.
        account: what the training cost; None before it ended.
    """

    def __init__(
        self,
        loop: MeteredLoop | None = None,
        *,
        twin: nn.Module | None = None,
        closed_form: Callable[[nn.Module], ClosedForm | None] | None = None,
        reference_is_base: bool = False,
    ) -> None:
        """Make a callback for one trainer.

        Args:
            loop: one of its own by default.
            twin: a plain model of the same shapes to trace instead, adapters and
                checkpointing included; needed where weights are sharded or packed.
            closed_form: what the architecture of a model says; the plan is checked
                against it.
            reference_is_base: whether reference passes run through the model with its
                adapters off, as TRL does without a reference model. They are then
                counted without adapters, and with them otherwise.
        """
        self.loop = loop or MeteredLoop()
        self.account: Account | None = None
        self._twin = twin
        self._closed_form = closed_form
        self._reference_is_base = reference_is_base
        self._attached: Any = None

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **_: Any
    ) -> None:
        """Trace the model and count its calls from now on.

        A trainer that looks for a batch size that fits begins more than once.
        """
        del args, state, control
        if self._attached is model:
            return
        self._attached = model
        traced: Any = self._twin or model
        with _in_training(traced):
            self.loop.attach(model, twin=self._twin, closed_form=self._closed_form)
            if self._reference_is_base:
                self._attach_base(model, traced)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin a step, of one or more micro-batches."""
        del args, state, control
        self.loop.begin(without_gradient="reference")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """End it; ask the trainer to stop if the budget says so."""
        del args, state
        self.loop.end()
        if self.loop.should_stop:
            control.should_training_stop = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """What a saved checkpoint contains is offered to the recorder."""
        del args, state, control
        self.loop.flush()

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Record what is left."""
        del args, state, control
        self.account = self.loop.finish()
        self._attached = None

    def _attach_base(self, model: nn.Module, traced: Any) -> None:
        if not hasattr(traced, "disable_adapter"):
            self.loop.meter.fault("no_adapters_to_switch_off")
            return
        with traced.disable_adapter():
            self.loop.meter.attach_phase(model, "reference", twin=self._twin)


@contextmanager
def _in_training(model: nn.Module) -> Iterator[None]:
    """Training mode, in which the trainer runs each step."""
    modes = [(module, module.training) for module in model.modules()]
    for module, _ in modes:
        module.training = True
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
