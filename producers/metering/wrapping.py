"""What compiling, replicating, sharding and checkpointing put around a model."""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.hooks import RemovableHandle

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


def hook_calls(
    model: nn.Module, before: Callable[..., None], after: Callable[..., None]
) -> list[RemovableHandle]:
    """Run hooks around each call of a model, by whichever module it enters.

    A call that goes on from one of them to the next runs the hooks of each.

    Args:
        model: as the loop calls it.
        before: takes the module, its arguments, and those by name.
        after: takes the module, its arguments and its output; None after an error.
    """
    handles = []
    for module in (model, *_inside(model)):
        is_outer = module is model
        handles += [
            module.register_forward_pre_hook(
                before if is_outer else _while_eager(before), with_kwargs=True
            ),
            module.register_forward_hook(
                after if is_outer else _while_eager(after), always_call=True
            ),
        ]
    return handles


def hook_parts(model: nn.Module, before: Callable[..., None]) -> list[RemovableHandle]:
    """Run a hook in front of each call of a part that has products of its own.

    Parts are the modules right below those by which a call may enter: a decoder and its
    head. A loss that is fused with the head calls them past the model.

    Args:
        model: as the loop calls it.
        before: takes the part and its arguments.
    """
    entries = [model, *_inside(model)]
    parts = {
        id(part): part
        for entry in entries
        for part in entry.children()
        if part not in entries and _multiplies(part)
    }
    hook = _while_eager(before)
    return [part.register_forward_pre_hook(hook) for part in parts.values()]


def _multiplies(part: nn.Module) -> bool:
    return any(
        weight.dim() > 1
        for module in part.modules()
        if not isinstance(module, nn.Embedding)
        for weight in module.parameters(recurse=False)
    )


def _inside(model: nn.Module) -> list[nn.Module]:
    """The modules in a wrapper or in adapters that are called as models of their own.

    Generation enters there, past what is around it.

    Source: peft 0.21, `PeftModel.generate`.
    """
    plain = unwrapped(model)
    base = getattr(plain, "get_base_model", None)
    found = [plain, base() if callable(base) else plain]
    return [
        each
        for number, each in enumerate(found)
        if each is not model and each not in found[:number]
    ]


def _while_eager(hook: Callable[..., None]) -> Callable[..., None]:
    """A hook that is nothing in compiled code, which would break in two at it."""

    def run(*given: Any) -> None:
        if not torch.compiler.is_compiling():
            hook(*given)

    return run
