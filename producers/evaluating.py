"""Evaluations: measure weights of this ledger, and append what came out.

A module of the composition, as `producers.wiring` is. The passes come after the runs
whose weights they are about and are in no run's compute.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.erasing.served import Offer, ServingBook
from ledger.errors import InputError
from ledger.events.model import Evaluated, Probe
from ledger.projections.compute_state import ComputeState
from ledger.projections.erasures import ErasuresState
from ledger.training.book import TrainingBook
from ledger.training.run_keys import TRAIN
from ledger.vault.probe_texts import ProbeTexts
from ledger.workspace.workspace import Workspace
from producers.evaluation.outcome import FLOORS, Compared, Measured, outcome
from producers.evaluation.texts import check_lengths, check_texts
from producers.ports import Progress
from producers.publishing import parts_of
from producers.training.pool import WorkerJob
from producers.training.replay import final_weights
from producers.training.tokens import tokens_of
from producers.wiring import retrainer

if TYPE_CHECKING:
    from producers.serving.ensemble import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One event, and what it is about.

    Attributes:
        event: as appended.
        shard: the shard whose weights it is about; None for those of all together.
    """

    event: Evaluated
    shard: int | None


def evaluate(
    workspace: Workspace,
    run_id: str = "",
    *,
    probe: Probe,
    texts: bytes,
    progress: Progress,
) -> list[Evaluation]:
    """Measure weights, and append an event for each measurement.

    Held-out loss is of all shards together, by averaged probabilities, since that is
    what serves. A probe of memorisation is of each shard by itself: whoever holds the
    weights need not average, and an average hides what one shard knows.

    Args:
        workspace: where the weights are.
        run_id: the finished run that made them, where other shards take part with what
            they serve; where empty, every shard with what it serves.
        probe: what to measure.
        texts: the probe's file.
        progress: told how far the work is.

    Raises:
        ErasedError: the weights saw a record that was erased since, or will be.
        InputError: there are no such weights, or the texts are not of this probe.
        LockedError: a training is running.
    """
    check_texts(probe, texts)
    with workspace.exclusive("train"):
        offer = offered(workspace, run_id)
        parts = parts_of(workspace, ServingBook(workspace), offer)
    _check_lengths(probe, texts, parts)
    commitment = ProbeTexts(workspace.vault).commit(texts)
    whole = list(offer.adapters)
    groups = [whole] if probe == "held_out_loss" else [[shard] for shard in whole]
    done = []
    for group in groups:
        progress(f"{probe}: shard {', '.join(map(str, group))}")
        measured = _measure(probe, texts, _only(parts, [whole.index(n) for n in group]))
        event = _event(
            workspace,
            weights=[offer.adapters[shard] for shard in group],
            probe=probe,
            commitment=commitment,
            measured=measured,
        )
        workspace.ledger.append([event], stream=TRAIN)
        shard = group[0] if len(group) == 1 and offer.map_id else None
        done.append(Evaluation(event=event, shard=shard))
    return done


def offered(workspace: Workspace, run_id: str = "") -> Offer:
    """The weights that an evaluation of a run is about; see `evaluate`.

    Raises:
        ErasedError: the weights saw a record that was erased since, or will be.
        InputError: there are no such weights.
    """
    book = ServingBook(workspace)
    offer = book.offer(run_id)
    if not offer.adapters:
        message = "expected weights that may be used, found none: run retrain"
        raise InputError(message)
    book.check_may_serve(offer.map_id, offer.base_sha256, offer.adapters)
    return offer


def run_of_base(workspace: Workspace, run_id: str = "") -> str:
    """The run that trained the base of a run's weights, or of what serves.

    Raises:
        InputError: there are no such weights, or no run of this ledger made their base.
    """
    base_sha256 = ServingBook(workspace).offer(run_id).base_sha256
    compute: ComputeState = workspace.states()["compute"]
    runs = compute.saved_by.get(base_sha256)
    if not runs:
        message = "--against base: expected a base that a run of this ledger trained"
        raise InputError(message)
    return runs[-1]


def compare(
    workspace: Workspace,
    erasure_id: str,
    *,
    probe: Probe,
    texts: bytes,
    progress: Progress,
) -> list[Evaluation]:
    """Measure what an erasure retrained, and compare.

    With what the weights before it gave, which an earlier evaluation of the same texts
    says, since they are destroyed; and with weights that never saw what was erased,
    which are trained here from the base on, in a clean process and in memory only.

    Raises:
        InputError: nothing was retrained, a shard was trained again since, or cannot be
            trained here; or the texts were not evaluated on the weights before.
        LockedError: a training or an ingest is running.
        TrainingError: the clean process failed.
    """
    check_texts(probe, texts)
    commitment = ProbeTexts(workspace.vault).commit(texts)
    with workspace.exclusive("train"), workspace.exclusive("ingest"):
        before = _before(workspace, erasure_id, probe, commitment)
        rooms = {n: _clean_room(workspace, erasure_id, n, progress) for n in before}
    for _, parts in rooms.values():
        _check_lengths(probe, texts, parts)
    done = []
    for shard, (room, parts) in rooms.items():
        progress(f"shard {shard}: training without the records, to compare")
        clean = replace(parts, adapters=[final_weights(room)])
        event = _event(
            workspace,
            weights=[TrainingBook(workspace).retrained(erasure_id)[shard][1]],
            probe=probe,
            commitment=commitment,
            measured=_measure(probe, texts, parts),
            compared=Compared(
                erasure_id=erasure_id,
                before=before[shard],
                never_saw=_measure(probe, texts, clean).value,
            ),
        )
        workspace.ledger.append([event], stream=TRAIN)
        done.append(Evaluation(event=event, shard=shard))
    return done


