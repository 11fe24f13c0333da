"""Which manifest serves each model, and which of its weights may serve no more.

A manifest says what serves from its event on. An erasure, a deletion or a restriction
that comes later takes weights away from under it: then it is fenced until a newer one
takes its place.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from ledger.events.erasure import ShardRolledBack, WeightsDeleted
from ledger.events.erasure_request import ErasureRestricted, RestrictionLifted
from ledger.events.model import Aggregation, ManifestPublished
from ledger.events.shards import MapDeclared
from ledger.projections.base import Projection, Recorded
from ledger.projections.erasures import ErasuresState
from ledger.projections.shards import SavedWeights, ShardsState

_WHY: Final = {
    "deleted": "were deleted (event {})",
    "erased": "saw a record that event {} erased",
    "requested": "saw a record that erasure {} will erase",
    "restricted": "saw a record that erasure {} restricts (GDPR Article 18)",
}


class Served(msgspec.Struct):
    """The newest manifest of a name.

    Attributes:
        event_id: the `ManifestPublished` event.
        manifest_id: its random id.
        reason: why it was published.
        map_id: the shard map; empty for a model without shards.
        base_sha256: digest of the base; empty where the weights are the whole model.
        rule: how several adapters answer together.
        adapters: shard to the digest of its weights, ascending.
        merged_sha256: digest of the merged adapter; empty for another rule.
    """

    event_id: str
    manifest_id: str
    reason: str
    map_id: str
    base_sha256: str
    rule: Aggregation
    adapters: dict[int, str]
    merged_sha256: str


class Restriction(msgspec.Struct):
    """A restriction in force (GDPR Article 18).

    Attributes:
        map_id: the map that was in force when it began.
        shards: what each shard may serve at most; empty for nothing.
    """

    map_id: str
    shards: dict[int, str] = {}


class ServingState(msgspec.Struct):
    """What serves.

    Attributes:
        current_map: the newest map's id; empty before any.
        manifests: model name to its newest manifest, in order of first publication.
        merged: digest of each merged adapter that was not deleted to the weights that
            it was made of.
        restrictions: erasure to its restriction, while that is in force.
    """

    current_map: str = ""
    manifests: dict[str, Served] = {}
    merged: dict[str, list[str]] = {}
    restrictions: dict[str, Restriction] = {}


class Fenced(msgspec.Struct, frozen=True):
    """Why weights may not serve.

    Attributes:
        weights_sha256: the weights.
        shard: their shard; None for a base and for a merged adapter.
        reason: they were deleted; or saw a record that was erased, or that a decided
            erasure will erase, or that a restriction keeps out of use.
        cause: the event for the first two, the erasure for the others.
    """

    weights_sha256: str
    shard: int | None
    reason: Literal["deleted", "erased", "requested", "restricted"]
    cause: str

    @property
    def text(self) -> str:
        """Why, in words."""
        what = "weights" if self.shard is None else f"shard {self.shard}: weights"
        why = _WHY[self.reason].format(self.cause)
        return f"{what} {self.weights_sha256[:16]} {why}"

    @property
    def next_step(self) -> str:
        """What to do about it, in words."""
        if self.reason == "restricted":
            return "run models publish, which leaves them out"
        return "run retrain, then models publish"


def apply(state: ServingState, recorded: Recorded) -> ServingState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case ManifestPublished() as event:
            _publish(state, event, recorded.event_id)
        case MapDeclared(map_id=map_id):
            state.current_map = map_id
        case ErasureRestricted(erasure_id=erasure_id):
            state.restrictions[erasure_id] = Restriction(map_id=state.current_map)
        case ShardRolledBack(erasure_id=erasure_id, shard=shard, weights_sha256=sha256):
            if erasure_id in state.restrictions:
                state.restrictions[erasure_id].shards[shard] = sha256
        case RestrictionLifted(erasure_id=erasure_id):
            state.restrictions.pop(erasure_id, None)
        case WeightsDeleted(weights=weights):
            for sha256 in weights:
                state.merged.pop(sha256, None)
        case _:
            pass
    return state


def _publish(state: ServingState, event: ManifestPublished, event_id: str) -> None:
    adapters = {one.shard: one.weights_sha256 for one in event.adapters}
    state.manifests[event.model_name] = Served(
        event_id=event_id,
        manifest_id=event.manifest_id,
        reason=event.reason,
        map_id=event.map_id,
        base_sha256=event.base_sha256,
        rule=event.rule,
        adapters=adapters,
        merged_sha256=event.merged_sha256,
    )
    if event.merged_sha256:
        state.merged[event.merged_sha256] = list(adapters.values())


def fenced(
    serving: ServingState, shards: ShardsState, erasures: ErasuresState, served: Served
) -> list[Fenced]:
    """Why a manifest may not be obeyed; empty where it may."""
    found = [
        why_fenced(serving, shards, erasures, served.map_id, shard, sha256)
        for shard, sha256 in served.adapters.items()
    ]
    if served.base_sha256:
        found.append(why_gone(erasures, served.base_sha256, None))
    if served.merged_sha256:
        found.append(why_gone(erasures, served.merged_sha256, None))
    return [one for one in found if one is not None]


def why_fenced(
    serving: ServingState,
    shards: ShardsState,
    erasures: ErasuresState,
    map_id: str,
    shard: int,
    sha256: str,
) -> Fenced | None:
    """Why weights may not serve for a shard; None where they may (XEV-17, XEV-27)."""
    for saved in _saved(shards, map_id, shard, sha256):
        if saved.tainted_by:
            return Fenced(sha256, shard, "erased", saved.tainted_by)
        if saved.deleted_by:
            return Fenced(sha256, shard, "deleted", saved.deleted_by)
        for erasure_id, one in serving.restrictions.items():
            if one.map_id == map_id and _is_above(shards, one, shard, saved):
                return Fenced(sha256, shard, "restricted", erasure_id)
    return why_gone(erasures, sha256, shard)


def _saved(
    shards: ShardsState, map_id: str, shard: int, sha256: str
) -> Iterator[SavedWeights]:
    """Every time that a shard saved these weights."""
    if map_id in shards.maps and shard in shards.maps[map_id].by_shard:
        for saved in shards.maps[map_id].by_shard[shard].saved:
            if saved.weights_sha256 == sha256:
                yield saved


def _is_above(
    shards: ShardsState, restriction: Restriction, shard: int, saved: SavedWeights
) -> bool:
    """Whether weights saw more than a restriction lets their shard serve."""
    if shard not in restriction.shards:
        return False
    most = restriction.shards[shard]
    allowed = [one.slice for one in _saved(shards, restriction.map_id, shard, most)]
    return saved.slice > max(allowed, default=-1)


def why_gone(erasures: ErasuresState, sha256: str, shard: int | None) -> Fenced | None:
    """Why weights may not serve that are known by their digest alone."""
    for erasure in erasures.erasures.values():
        if any(one.weights_sha256 == sha256 for one in erasure.whole):
            return Fenced(sha256, shard, "erased", erasure.phases["planned"][0])
        if sha256 in erasure.weights_deleted:
            cause = erasure.phases["weights_deleted"][-1]
            return Fenced(sha256, shard, "deleted", cause)
    return None


PROJECTION = Projection(
    name="serving", version=1, state=ServingState, apply=apply, tables=()
)
