"""One job in a fresh process: `python -m producers.training.worker`.

A fresh process has no other thread, seed or setting that could change a bit, so the
same module trains a shard for the first time, again after an erasure, and for whoever
wants to check either. It ends when its parent does: the parent holds the other end of
stdin and never writes to it again.
"""

import os
import sys
import threading
from dataclasses import dataclass
from typing import BinaryIO, Final

import msgspec

from ledger.errors import TuneledgerError
from producers.metering.plan import parse_plan
from producers.training.base_files import NO_FILES, BaseFiles
from producers.training.errors import TrainingError
from producers.training.recipe import (
    Pretrained,
    Settings,
    parse_recipe,
    same_environment,
)
from producers.training.wire import (
    Job,
    Refused,
    SliceDone,
    StepDone,
    need_frame,
    write_frame,
)

ORPHANED: Final = 3
"""Exit status of a worker whose parent went away."""


@dataclass(slots=True, kw_only=True)
class _Given:
    """What the parent sent beside the job.

    Attributes:
        base: safetensors bytes of the base; empty once they were taken.
        parent: those of the adapter to start from; empty for a new one.
        files: what the base comes with.
        texts: the records of each slice.
    """

    base: bytes
    parent: bytes
    files: BaseFiles
    texts: list[list[bytes]]

    def take_base(self) -> bytes:
        """The base, which nothing here holds on to: it may be half of the memory."""
        base, self.base = self.base, b""
        return base


def main() -> int:
    """Read a job from stdin, do it, and tell the parent on stdout.

    Returns:
        The exit status 1, refused; a job that is done ends the process with 0.
    """
    answer = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not end up between two frames.
    os.dup2(2, 1)
    try:
        _serve(sys.stdin.buffer, answer)
    except TuneledgerError as error:
        _say(answer, Refused(reason=str(error)))
        return 1
    # Everything is said and flushed; taking torch apart would take seconds.
    os._exit(0)


def _serve(source: BinaryIO, answer: BinaryIO) -> None:
    job = msgspec.json.decode(need_frame(source), type=Job)
    recipe = parse_recipe(job.recipe.encode())
    base, parent = need_frame(source), need_frame(source)
    files = NO_FILES
    if isinstance(recipe.settings.architecture, Pretrained):
        files = BaseFiles(config=need_frame(source), tokenizer=need_frame(source))
    texts = [[need_frame(source) for _ in range(part.records)] for part in job.slices]
    given = _Given(base=base, parent=parent, files=files, texts=texts)
    del base
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if not same_environment(recipe):
        message = "recipe not re-executable here: captured in another environment"
        raise TrainingError(message)
    _train(job, recipe.settings, given, answer)


def _end_with_parent() -> None:
    # A plain read, not sys.stdin: its lock could not be taken while the process ends.
    while os.read(0, 1):
        pass
    os._exit(ORPHANED)


def _train(job: Job, settings: Settings, given: _Given, answer: BinaryIO) -> None:
    # The parent may go away while torch is being imported, which takes seconds.
    from torch import Tensor  # noqa: PLC0415

    from producers.training import slices  # noqa: PLC0415
    from producers.training.weights import (  # noqa: PLC0415
        decode_tensors,
        encode_tensors,
    )

    def on_step(step: StepDone) -> None:
        _say(answer, step)

    def on_slice(k: int, tensors: dict[str, Tensor]) -> None:
        _say(answer, SliceDone(slice=k), encode_tensors(tensors))

    plan = parse_plan(job.plan.encode()) if job.plan else None
    seeds = [int(part.seed, 16) for part in job.slices]
    if job.kind == "base":
        (records,), (seed,) = given.texts, seeds
        tensors = slices.pretrain(
            records, seed=seed, settings=settings, plan=plan, on_step=on_step
        )
        on_slice(0, tensors)
        return
    slices.train_slices(
        base=decode_tensors(given.take_base()),
        parent=decode_tensors(given.parent) if given.parent else None,
        slice_first=job.slice_first,
        slices=given.texts,
        seeds=seeds,
        settings=settings,
        plan=plan,
        on_step=on_step,
        on_slice=on_slice,
        files=given.files,
    )


def _say(
    answer: BinaryIO, message: StepDone | SliceDone | Refused, *attached: bytes
) -> None:
    write_frame(answer, msgspec.json.encode(message))
    for content in attached:
        write_frame(answer, content)
    answer.flush()


if __name__ == "__main__":
    sys.exit(main())
