"""Counts a live step by its operators, by another formula than the meter's.

For C = A B with A of n x m, B of m x p and C of n x p, the elements of the three
multiply to (n m p)^2, so that 2 n m p follows without a look at which side is which. Of
b such products side by side they multiply to b^3 (n m p)^2.
"""

import math

import torch
from torch.utils._python_dispatch import TorchDispatchMode

PRODUCTS = {"mm": 0, "addmm": 1, "bmm": 0, "baddbmm": 1}


class LiveCounter(TorchDispatchMode):
    """Attributes: forward, backward and again hold FLOP; names, what ran."""

    def __init__(self):
        super().__init__()
        self.forward = 0
        self.backward = 0
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        self.names.add(name)
        flop = 0
        if name in PRODUCTS:
            left, right = args[PRODUCTS[name] : PRODUCTS[name] + 2]
            groups = left.shape[0] if left.dim() == 3 else 1
            elements = left.numel() * right.numel() * result.numel()
            flop = 2 * math.isqrt(elements // groups)
        elif name == "_scaled_dot_product_flash_attention_for_cpu":
            flop = 4 * args[0].numel() * args[1].shape[2]
        elif name == "_scaled_dot_product_flash_attention_for_cpu_backward":
            flop = 10 * args[1].numel() * args[2].shape[2]
        if torch._C._current_graph_task_id() == -1:
            self.forward += flop
        else:
            self.backward += flop
        return result
