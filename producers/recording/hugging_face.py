"""Each checkpoint of a `Trainer` as a snapshot of its run on record.

It needs the library `transformers`, which is looked up when this module is imported.
"""

import importlib
from pathlib import Path
from typing import Any, Final

from producers.recording.recorder import RunRecorder

_TrainerCallback: Final[Any] = importlib.import_module("transformers").TrainerCallback


class SnapshotCallback(_TrainerCallback):  # type: ignore[misc] # its base is looked up
    """Records what a trainer saves; to be given behind the meter's callback."""

    def __init__(self, run: RunRecorder) -> None:
        """Record the checkpoints of one trainer.

        Args:
            run: the run on record.
        """
        self._run = run

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Record the checkpoint that was just written."""
        del control
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            self._run.snapshot(folder)
