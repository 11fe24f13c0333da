"""Train shards again in clean processes, and say only which weights came out.

No event, no weight file: this is a check, not a run. An equal digest means that the
weights in question are what these records, seeds and recipe give, to the bit.
"""

import dataclasses
import hashlib
from collections.abc import Sequence

from producers.training.pool import WorkerJob, train_in_workers
from producers.training.recipe import Recipe, capture_environment
from producers.training.wire import StepDone


def replay(jobs: Sequence[WorkerJob], *, workers: int | None = None) -> list[list[str]]:
    """Digests of the weights after each slice, for each job in order.

    Args:
        jobs: what to train; the numbers of their shards do not matter.
        workers: processes at the same time; None takes one a processor.

    Returns:
        SHA-256 in lowercase hex, from a job's first slice to its last.

    Raises:
        InputError: a recipe or a seed is out of range.
        TrainingError: a worker did not finish, or the recipe is of another environment.
    """
    digests: list[list[str]] = [[] for _ in jobs]

    def on_step(_shard: int, _step: StepDone) -> None:
        """Compute that checks a result is no part of the model's training."""

    def on_slice(number: int, _slice: int, content: bytes) -> None:
        digests[number].append(hashlib.sha256(content).hexdigest())

    # Two jobs may be of the same shard, so the position tells them apart.
    numbered = [dataclasses.replace(job, shard=i) for i, job in enumerate(jobs)]
    train_in_workers(numbered, on_step=on_step, on_slice=on_slice, workers=workers)
    return digests


def differences(recipe: Recipe) -> list[str]:
    """What of a recipe's environment is different here, by name; none where nothing is.

    Raises:
        InputError: a library that its settings need is not installed.
    """
    here = capture_environment(recipe.settings)
    return [
        name
        for name in here.__struct_fields__
        if getattr(here, name) != getattr(recipe.environment, name)
    ]


def final_weights(job: WorkerJob) -> bytes:
    """The weights of a job's last slice, from a clean process, in memory only.

    Raises:
        InputError: a recipe or a seed is out of range.
        TrainingError: the worker did not finish, or the recipe is of another
            environment.
    """
    last: list[bytes] = []

    def on_step(_shard: int, _step: StepDone) -> None:
        """As in `replay`."""

    def on_slice(_shard: int, _slice: int, content: bytes) -> None:
        last[:] = [content]

    train_in_workers([job], on_step=on_step, on_slice=on_slice)
    return last[0]
