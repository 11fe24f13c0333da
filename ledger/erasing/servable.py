"""Which weights may serve, as the projections have it."""

from ledger.ports import Fence
from ledger.projections import States
from ledger.projections.serving import Fenced, Served, why_fenced, why_gone
from ledger.projections.shards import ShardsState


def why_not(states: States, map_id: str, shard: int, sha256: str) -> Fenced | None:
    """Why weights of a shard may not serve; None where they may."""
    return why_fenced(
        states["serving"], states["shards"], states["erasures"], map_id, shard, sha256
    )


def base_why_not(states: States, sha256: str) -> Fenced | None:
    """Why a base may not serve, nor what stands on it; None where it may."""
    return why_gone(states["erasures"], sha256, None)


def is_whole(states: States, served: Served, shard: int) -> bool:
    """Whether a manifest has clean weights of a shard's last slice already.

    What somebody published since an erasure is theirs to replace.
    """
    state: ShardsState = states["shards"]
    shard_map = state.maps[served.map_id]
    sha256 = served.adapters.get(shard, "")
    ends = {
        one.weights_sha256
        for one in shard_map.by_shard[shard].saved
        if one.slice == shard_map.slices - 1
    }
    return sha256 in ends and why_not(states, served.map_id, shard, sha256) is None


def is_unplanned(states: States, fence: Fence) -> bool:
    """Whether it was decided to erase, and the ledger does not say so yet."""
    erasure = states["erasures"].erasures.get(fence.erasure_id)
    if erasure is None:
        return fence.is_decided
    is_open = not erasure.restricted and not erasure.refused
    return fence.is_decided and is_open and erasure.records_planned is None
