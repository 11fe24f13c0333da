"""What is known of each run's compute, and which weights came of it."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from ledger.projections.stated import Attested, Hosted

Status = Literal["open", "finished", "failed"]


class Flop(msgspec.Struct):
    """Model FLOP by phase, exact integers; `StepsMetered` says what each phase is."""

    forward: int = 0
    backward: int = 0
    recompute: int = 0
    reference: int = 0
    rollout: int = 0
    reward: int = 0
    auxiliary: int = 0
    evaluation: int = 0

    def add(self, other: "Flop") -> None:
        """Add `other` in place, phase by phase."""
        self.forward += other.forward
        self.backward += other.backward
        self.recompute += other.recompute
        self.reference += other.reference
        self.rollout += other.rollout
        self.reward += other.reward
        self.auxiliary += other.auxiliary
        self.evaluation += other.evaluation

    def copy(self) -> "Flop":
        """The same numbers, which later events do not change."""
        return msgspec.structs.replace(self)

    def of(self, phases: Iterable[str]) -> int:
        """Sum over the named phases."""
        return sum(int(getattr(self, phase)) for phase in phases)

    def executed(self) -> int:
        """Sum over all phases: everything that the machine was asked to do."""
        return self.of(self.__struct_fields__)


class Base(msgspec.Struct, frozen=True):
    """The model that a run starts from, as `RunStarted` states it.

    Attributes:
        name: its name.
        sha256: digest of the starting weights; empty where from scratch.
        licence: SPDX expression.
        flop: training compute as decimal text; empty where not known.
        flop_source: where `flop` comes from.
        flop_estimable: whether it could be estimated if it is not known.
        systemic_risk: whether it is a GPAI model with systemic risk.
    """

    name: str
    sha256: str
    licence: str
    flop: str
    flop_source: str
    flop_estimable: bool
    systemic_risk: bool


class Run(msgspec.Struct):
    """One run's compute and where it comes from.

    Attributes:
        model_name: the model that results.
        objective: what is learnt.
        purpose: a first training, or an erasure's retraining.
        base: the model that it starts from.
        started: the `RunStarted` event.
        parents: other runs whose saved weights or model it goes on from.
        base_in_ledger: whether the base itself is a model of this ledger.
        status: open until `RunFinished` or `RunFailed`.
        ended: that event; empty while open.
        batches: how many `StepsMetered` events were seen.
        batch_first: the first of them; empty where there is none.
        batch_last: the last of them.
        steps: their steps.
        tokens: their tokens, padding included.
        flop: their FLOP.
        faults: why the count may be too low; empty where it is complete.
        is_sharded: whether it trains shards.
        is_outside: whether a trainer outside of this program made it, so that what it
            read is not known.
        resumes: the failed run that it goes on from; empty for none.
        resumed_from: the snapshot of that run that it starts from; empty for none, and
            for a run of shards.
        resumed_by: the run that goes on from this one; empty for none.
        snapshots: digest of each snapshot, and the FLOP that lead to it, in order; the
            later one where one was saved twice.
        by_place: FLOP by `shard.slice`, of a run of shards.
        trained: the places whose slice is trained.
    """

    model_name: str
    objective: str
    purpose: str
    base: Base
    started: str
    parents: list[str] = []
    base_in_ledger: bool = False
    status: Status = "open"
    ended: str = ""
    batches: int = 0
    batch_first: str = ""
    batch_last: str = ""
    steps: int = 0
    tokens: int = 0
    flop: Flop = msgspec.field(default_factory=Flop)
    faults: list[str] = []
    is_sharded: bool = False
    is_outside: bool = False
    resumes: str = ""
    resumed_from: str = ""
    resumed_by: str = ""
    snapshots: dict[str, Flop] = {}
    by_place: dict[str, Flop] = {}
    trained: list[str] = []


class ComputeState(msgspec.Struct):
    """Every run, and which run saved which weights.

    Attributes:
        runs: run id to run, in order of their start.
        saved_by: digest of saved weights to the runs that saved them: equal weights
            may come from several.
        snapshot_of: the same of snapshots.
        strays: events of runs that never started; their compute is in no total.
        hosted: what vendors trained, by id; estimated, and in no total.
        attested: what files state of trainings; in no total.
    """

    runs: dict[str, Run] = {}
    saved_by: dict[str, list[str]] = {}
    snapshot_of: dict[str, list[str]] = {}
    strays: list[str] = []
    hosted: dict[str, Hosted] = {}
    attested: list[Attested] = []
