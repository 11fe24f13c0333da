"""Where the producers meet the ledger: one function for each thing a command does.

With `producers.scanning`, `producers.rights` and `producers.rescanning` the only module
of `producers` that sees a workspace; every producer below it gets small ports. Commands
parse, call one of these, print and exit.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, TypeVar

from ledger.dataset import Dataset
from ledger.erasure_book import ErasureBook
from ledger.errors import InputError, LockedError
from ledger.events import Event
from ledger.events.erasure import Ground
from ledger.events.policy import Jurisdiction
from ledger.intake import Intake, Placer
from ledger.training_book import TrainingBook
from ledger.workspace import Workspace
from producers.assign import assign
from producers.erasure import Erased, Eraser
from producers.ingest import IngestReport, ScanOutcome, ingest, read_records
from producers.ports import Progress
from producers.rights import licence_port, outcome_port, shunned_port
from producers.scanning import ScanOptions, adopted_policy, open_scanner
from producers.training.fine_tune import (
    BaseModel,
    ShardTask,
    World,
    delete_strays,
    fine_tune,
    pretrain,
)
from producers.training.retrain import Retrainer
from producers.training.weights import WeightStore

T = TypeVar("T")


def ingest_file(
    workspace: Workspace,
    stream: BinaryIO,
    *,
    options: ScanOptions,
    progress: Progress,
    resume: bool = False,
    jurisdictions: Sequence[Jurisdiction] = (),
) -> IngestReport:
    """Decide on every record of a JSON Lines file, keep and place what is accepted.

    Args:
        workspace: where it goes.
        stream: the file.
        options: how a scan is made where a record needs one.
        progress: told how far the work is.
        resume: skip records that are kept already.
        jurisdictions: decide for these instead of the settings'.

    Raises:
        InputError: a line is no record; those before it are ingested.
        LockedError: another ingest is running.
    """
    with workspace.exclusive("ingest"), contextlib.ExitStack() as stack:
        policy = adopted_policy(workspace, jurisdictions)

        def make_scan() -> Callable[[str], ScanOutcome]:
            scanner = stack.enter_context(open_scanner(workspace, policy, options))
            outcome_of = outcome_port(workspace)
            return lambda url: outcome_of(scanner.scan(url))

        intake = Intake(workspace)
        report = ingest(
            read_records(stream),
            policy=policy,
            scan=_lazy(make_scan),
            licensed=licence_port(workspace, policy),
            shunned=shunned_port(options),
            known=intake.known,
            keep=intake.keep,
            emit=intake.append_decisions,
            random_bytes=workspace.random_bytes,
            progress=progress,
            skip_known=resume,
        )
        # Not after an error: what is resumed later may name people together who would
        # lie in different shards by then.
        assign(Placer(workspace), progress=progress)
        return report


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
        eraser(workspace, progress).begin(ErasureBook(workspace).unfinished())
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
    subject: str,
    *,
    ground: Ground,
    retrain: bool,
    prove: bool,
    progress: Progress,
) -> Erased:
    """Erase a subject as far as asked; see `Eraser.erase`.

    The fence stands before anything waits for a running training.

    Raises:
        InputError: unknown subject.
        LockedError: a training is running; the fence stands, and ends it. Or an
            ingest is running: the keys are destroyed, the retrain is still to do.
        TrainingError: the retrain failed; the erasure stays open.
    """
    book = ErasureBook(workspace)
    fence = book.fence(subject, ground=ground, now_ms=workspace.clock_ms())
    with _fence_stands(), workspace.exclusive("train"):
        _begin(workspace, progress)
        driver = eraser(workspace, progress)
        driver.begin(book.unfinished())
        # What is proven is what was trained on: nothing is assigned in between.
        with workspace.exclusive("ingest"):
            return driver.resume(fence, retrain=retrain, prove=prove)


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


def finish_erasures(workspace: Workspace, *, progress: Progress) -> list[Erased]:
    """Finish every open erasure, oldest first.

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
            return [driver.resume(fence) for fence in fences]


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
        lambda: retrainer(workspace, progress),
        clock_ms=workspace.clock_ms,
        progress=progress,
    )


def _begin(workspace: Workspace, progress: Progress) -> TrainingBook:
    """Put right what a killed training left; the train lock is held."""
    book = TrainingBook(workspace)
    book.close_open_runs()
    delete_strays(_world(workspace, progress).weights, book.on_record())
    return book


def _world(workspace: Workspace, progress: Progress) -> World:
    return World(
        weights=WeightStore(workspace.folder / "models"),
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


def _lazy(make: Callable[[], Callable[[str], T]]) -> Callable[[str], T]:
    """A port that is made on first use: no scan, no network library."""
    made: list[Callable[[str], T]] = []

    def call(argument: str) -> T:
        if not made:
            made.append(make())
        return made[0](argument)

    return call
