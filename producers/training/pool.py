"""Jobs in parallel, each in its own fresh process, heard in the caller's thread.

The number of intra-op threads decides the bits, so speed comes from processes: each
has one thread, however many run at once.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from ledger.errors import InputError
from producers.metering.plan import Plan
from producers.training.base_files import NO_FILES, BaseFiles
from producers.training.errors import TrainingError, WorkerKilledError
from producers.training.recipe import Pretrained, Recipe
from producers.training.wire import (
    MESSAGE_BYTES_MAX,
    Job,
    Refused,
    SliceDone,
    SliceHeader,
    StepDone,
    decode_message,
    need_frame,
    read_frame,
    write_frame,
)

COMMAND: Final = (sys.executable, "-m", "producers.training.worker")
"""What a worker process runs."""

_COPIES: Final = 8
"""How often a worker holds its base at most, in bytes of the base's file: the file, its
tensors, twice their size in the model where they are of 16 bits, and room to train."""

_EXIT_SECONDS_MAX: Final = 60
"""How long a worker that says nothing more may take to exit on a busy machine."""

OnStep = Callable[[int, StepDone], None]
"""Told after each step: shard, step."""

OnSlice = Callable[[int, int, bytes], None]
"""Told after each slice: shard, slice, safetensors bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerJob:
    """What one worker trains.

    Attributes:
        shard: the shard; 0 for a base.
        recipe: with lora for a shard, without for a base.
        plan: what a pass costs; None counts none.
        base: safetensors bytes of the frozen base; empty for a base.
        files: what the frozen base comes with.
        parent: those of the adapter of slice `slice_first` - 1; empty for slice 0.
        slice_first: the slice to begin with.
        slices: the records that each slice adds, those before `slice_first` included.
        seeds: one a slice, 0 .. 2^256 - 1; of a base 0 .. 2^64 - 1.
    """

    shard: int
    recipe: Recipe
    plan: Plan | None = None
    base: bytes = b""
    files: BaseFiles = NO_FILES
    parent: bytes = b""
    slice_first: int = 0
    slices: Sequence[Sequence[bytes]]
    seeds: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """A worker says nothing more; `complaint` is what was wrong with it, if at all."""

    complaint: str | None


@dataclass(slots=True, kw_only=True, eq=False)
class _Worker:
    """A running process and the slice that it should finish next."""

    job: WorkerJob
    process: subprocess.Popen[bytes]
    source: BinaryIO
    sink: BinaryIO
    slice_next: int
    thread: threading.Thread | None = None


_Heard = tuple[_Worker, StepDone | tuple[SliceDone, bytes] | _Ended]


def train_in_workers(
    jobs: Sequence[WorkerJob],
    *,
    on_step: OnStep,
    on_slice: OnSlice,
    workers: int | None = None,
) -> None:
    """Do `jobs`, up to `workers` at a time, and return when all are done.

    The callbacks run in the calling thread, one at a time; a worker's steps and slices
    come in order. However this function ends, no worker outlives it.

    Args:
        jobs: what to train.
        on_step: told after each step.
        on_slice: told after each slice, once its steps were told.
        workers: processes at the same time, at least 1; None takes one a processor, or
            as many as memory has room for, and one where jobs train on a GPU.

    Raises:
        InputError: a recipe or a seed is out of range.
        WorkerKilledError: a signal ended a worker.
        TrainingError: a worker refused its job, crashed or spoke garbage.
    """
    limit = workers or _processes(jobs)
    heard: queue.SimpleQueue[_Heard] = queue.SimpleQueue()
    waiting = deque(jobs)
    running: list[_Worker] = []
    try:
        while waiting or running:
            while waiting and len(running) < limit:
                running.append(_start(waiting.popleft(), heard))
            worker, message = heard.get()
            match message:
                case StepDone():
                    _check_slice(worker, message.slice)
                    on_step(worker.job.shard, message)
                case (SliceDone(slice=k), content):
                    _check_slice(worker, k)
                    worker.slice_next += 1
                    on_slice(worker.job.shard, k, content)
                case _Ended(complaint=complaint):
                    _check_end(worker, complaint)
                    running.remove(worker)
                    _stop(worker)
    finally:
        for worker in running:
            _stop(worker)


