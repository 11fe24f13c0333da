"""Where the producers meet the ledger: one function for each thing a command does.

With `producers.ingesting`, `producers.scanning` and their like the only module
of `producers` that sees a workspace; every producer below it gets small ports. Commands
parse, call one of these, print and exit.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ledger.erasing.answers import Answers
from ledger.erasing.book import ErasureBook
from ledger.erasing.certificates import Certificates
from ledger.erasing.leftovers import Leftovers
from ledger.errors import InputError, LockedError
from ledger.events import Event
from ledger.events.erasure_request import Ground
from ledger.records.dataset import Dataset
from ledger.records.placer import Placer
from ledger.training.book import TrainingBook
from ledger.workspace.workspace import Workspace
from producers.assign import assign
from producers.erasing.eraser import Erased, Eraser, check_not_held
from producers.erasing.ports import DeleteWeights, DeletionMethod
from producers.exporting import weight_store
from producers.ports import Progress
from producers.training.fine_tune import (
    BaseModel,
    ShardTask,
    World,
    delete_strays,
    fine_tune,
    pretrain,
)
from producers.training.retrain import Retrainer


def train(
    workspace: Workspace, *, base_text: Callable[[], bytes], progress: Progress
) -> str:
    """Train an adapter for each shard, after a base where there is none.

    Args:
        workspace: whose records.
        base_text: public text for the base; asked only where there is none.
        progress: told how far the work is.

    Returns:
        The run's id.

    Raises:
        InputError: nothing to train on.
        LockedError: another training, or an ingest, is running.
        TrainingError: a worker failed.
    """
    with workspace.exclusive("train"):
        book = _begin(workspace, progress)
        erasures = ErasureBook(workspace)
        eraser(workspace, progress).begin(erasures.unfinished())
        check_not_held(erasures.held())
        if book.base() is None:
            seed = int.from_bytes(workspace.random_bytes(8), "big")
            pretrain(base_text(), world=_world(workspace, progress), seed=seed)
        with _until_started(workspace, progress) as world:
            assign(Placer(workspace), progress=progress)
            map_id, current = book.map()
            generation = book.next_generation(range(current.shards))
            result = fine_tune(
                [
                    ShardTask(
                        shard=shard,
                        slice_first=0,
                        parent_sha256="",
                        generations=[generation] * current.slices,
                    )
                    for shard in range(current.shards)
                ],
                dataset=Dataset(workspace, map_id, current.slices),
                base=_base(book),
                map_id=map_id,
                model_name=workspace.settings.model_name,
                world=world,
                generation=generation,
            )
    return result.run_id


@contextlib.contextmanager
def _until_started(workspace: Workspace, progress: Progress) -> Iterator[World]:
    """Keep ingest out until the run is on record.

    A run trains on what was assigned before it started (XEV-11), so nothing may be
    assigned between taking stock and the event that starts it.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(workspace.exclusive("ingest"))
        world = _world(workspace, progress)

        def emit(events: Sequence[Event]) -> None:
            world.emit(events)
            stack.close()  # the first event is the run's start; later this is nothing

        yield replace(world, emit=emit)


def erase(
    workspace: Workspace,
    subjects: str | Sequence[str],
    *,
    ground: Ground,
    retrain: bool = True,
    prove: bool = True,
    delete_models: bool = False,
    received_at_ms: int | None = None,
    reference: str = "",
    progress: Progress,
) -> list[Erased]:
    """Erase a subject, or several in one erasure, as far as asked.

    The fence stands before anything waits for a running training.

    Args:
        workspace: where they are.
        subjects: an alias or an identifier each.
        ground: why, as in `ErasureRequested`.
        retrain: see `Eraser.resume`.
        prove: see `Eraser.resume`.
        delete_models: see `Eraser.resume`.
        received_at_ms: when the request was received, Unix milliseconds; now, where
            None.
        reference: the controller's own reference to the request; empty for none.
        progress: told how far the work is.

    Returns:
        The erasures that they are in: one of all who are new to it, and those that
        some of them were in before.

    Raises:
        ConflictError: one of them is in an erasure that is restricted.
        InputError: unknown subject.
        LockedError: a training is running; the fence stands, and ends it. Or an
            ingest is running: the keys are destroyed, the retrain is still to do.
        TrainingError: the retrain failed; the erasure stays open.
    """
    typed = [subjects] if isinstance(subjects, str) else list(subjects)
    book, answers = ErasureBook(workspace), Answers(workspace)
    answers.check_reference(reference, typed)
    now_ms = workspace.clock_ms() if received_at_ms is None else received_at_ms
    fences = book.fence_all(typed, ground=ground, now_ms=now_ms)
    for fence in fences:
        answers.refer(fence, reference)
    with _fence_stands(), workspace.exclusive("train"):
        _begin(workspace, progress)
        driver = eraser(workspace, progress)
        driver.remember(typed)
        driver.begin(book.unfinished())
        # What is proven is what was trained on: nothing is assigned in between.
        with workspace.exclusive("ingest"):
            return [
                driver.resume(
                    fence, retrain=retrain, prove=prove, delete_models=delete_models
                )
                for fence in fences
            ]


