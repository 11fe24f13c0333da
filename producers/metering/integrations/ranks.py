"""Which of several processes counts what, so that nothing is counted twice.

Ranks of data parallelism run passes of their own, and each counts them. Ranks of tensor
parallelism run the same passes together, and the plan is that of the whole model: one
of them counts. No rank waits for another to count; only a budget asks all of them.
"""

from dataclasses import dataclass
from typing import Final

import torch.distributed
from torch.distributed.device_mesh import DeviceMesh

from ledger.errors import InputError

DATA: Final = frozenset(
    {"dp", "dp_replicate", "dp_shard", "data", "replicate", "shard", "ddp", "fsdp"}
)
"""Names of dimensions whose ranks see sequences of their own."""

TENSOR: Final = frozenset({"tp", "tensor", "model"})
"""Names of dimensions whose ranks see the same sequences, and parts of matrices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """One process of a training.

    Attributes:
        number: 0-based, below `world`.
        world: processes that train together.
        counts: whether its passes are not counted on another one.
    """

    number: int
    world: int
    counts: bool


ALONE: Final = Rank(number=0, world=1, counts=True)
"""A training in one process."""


def this_rank(mesh: DeviceMesh | None = None) -> Rank:
    """This process, by the process group that is set up.

    Args:
        mesh: how the ranks share the work; without it each has its own sequences.

    Raises:
        InputError: a dimension of `mesh` has no name that is known here. Ranks along it
            may see parts of a sequence or of the layers, which no shape shows.
    """
    if not torch.distributed.is_initialized():
        return ALONE
    counts = True
    for name in _dimensions(mesh):
        if name in TENSOR:
            counts = counts and mesh is not None and mesh.get_local_rank(name) == 0
        elif name not in DATA:
            known = ", ".join(sorted(DATA | TENSOR))
            message = f"mesh: expected dimensions of {known}, found {name}"
            raise InputError(message)
    return Rank(
        number=torch.distributed.get_rank(),
        world=torch.distributed.get_world_size(),
        counts=counts,
    )


def of_all_ranks(mine: tuple[int, bool], rank: Rank) -> list[tuple[int, bool]]:
    """Every rank's pair, exact; all ranks must ask at the same step."""
    if rank.world == 1:
        return [mine]
    pairs: list[tuple[int, bool]] = [mine] * rank.world
    torch.distributed.all_gather_object(pairs, mine)
    return pairs


def _dimensions(mesh: DeviceMesh | None) -> list[str]:
    """Names of the dimensions with more than one rank along them."""
    if mesh is None:
        return []
    sizes = mesh.shape
    names = mesh.mesh_dim_names or ("unnamed",) * len(sizes)
    return [name for name, size in zip(names, sizes, strict=True) if size > 1]