def _before(
    workspace: Workspace, erasure_id: str, probe: Probe, commitment: str
) -> dict[int, int]:
    """What the weights before an erasure gave, by each shard that it retrained.

    Raises:
        InputError: nothing was retrained, or none of it was evaluated on these texts.
    """
    book = TrainingBook(workspace)
    erasures: ErasuresState = workspace.states()["erasures"]
    erasure = erasures.erasures.get(erasure_id)
    if erasure is None or not erasure.retrained:
        message = (
            "--erasure: expected the id of an erasure whose shards were retrained "
            f"(see `erasure list`), found {erasure_id[:32]!r}"
        )
        raise InputError(message)
    shards = {book.weights_before(erasure_id, n): n for n in erasure.retrained}
    found: dict[int, int] = {}
    for recorded in workspace.ledger.events(stream=TRAIN):
        match recorded.event:
            case Evaluated(weights=[sha256], value=value) as event if (
                sha256 in shards
                and (event.probe, event.data_commitment) == (probe, commitment)
            ):
                found[shards[sha256]] = value
            case _:
                pass
    if not found:
        message = (
            f"erasure {erasure_id}: expected an evaluation of these texts by {probe} "
            "on the weights before it, found none, and they are destroyed: run "
            "evaluate before you erase"
        )
        raise InputError(message)
    return dict(sorted(found.items()))


def _clean_room(
    workspace: Workspace, erasure_id: str, shard: int, progress: Progress
) -> "tuple[WorkerJob, Parts]":
    """What trains a shard without what was erased, and what its retrain gave.

    Raises:
        InputError: it was trained again since, or was trained by another recipe than
            this machine's.
    """
    book = TrainingBook(workspace)
    run_id, sha256 = book.retrained(erasure_id)[shard]
    if book.shards()[shard].served_sha256 != sha256:
        message = (
            f"shard {shard}: expected the weights that erasure {erasure_id} retrained, "
            "found that it was trained or rolled back since"
        )
        raise InputError(message)
    room = retrainer(workspace, progress).clean_room(shard)
    if book.recipes()[run_id] != room.recipe.sha256:
        message = (
            f"shard {shard}: its recipe is of another environment and cannot be "
            "repeated here; evaluate where it was trained"
        )
        raise InputError(message)
    serving = ServingBook(workspace)
    offer = replace(serving.offer(run_id), adapters={shard: sha256})
    return room, parts_of(workspace, serving, offer)


def _only(parts: "Parts", chosen: Sequence[int]) -> "Parts":
    """Some of the adapters; all there is of a model without any."""
    return replace(
        parts, adapters=[parts.adapters[n] for n in chosen if parts.adapters]
    )


def _check_lengths(probe: Probe, texts: bytes, parts: "Parts") -> None:
    """Refuse a text that the model cannot see whole, before it is loaded."""
    settings = parts.settings
    tokens = tokens_of(settings, parts.files)
    check_lengths(probe, texts, tokens.encode, settings.architecture.context)


def _measure(probe: Probe, texts: bytes, parts: "Parts") -> Measured:
    from producers.evaluation.probes import measure  # noqa: PLC0415
    from producers.serving.ensemble import open_ensemble  # noqa: PLC0415

    return measure(
        probe,
        texts,
        model=open_ensemble(parts).asked(),
        base=lambda: open_ensemble(replace(parts, adapters=[])).asked(),
    )


def _event(
    workspace: Workspace,
    *,
    weights: list[str],
    probe: Probe,
    commitment: str,
    measured: Measured,
    compared: Compared | None = None,
) -> Evaluated:
    """The event, of the run that saved the last of the weights."""
    return Evaluated(
        evaluation_id=workspace.random_bytes(16).hex(),
        trained_run=workspace.states()["compute"].saved_by[weights[-1]][-1],
        weights=weights,
        erasure_id=compared.erasure_id if compared else "",
        probe=probe,
        data_commitment=commitment,
        items=measured.items,
        value=measured.value,
        before=str(compared.before) if compared else "",
        never_saw=str(compared.never_saw) if compared else "",
        floor=FLOORS[probe],
        outcome="measured" if compared is None else outcome(probe, measured, compared),
    )
