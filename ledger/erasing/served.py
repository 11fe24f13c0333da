"""The ledger's side of serving: what may serve, and the manifest that says so.

A manifest is appended in the vault's transaction, after another look at the fences: no
erasure can come between the look and the event.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ledger.erasing.plan import draft
from ledger.erasing.servable import base_why_not, is_unplanned, is_whole, why_not
from ledger.errors import ConflictError, ErasedError, InputError
from ledger.events.model import ManifestPublished
from ledger.events.training import RunFinished, RunStarted
from ledger.projections import States
from ledger.projections.compute import ComputeState
from ledger.projections.serving import (
    Fenced,
    Served,
    ServingState,
    fenced,
)
from ledger.projections.shards import ShardsState
from ledger.projections.weight_chain import event_position
from ledger.training.run_keys import TRAIN
from ledger.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What could serve under a name.

    Attributes:
        model_name: the name.
        map_id: the shard map; empty for a model without shards.
        base_sha256: digest of the base; empty where the weights are the whole model.
        adapters: shard to the digest of its weights, ascending.
    """

    model_name: str
    map_id: str
    base_sha256: str
    adapters: dict[int, str] = field(default_factory=dict)


class ServingBook:
    """What serves in one workspace, and what could."""

    def __init__(self, workspace: Workspace) -> None:
        """Everything happens in `workspace`."""
        self._workspace = workspace

    # What serves

    def all(self) -> dict[str, Served]:
        """The newest manifest of each name."""
        serving: ServingState = self._workspace.states()["serving"]
        return serving.manifests

    def newest(self, model_name: str = "") -> tuple[str, Served]:
        """The newest manifest, of a name or of all, and its name.

        Raises:
            InputError: there is none.
        """
        found = self.all()
        names = [name for name in found if model_name in {"", name}]
        if not names:
            what = f"named {model_name[:64]!r}" if model_name else "at all"
            message = (
                f"expected a model published {what}, found none: run models publish"
            )
            raise InputError(message)
        name = max(names, key=lambda one: event_position(found[one].event_id))
        return name, found[name]

    def fenced(self, served: Served) -> list[Fenced]:
        """Why a manifest may not be obeyed; empty where it may."""
        states = self._workspace.states()
        return fenced(
            states["serving"], states["shards"], states["erasures"], served
        ) + list(self._fenced_soon(states, served.map_id, served.adapters))

    def check(self, served: Served) -> None:
        """Refuse to obey a manifest that is fenced.

        Raises:
            ErasedError: it says why, and what to run.
        """
        for one in self.fenced(served):
            message = (
                f"manifest {served.manifest_id} is fenced: {one.text}; {one.next_step}"
            )
            raise ErasedError(message)

    def made_by(self) -> dict[str, RunStarted]:
        """Digest of weights to the start of the run that made them.

        A base that no run made stands for the newest run that began with it. Of several
        runs that made equal weights it is the newest of this program, for how those of
        a trainer outside are built is not known here.
        """
        started = {
            recorded.event.run_id: recorded.event
            for recorded in self._workspace.ledger.events(stream=TRAIN)
            if isinstance(recorded.event, RunStarted)
        }
        saved_by = self._workspace.states()["compute"].saved_by
        # Later ones win: those outside come first, each in the order of their start.
        known_last = sorted(started.values(), key=lambda one: one.reexecutable)
        rank = {one.run_id: number for number, one in enumerate(known_last)}
        found = {one.base_sha256: one for one in known_last}
        for sha256, runs in saved_by.items():
            if known := [run_id for run_id in runs if run_id in rank]:
                found[sha256] = started[max(known, key=rank.__getitem__)]
        return found

    # What could serve

    def offer(self, run_id: str = "") -> Offer:
        """What a finished run made; for shards that it did not train, what they serve.

        Args:
            run_id: the run; the newest of the map in force where it is empty, whose
                shards then all give what they serve.

        Raises:
            InputError: there is no such finished run.
        """
        started, finished = self.ends(run_id)
        adapters: dict[int, str] = {}
        if started.map_id:
            adapters = self._clean(
                self._workspace.states(), started.map_id, started.base_sha256
            )
        if run_id or not started.map_id:
            adapters |= {one.shard: one.weights_sha256 for one in finished.adapters}
        is_whole = started.technique == "full" and not started.map_id
        return Offer(
            model_name=started.model_name,
            map_id=started.map_id,
            base_sha256="" if is_whole else started.base_sha256,
            adapters=dict(sorted(adapters.items())),
        )

    def ends(self, run_id: str) -> tuple[RunStarted, RunFinished]:
        """The start and the end of a finished run, the newest where none is named.

        Raises:
            InputError: there is none.
        """
        runs: dict[str, RunStarted] = {}
        found: tuple[RunStarted, RunFinished] | None = None
        current = self._workspace.states()["shards"].current_map
        for recorded in self._workspace.ledger.events(stream=TRAIN):
            event = recorded.event
            if isinstance(event, RunStarted):
                runs[event.run_id] = event
            elif isinstance(event, RunFinished) and event.run_id in runs:
                started = runs[event.run_id]
                is_newest = not run_id and started.map_id == current != ""
                if event.run_id == run_id or is_newest:
                    found = (started, event)
        if found is None:
            what = f"found {run_id[:32]!r}" if run_id else "found none: run train"
            message = f"expected the id of a finished run (see `status`), {what}"
            raise InputError(message)
        return found

    def followed(
        self, erasure_id: str, reason: Literal["erased", "retrained"]
    ) -> Iterator[Offer]:
        """What must serve in the place of each manifest that an erasure changes.

        Nothing where the newest manifests say so already.

        Args:
            erasure_id: the erasure; its shards are rolled back.
            reason: `erased` takes out what may not serve any more; `retrained` puts in
                what its retrain gave.
        """
        states = self._workspace.states()
        shards: ShardsState = states["shards"]
        erasure = states["erasures"].erasures[erasure_id]
        for name, served in self.all().items():
            adapters = dict(served.adapters)
            clean = self._clean(states, served.map_id, served.base_sha256)
            if reason == "erased":
                for shard, sha256 in served.adapters.items():
                    if why_not(states, served.map_id, shard, sha256) is not None:
                        del adapters[shard]
                        adapters |= {n: one for n, one in clean.items() if n == shard}
            # Once it is certified, what serves is not this erasure's business.
            elif served.map_id == shards.current_map and not erasure.certified:
                adapters |= {
                    n: clean[n]
                    for n in erasure.retrained
                    if n in clean and not is_whole(states, served, n)
                }
            # Of a whole model that is fenced nothing is left that could serve.
            if adapters != served.adapters and (adapters or served.base_sha256):
                yield Offer(
                    model_name=name,
                    map_id=served.map_id,
                    base_sha256=served.base_sha256,
                    adapters=dict(sorted(adapters.items())),
                )

    def check_may_serve(
        self, map_id: str, base_sha256: str, adapters: Mapping[int, str]
    ) -> None:
        """Refuse weights that may not serve, and whatever stands on such a base.

        Raises:
            ErasedError: an erasure, a deletion or a restriction stands against one.
        """
        states = self._workspace.states()
        found = [
            base_why_not(states, base_sha256),
            *(why_not(states, map_id, number, one) for number, one in adapters.items()),
        ]
        soon = self._fenced_soon(states, map_id, adapters)
        for one in filter(None, (*found, *soon)):
            message = f"{one.text}; {one.next_step}"
            raise ErasedError(message)

    def publish(self, event: ManifestPublished) -> None:
        """Append a manifest, unless what it names may not serve.

        Raises:
            ConflictError: another manifest of the name came between.
            ErasedError: see `check_may_serve`.
            KeyTrustError: the trainer's key is missing or may not sign it.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            before = self.all().get(event.model_name)
            if event.replaces != ("" if before is None else before.manifest_id):
                message = f"{event.model_name} was published meanwhile; run it again"
                raise ConflictError(message)
            self.check_may_serve(
                event.map_id,
                event.base_sha256,
                {one.shard: one.weights_sha256 for one in event.adapters},
            )
            workspace.ledger.append([event], stream=TRAIN)

    # How

    def _clean(self, states: States, map_id: str, base: str) -> dict[int, str]:
        """What each shard of a map may serve on a base: what it does, where that may.

        Else its newest weights of the highest slice that may.
        """
        shards: ShardsState = states["shards"]
        if map_id not in shards.maps:
            return {}
        compute: ComputeState = states["compute"]
        found: dict[int, str] = {}
        for number, shard in sorted(shards.maps[map_id].by_shard.items()):
            fitting = [
                one
                for one in reversed(shard.saved)
                if one.run_id in compute.runs
                and compute.runs[one.run_id].base.sha256 == base
                and why_not(states, map_id, number, one.weights_sha256) is None
            ]
            names = [one.weights_sha256 for one in fitting]
            if shard.served_sha256 in names:
                found[number] = shard.served_sha256
            elif shard.served_sha256 and fitting:
                highest = max(fitting, key=lambda one: one.slice)
                found[number] = highest.weights_sha256
        return found

    def _fenced_soon(
        self, states: States, map_id: str, adapters: Mapping[int, str]
    ) -> Iterator[Fenced]:
        """What saw records of somebody whose fence stands and is not planned yet."""
        shards: ShardsState = states["shards"]
        if map_id != shards.current_map or not map_id:
            return
        by_shard = shards.maps[map_id].by_shard
        for fence in self._workspace.fences.all():
            if not is_unplanned(states, fence):
                continue
            for hit in draft(self._workspace.vault, states, fence.subject_ids).hits:
                sha256 = adapters.get(hit.shard, "")
                if any(
                    one.weights_sha256 == sha256 and one.slice >= hit.slice_first
                    for one in by_shard[hit.shard].saved
                ):
                    yield Fenced(sha256, hit.shard, "requested", fence.erasure_id)
