"""A callback for the Trainer of Lightning, under either of its two names."""

import importlib
import importlib.util
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from torch import nn

from producers.metering.closed_form import ClosedForm
from producers.metering.integrations.loop import Account, MeteredLoop

_PACKAGE: Final = (
    "lightning.pytorch"
    if importlib.util.find_spec("lightning")
    else "pytorch_lightning"
)
_Callback: Final[Any] = importlib.import_module(_PACKAGE).Callback


class MeterCallback(_Callback):  # type: ignore[misc] # its base is looked up
    """Meters a Lightning `Trainer`.

    Inside of a training step, a pass without gradients is one of a reference model.

    Attributes:
        loop: the loop that it drives.
        account: what the training cost; None before it ended.
    """

    def __init__(
        self,
        loop: MeteredLoop | None = None,
        *,
        model: str = "model",
        twin: nn.Module | None = None,
        closed_form: Callable[[nn.Module], ClosedForm | None] | None = None,
    ) -> None:
        """Make a callback for one trainer.

        Args:
            loop: one of its own by default.
            model: where the model is in the Lightning module; empty if it is the module
                itself, and its training step calls it.
            twin: a plain model of the same shapes to trace instead; needed where the
                model is made sharded, in `configure_model`.
            closed_form: what the architecture of a model says; the plan is checked
                against it.
        """
        self.loop = loop or MeteredLoop()
        self.account: Account | None = None
        self._name = model
        self._twin = twin
        self._closed_form = closed_form
        self._is_attached = False
        self._update = 0
        self._evaluation: AbstractContextManager[None] | None = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Trace the model before a strategy splits it."""
        del trainer
        if stage == "fit":
            self._attach(pl_module)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Trace a model that was not there before; one that never comes is a fault."""
        del trainer
        self._attach(pl_module)
        if not self._is_attached:
            self.loop.meter.fault("not_attached")

    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Begin a step, if this is its first micro-batch."""
        del pl_module, batch, batch_idx
        if not self.loop.is_in_step:
            self._update = trainer.global_step
            self.loop.begin(without_gradient="reference")

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Tell evaluation from the passes of a step that is still open."""
        del trainer, pl_module
        self._evaluation = self.loop.meter.phase("evaluation")
        self._evaluation.__enter__()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Back to the step."""
        del trainer, pl_module
        evaluation, self._evaluation = self._evaluation, None
        if evaluation is not None:
            evaluation.__exit__(None, None, None)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """End it, if weights were updated; stop if the budget says so."""
        del pl_module, outputs, batch, batch_idx
        if trainer.global_step == self._update:
            return
        self.loop.end()
        if self.loop.should_stop:
            trainer.should_stop = True

    def on_save_checkpoint(
        self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]
    ) -> None:
        """What a checkpoint will contain is offered to the recorder before it."""
        del trainer, pl_module, checkpoint
        self.loop.flush()

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Record what is left."""
        del trainer, pl_module
        self._finish()

    def on_exception(
        self, trainer: Any, pl_module: Any, exception: BaseException
    ) -> None:
        """Record what there is when a training fails."""
        del trainer, pl_module, exception
        self._finish()

    def _attach(self, pl_module: nn.Module) -> None:
        if self._is_attached:
            return
        try:
            model = pl_module.get_submodule(self._name)
        except AttributeError:
            return
        self.loop.attach(model, twin=self._twin, closed_form=self._closed_form)
        self._is_attached = True

    def _finish(self) -> None:
        self.on_validation_end(None, None)  # an error may have left it open
        self.account = self.loop.finish()
        self._is_attached = False
