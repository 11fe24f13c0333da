"""Where the producers meet the ledger: one function for each thing a command does.

With `producers.ingesting`, `producers.scanning` and their like the only module
of `producers` that sees a workspace; every producer below it gets small ports. Commands
parse, call one of these, print and exit.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from ledger.erasing.answers import Answers
from ledger.erasing.book import ErasureBook
from ledger.erasing.certificates import Certificates
from ledger.erasing.leftovers import Leftovers
from ledger.erasing.models import ModelsBook
from ledger.errors import LockedError
from ledger.events.erasure_request import Ground
from ledger.records.dataset import Dataset
from ledger.records.placer import Placer
from ledger.training.book import TrainingBook
from ledger.training.whereabouts import forget_places, noted_places
from ledger.workspace.workspace import Workspace
from producers.assign import assign
from producers.erasing.deleting import Deleting
from producers.erasing.eraser import Erased, Eraser, check_not_held
from producers.erasing.ports import DeleteWeights, DeletionMethod, FindElsewhere
from producers.exporting import weight_store
from producers.ports import Progress
from producers.publishing import republisher
from producers.recording.weights import lie_at
from producers.training.choose import NOTHING_CHOSEN, Choices
from producers.training.fine_tune import ShardTask, fine_tune
from producers.training.retrain import Retrainer
from producers.trainings import (
    begin_training,
    chosen_for,
    trained_with,
    until_started,
    world_of,
)


def train(
    workspace: Workspace,
    *,
    base_text: Callable[[], bytes],
    choices: Choices = NOTHING_CHOSEN,
    progress: Progress,
) -> str:
    """Train an adapter for each shard, after a base where there is none.

    Args:
        workspace: whose records.
        base_text: public text for a base of our own; asked only where there is none.
        choices: on which base, and how.
        progress: told how far the work is.

    Returns:
        The run's id.

    Raises:
        InputError: nothing to train on.
        LockedError: another training, or an ingest, is running.
        TrainingError: a worker failed.
    """
    with workspace.exclusive("train"):
        book = begin_training(workspace, progress)
        erasures = ErasureBook(workspace)
        eraser(workspace, progress).begin(erasures.unfinished())
        check_not_held(erasures.held())
        chosen = chosen_for(workspace, choices, base_text=base_text, progress=progress)
        with until_started(workspace, progress) as world:
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
                base=chosen.base,
                map_id=map_id,
                model_name=workspace.settings.model_name,
                world=world,
                generation=generation,
                objective=chosen.objective,
                settings=chosen.settings,
            )
    return result.run_id


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
        begin_training(workspace, progress)
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


def retrainer(workspace: Workspace, progress: Progress) -> Retrainer:
    """What retrains hit shards, and repeats a training in a clean process."""
    book = TrainingBook(workspace)
    map_id, current = book.map()
    world = world_of(workspace, progress)
    chosen = trained_with(workspace, world, map_id)
    return Retrainer(
        book,
        lambda: Dataset(workspace, map_id, current.slices),
        base=chosen.base,
        map_id=map_id,
        slices=current.slices,
        model_name=workspace.settings.model_name,
        weights=world.weights,
        world=world,
        objective=chosen.objective,
        settings=chosen.settings,
    )


def eraser(workspace: Workspace, progress: Progress) -> Eraser:
    """What drives erasures; a retrainer is made only when a shard is trained."""
    book = ErasureBook(workspace)
    return Eraser(
        book,
        Leftovers(workspace),
        Certificates(workspace),
        lambda: retrainer(workspace, progress),
        deleting=Deleting(
            book,
            ModelsBook(workspace),
            delete=_deleter(workspace),
            elsewhere=_finder(workspace),
            progress=progress,
        ),
        republish=republisher(workspace, progress),
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
        forget_places(workspace.folder, sha256)
        return "key_destruction" if is_here else "file_deletion"

    return delete


def _finder(workspace: Workspace) -> FindElsewhere:
    """What finds weights of trainers outside, where they were saved."""

    def find(sha256: str) -> list[str]:
        paths = noted_places(workspace.folder, sha256)
        return [path for path in paths if lie_at(path, sha256)]

    return find
