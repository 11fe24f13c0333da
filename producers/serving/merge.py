"""One adapter for several: the mean of their updates, made from the base anew.

The update of an adapter is dW = (alpha / r) B A. With the A of S adapters one below the
other and their B side by side, B A is the sum of the products; read with rank S r and
the same alpha it is scaled by alpha / (S r), so it is the mean of the dW, exactly and
in one forward pass. Neither A nor B is averaged by itself, and nothing is ever taken
off an earlier merge: without an adapter, the merge is made again from those left.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ledger.errors import InputError

_ROWS, _COLUMNS = "lora_a", "lora_b"
"""How the names of A and B are told apart, in either case of letters."""


def merge(adapters: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of adapters of equal rank and alpha, as one of S times the rank.

    Args:
        adapters: at least one; tensors by name.

    Raises:
        InputError: their names or shapes differ, or one is no low-rank adapter.
    """
    shapes = [{name: one.shape for name, one in each.items()} for each in adapters]
    if not shapes or any(one != shapes[0] for one in shapes):
        message = (
            f"merge: expected adapters with the same tensors, found {len(shapes)} "
            "adapters that differ"
        )
        raise InputError(message)
    return {
        name: torch.cat([each[name] for each in adapters], dim=_dimension(name))
        for name in adapters[0]
    }


def rank_of(adapter: Mapping[str, Tensor]) -> int:
    """The rank of an adapter, by its first A.

    Raises:
        InputError: it has none.
    """
    for name, tensor in adapter.items():
        if _ROWS in name.lower():
            return tensor.shape[0]
    message = f"adapter: expected tensors named {_ROWS}, found none"
    raise InputError(message)


def _dimension(name: str) -> int:
    """Along which the tensors of a name are put together."""
    if _ROWS in name.lower():
        return 0
    if _COLUMNS in name.lower():
        return 1
    message = f"merge: expected tensors named {_ROWS} or {_COLUMNS}, found {name[:64]}"
    raise InputError(message)