def _processes(jobs: Sequence[WorkerJob]) -> int:
    """One a processor, as far as memory holds what a worker holds; one on a GPU."""
    if any(job.recipe.settings.passes.device != "cpu" for job in jobs):
        return 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    needed = _COPIES * max((len(job.base) for job in jobs), default=0)
    return max(1, min(os.cpu_count() or 1, memory // max(1, needed)))


def _start(job: WorkerJob, heard: queue.SimpleQueue[_Heard]) -> _Worker:
    header = _header(job)
    process = subprocess.Popen(  # noqa: S603 - a fixed command, nothing from outside
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # The package is found wherever the caller's current folder is.
        cwd=Path(__file__).parents[2],
        # Ctrl-C reaches the parent alone, which then ends its workers.
        process_group=0,
    )
    worker = _Worker(
        job=job,
        process=process,
        source=cast("BinaryIO", process.stdout),
        sink=cast("BinaryIO", process.stdin),
        slice_next=job.slice_first,
    )
    # A daemon: should it hang on a pipe, it must not keep the parent alive.
    worker.thread = threading.Thread(
        target=_converse, args=(worker, header, heard), daemon=True
    )
    worker.thread.start()
    return worker


def _header(job: WorkerJob) -> bytes:
    if len(job.seeds) != len(job.slices) or not all(
        0 <= seed < 2**256 for seed in job.seeds
    ):
        message = f"seeds of shard {job.shard}: expected 0 .. 2^256 - 1, one a slice"
        raise InputError(message)
    return msgspec.json.encode(
        Job(
            kind="base" if job.recipe.settings.lora is None else "shard",
            recipe=job.recipe.canonical().decode(),
            plan="" if job.plan is None else job.plan.canonical().decode(),
            slice_first=job.slice_first,
            slices=[
                SliceHeader(records=len(records), seed=f"{seed:064x}")
                for records, seed in zip(job.slices, job.seeds, strict=True)
            ],
        )
    )


def _converse(worker: _Worker, header: bytes, heard: queue.SimpleQueue[_Heard]) -> None:
    """Send the job, then pass on what the worker says until it says no more."""
    complaint: str | None = "conversation broke off"
    try:
        # A worker that died early leaves a broken pipe; its exit status says more.
        with contextlib.suppress(BrokenPipeError):
            _send(worker, header)
        while (frame := _read_message(worker)) is not None:
            match decode_message(frame):
                case Refused(reason=reason):
                    complaint = reason
                    return
                case SliceDone() as done:
                    heard.put((worker, (done, need_frame(worker.source))))
                case StepDone() as step:
                    heard.put((worker, step))
        complaint = None
    except TrainingError as error:
        complaint = str(error)
    finally:
        heard.put((worker, _Ended(complaint=complaint)))


def _read_message(worker: _Worker) -> bytes | None:
    return read_frame(worker.source, bytes_max=MESSAGE_BYTES_MAX)


def _send(worker: _Worker, header: bytes) -> None:
    job = worker.job
    for content in (header, job.base, job.parent, *_files(job)):
        write_frame(worker.sink, content)
    for records in job.slices:
        for record in records:
            write_frame(worker.sink, record)
    worker.sink.flush()


def _files(job: WorkerJob) -> tuple[bytes, ...]:
    if isinstance(job.recipe.settings.architecture, Pretrained):
        return job.files.config, job.files.tokenizer
    return ()


def _check_slice(worker: _Worker, found: int) -> None:
    is_left = worker.slice_next < len(worker.job.slices)
    if not is_left or found != worker.slice_next:
        expected = f"slice {worker.slice_next}" if is_left else "no more slices"
        message = (
            f"worker of shard {worker.job.shard}: expected {expected}, "
            f"found slice {found}"
        )
        raise TrainingError(message)


def _check_end(worker: _Worker, complaint: str | None) -> None:
    """Raise unless the worker ended well after its last slice."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        worker.process.wait(_EXIT_SECONDS_MAX)
    status = worker.process.returncode
    who = f"worker of shard {worker.job.shard}"
    if status is not None and status < 0:
        message = f"{who}: ended by signal {-status}"
        raise WorkerKilledError(message)
    if complaint is not None:
        message = f"{who}: {complaint}"
        raise TrainingError(message)
    if status != 0:
        message = f"{who}: expected exit status 0, found {status}"
        raise TrainingError(message)
    if worker.slice_next < len(worker.job.slices):
        message = f"{who}: expected slice {worker.slice_next}, found the end"
        raise TrainingError(message)


def _stop(worker: _Worker) -> None:
    """End the process if it still runs, and free its pipes."""
    worker.process.kill()
    worker.process.wait()
    if worker.thread is not None:
        worker.thread.join()
    worker.source.close()
    # What the worker never read is still buffered and cannot be flushed any more.
    with contextlib.suppress(BrokenPipeError):
        worker.sink.close()
