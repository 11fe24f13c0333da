"""What compiling, replicating, sharding and checkpointing put around a model."""

from typing import Final

from torch import nn
from torch.nn.parallel import DistributedDataParallel

_PARTS: Final = ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.")
"""What wrappers inside of a model put into the names of its weights."""


def unwrapped(model: nn.Module) -> nn.Module:
    """The module inside a compiled or replicated one."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if isinstance(model, DistributedDataParallel):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def plain_name(name: str) -> str:
    """The name of a weight as it is without wrappers."""
    for part in _PARTS:
        name = name.replace(part, "")
    return name
