"""How a training meets the ledger: its ports, its start, its base, its clean-up.

A module of the composition, as `producers.wiring` is.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ledger.errors import InputError
from ledger.events import Event
from ledger.training.book import TrainingBook
from ledger.training.run_keys import TRAIN
from ledger.workspace.workspace import Workspace
from producers.exporting import weight_store
from producers.ports import Progress
from producers.training.choose import Choices, Chosen, choose, chosen_of_run
from producers.training.fine_tune import BaseModel, World, delete_strays, pretrain
from producers.training.newest import newest_run


def begin_training(workspace: Workspace, progress: Progress) -> TrainingBook:
    """Put right what a killed training left; the train lock is held."""
    book = TrainingBook(workspace)
    book.close_open_runs()
    delete_strays(world_of(workspace, progress).weights, book.on_record())
    return book


def world_of(workspace: Workspace, progress: Progress) -> World:
    """The ports of a training in a workspace."""
    return World(
        weights=weight_store(workspace),
        evidence=workspace.evidence,
        emit=TrainingBook(workspace).append,
        clock_ms=workspace.clock_ms,
        random_bytes=workspace.random_bytes,
        progress=progress,
    )


@contextlib.contextmanager
def until_started(workspace: Workspace, progress: Progress) -> Iterator[World]:
    """Keep ingest out until the run is on record.

    A run trains on what was assigned before it started (XEV-11), so nothing may be
    assigned between taking stock and the event that starts it.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(workspace.exclusive("ingest"))
        world = world_of(workspace, progress)

        def emit(events: Sequence[Event]) -> None:
            world.emit(events)
            stack.close()  # the first event is the run's start; later this is nothing

        yield replace(world, emit=emit)


def chosen_for(
    workspace: Workspace,
    choices: Choices,
    *,
    base_text: Callable[[], bytes],
    progress: Progress,
) -> Chosen:
    """What a training of this workspace is on; see `choose`."""
    return choose(
        choices,
        newest=newest_run(_of_training(workspace)),
        own_base=lambda: _own_base(workspace, base_text, progress),
        world=world_of(workspace, progress),
    )


def trained_with(workspace: Workspace, world: World, map_id: str) -> Chosen:
    """With what the shards of a map were trained last.

    Raises:
        InputError: they were not trained yet.
        IntegrityError: the recipe is gone from evidence/, or altered.
    """
    run = newest_run(_of_training(workspace), map_id)
    if run is None:
        message = "no shard was trained yet; run train first"
        raise InputError(message)
    return chosen_of_run(run, world)


def _of_training(workspace: Workspace) -> Iterator[Event]:
    return (recorded.event for recorded in workspace.ledger.events(stream=TRAIN))


def _own_base(
    workspace: Workspace, base_text: Callable[[], bytes], progress: Progress
) -> BaseModel:
    """The base that was pre-trained here; it is now, where there is none."""
    book = TrainingBook(workspace)
    if book.base() is None:
        seed = int.from_bytes(workspace.random_bytes(8), "big")
        pretrain(base_text(), world=world_of(workspace, progress), seed=seed)
    return _base_of(book)


def _base_of(book: TrainingBook) -> BaseModel:
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
