"""Repeat the training of weights in clean processes, and put on record what came out.

Each run's slices are repeated from the weights that it started from, with the records
that it saw; so weights that several runs made are proven link by link, from the base.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from ledger.errors import ErasedError, InputError
from ledger.events.model import Replayed
from ledger.projections.shards import SavedWeights
from ledger.records.dataset import Dataset
from ledger.training.run_keys import TRAIN
from ledger.training.trained import Ancestry, Part
from ledger.workspace.workspace import Workspace
from producers.ports import Progress
from producers.training.base_files import base_files
from producers.training.pool import WorkerJob
from producers.training.recipe import Recipe, capture_environment, parse_recipe
from producers.training.replay import differences, replay
from producers.training.weights import Weights
from producers.trainings import begin_training, world_of

Outcome = Literal["bitwise_equal", "differs", "not_re_executable_here", "records_gone"]
"""The first three are those of `Replayed`; the last says that nothing was checked."""

_GONE: Final = "it saw records that were erased or taken out since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came out for one shard.

    Attributes:
        shard: the shard.
        slice: the slice of the weights in question.
        run_id: the run that saved them.
        weights_sha256: their digest.
        outcome: what came out.
        environment_sha256: digest of this environment; empty where nothing was tried.
        detail: why, where it is not equality.
        differs_at: the first slice that came out otherwise; None for none.
        found_sha256: what it came out as; empty for none.
    """

    shard: int
    slice: int
    run_id: str
    weights_sha256: str
    outcome: Outcome
    environment_sha256: str = ""
    detail: str = ""
    differs_at: int | None = None
    found_sha256: str = ""


class _Claim(NamedTuple):
    """Slices that a job must give again."""

    number: int
    part: Part
    job: WorkerJob


def verify_weights(
    workspace: Workspace,
    run_id: str = "",
    *,
    shards: Collection[int] | None = None,
    progress: Progress,
) -> list[Checked]:
    """Repeat what made some weights, and append `model.replayed.v1` for each shard.

    Args:
        workspace: whose weights.
        run_id: a finished run; the weights in service, where empty.
        shards: only these; None for all.
        progress: told how far the work is.

    Returns:
        What came out, by shard. Where records are gone, nothing is on record.

    Raises:
        InputError: no such run, or no weights to check.
        LockedError: a training is running.
        TrainingError: a worker failed.
    """
    with workspace.exclusive("train"):
        begin_training(workspace, progress)
        ancestry = Ancestry(workspace)
        chains = {
            shard: ancestry.chain(shard, weights)
            for shard, weights in sorted(ancestry.weights(run_id).items())
            if shards is None or shard in shards
        }
        if not any(chains.values()):
            message = "verify: expected weights that a shard was trained to, found none"
            raise InputError(message)
        checker = _Checker(workspace, ancestry, world_of(workspace, progress).weights)
        found = [checker.look(n, chain) for n, chain in chains.items() if chain]
        checked = checker.repeat(found, progress)
        _put_on_record(workspace, checked)
    return checked


class _Checker:
    """Makes the jobs of shards, and compares what they give."""

    def __init__(
        self, workspace: Workspace, ancestry: Ancestry, weights: Weights
    ) -> None:
        self._workspace = workspace
        self._ancestry = ancestry
        self._weights = weights
        self._read = lru_cache(maxsize=2)(weights.get)
        self._claims: list[_Claim] = []

    def look(self, shard: int, chain: list[SavedWeights]) -> Checked:
        """Prepare a shard's jobs, or say why it cannot be repeated."""
        top = chain[-1]
        checked = Checked(
            shard=shard,
            slice=top.slice,
            run_id=top.run_id,
            weights_sha256=top.weights_sha256,
            outcome="bitwise_equal",
        )
        if chain[0].slice or any(
            one.tainted_by or one.withdrawn_by or one.deleted_by for one in chain
        ):
            return replace(checked, outcome="records_gone", detail=_GONE)
        claims = []
        for part in self._ancestry.parts(chain):
            recipe = parse_recipe(self._workspace.evidence.get(part.run.recipe_sha256))
            here = capture_environment(recipe.settings).sha256
            checked = replace(checked, environment_sha256=here)
            if others := differences(recipe):
                detail = f"another {', '.join(others)}"
                return replace(checked, outcome="not_re_executable_here", detail=detail)
            job = self._job(shard, part, recipe)
            if job is None:
                return replace(checked, outcome="records_gone", detail=_GONE)
            claims.append(_Claim(shard, part, job))
        self._claims += claims
        return checked

    def _job(self, shard: int, part: Part, recipe: Recipe) -> WorkerJob | None:
        """What gives a run's slices again; None where its records are others now."""
        run, slices = part.run, part.slices
        dataset = Dataset(self._workspace, run.map_id, run.slices, before=part.entry)
        try:
            stock = dataset.shard(shard)
        except ErasedError:
            return None
        if any(stock[one.slice].records_root != one.records_root for one in slices):
            return None
        first = slices[0].slice
        seeds = [0] * run.slices  # those of other runs' slices are not asked for
        for one in slices:
            seeds[one.slice] = dataset.seed(
                shard, one.slice, one.generation, one.records_root
            )
        return WorkerJob(
            shard=shard,
            recipe=recipe,
            base=self._read(run.base_sha256),
            files=base_files(recipe.settings, self._workspace.evidence.get),
            parent=self._weights.get(slices[0].parent_sha256) if first else b"",
            slice_first=first,
            slices=[part.records for part in stock],
            seeds=seeds,
        )

    def repeat(self, found: Sequence[Checked], progress: Progress) -> list[Checked]:
        """Do the jobs, and say of each shard what came out."""
        if self._claims:
            progress(f"training {len(self._claims)} times in clean processes")
        results = replay([claim.job for claim in self._claims])
        wrong: dict[int, tuple[int, str]] = {}
        for claim, digests in zip(self._claims, results, strict=True):
            for one, digest in zip(claim.part.slices, digests, strict=False):
                if digest != one.weights_sha256:
                    wrong.setdefault(claim.number, (one.slice, digest))
        return [
            _differing(one, *wrong[one.shard]) if one.shard in wrong else one
            for one in found
        ]


def _differing(one: Checked, slice_: int, digest: str) -> Checked:
    return replace(
        one,
        outcome="differs",
        detail=f"slice {slice_} gives {digest[:16]}",
        differs_at=slice_,
        found_sha256=digest,
    )


def _put_on_record(workspace: Workspace, checked: Sequence[Checked]) -> None:
    """Append what was checked; of records that are gone there is nothing to say."""
    events = [
        Replayed(
            replay_id=workspace.random_bytes(16).hex(),
            trained_run=one.run_id,
            shard=one.shard,
            slice=one.slice,
            weights_sha256=one.weights_sha256,
            environment_sha256=one.environment_sha256,
            outcome=one.outcome,
        )
        for one in checked
        if one.outcome != "records_gone"
    ]
    if events:
        workspace.ledger.append(events, stream=TRAIN)