def receive(
    workspace: Workspace,
    subject: str,
    *,
    ground: Ground,
    received_at_ms: int | None = None,
    reference: str = "",
    progress: Progress,
) -> Erased:
    """Fence a subject and start the clock; nothing is destroyed until it is decided.

    Raises:
        InputError: unknown subject.
    """
    book, answers = ErasureBook(workspace), Answers(workspace)
    answers.check_reference(reference, [subject])
    now_ms = workspace.clock_ms() if received_at_ms is None else received_at_ms
    fence = book.fence(subject, ground=ground, now_ms=now_ms, is_decided=False)
    answers.refer(fence, reference)
    return eraser(workspace, progress).receive(fence)


@contextlib.contextmanager
def _fence_stands() -> Iterator[None]:
    """Say what was done when an erasure cannot go on now."""
    try:
        yield
    except LockedError as error:
        message = (
            f"{error}; the request is recorded and the person fenced: run retrain "
            "when it has ended"
        )
        raise LockedError(message) from None


def finish_erasures(
    workspace: Workspace, *, delete_models: bool = False, progress: Progress
) -> list[Erased]:
    """Finish every open erasure that was decided, oldest first.

    Raises:
        LockedError: a training is running.
        TrainingError: a retrain failed; its erasure stays open.
    """
    with workspace.exclusive("train"):
        _begin(workspace, progress)
        fences = ErasureBook(workspace).unfinished()
        driver = eraser(workspace, progress)
        driver.begin(fences)
        with workspace.exclusive("ingest"):
            return [
                driver.resume(fence, delete_models=delete_models) for fence in fences
            ]


def retrainer(workspace: Workspace, progress: Progress) -> Retrainer:
    """What retrains hit shards, and repeats a training in a clean process."""
    book = TrainingBook(workspace)
    map_id, current = book.map()
    world = _world(workspace, progress)
    return Retrainer(
        book,
        lambda: Dataset(workspace, map_id, current.slices),
        base=_base(book),
        map_id=map_id,
        slices=current.slices,
        model_name=workspace.settings.model_name,
        weights=world.weights,
        world=world,
    )


def eraser(workspace: Workspace, progress: Progress) -> Eraser:
    """What drives erasures; a retrainer is made only when a shard is trained."""
    return Eraser(
        ErasureBook(workspace),
        Leftovers(workspace),
        Certificates(workspace),
        lambda: retrainer(workspace, progress),
        delete=_deleter(workspace),
        clock_ms=workspace.clock_ms,
        progress=progress,
    )


def _deleter(workspace: Workspace) -> DeleteWeights:
    """What deletes weights, and says how."""
    weights = weight_store(workspace)

    def delete(sha256: str) -> DeletionMethod:
        # What is not here has no key here: a kill came between, or it never was.
        is_here = sha256 in weights.list()
        weights.delete(sha256)
        return "key_destruction" if is_here else "file_deletion"

    return delete


def _begin(workspace: Workspace, progress: Progress) -> TrainingBook:
    """Put right what a killed training left; the train lock is held."""
    book = TrainingBook(workspace)
    book.close_open_runs()
    delete_strays(_world(workspace, progress).weights, book.on_record())
    return book


def _world(workspace: Workspace, progress: Progress) -> World:
    return World(
        weights=weight_store(workspace),
        evidence=workspace.evidence,
        emit=TrainingBook(workspace).append,
        clock_ms=workspace.clock_ms,
        random_bytes=workspace.random_bytes,
        progress=progress,
    )


def _base(book: TrainingBook) -> BaseModel:
    """The base that was pre-trained here."""
    base = book.base()
    if base is None:
        message = "no base model yet; run train first"
        raise InputError(message)
    return BaseModel(
        name=base.name,
        sha256=base.sha256,
        licence="",
        flop=str(base.flop),
        flop_source="measured",
    )
