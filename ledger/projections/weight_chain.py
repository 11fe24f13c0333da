"""Which saved weights of a shard continue each other.

Runs that failed or were rolled back leave weights too, so the newest weights of each
slice need not have been trained one on the other; `parent_sha256` says who was.
"""

from collections.abc import Mapping

from ledger.projections.shards import SavedWeights, Shard


def clean_chain(
    shard: Shard, parents: Mapping[str, str], *, below: int
) -> list[SavedWeights]:
    """The weights of slices 0, 1, ... that lead to the highest clean slice.

    Args:
        shard: the shard.
        parents: for each `SliceTrained` event's id, the weights that it started from.
        below: only slices below this one.
    """
    chain: list[SavedWeights] = []
    for saved in reversed(shard.saved):
        if chain:
            is_next = saved.slice == chain[0].slice - 1
            if is_next and saved.weights_sha256 == parents[chain[0].event_id]:
                chain.insert(0, saved)
        elif saved.slice == _top(shard, below):
            chain.append(saved)
    return chain


def _top(shard: Shard, below: int) -> int:
    """The highest clean slice below `below`; -1 for none."""
    return max((number for number in shard.slices if number < below), default=-1)


def weights_before(shard: Shard, event_id: str) -> str:
    """What the shard ended with when an event was appended; empty for nothing."""
    earlier = [
        saved
        for saved in shard.saved
        if event_position(saved.event_id) < event_position(event_id)
    ]
    top = max((saved.slice for saved in earlier), default=-1)
    found = [saved.weights_sha256 for saved in earlier if saved.slice == top]
    return found[-1] if found else ""


def event_position(event_id: str) -> tuple[int, int]:
    """An event id as numbers, to compare by."""
    seq, _, index = event_id.partition(".")
    return int(seq), int(index)
