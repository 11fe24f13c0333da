"""What the passes through a model run on, and in which precision.

Bits: whatever torch may choose by itself is fixed here, so that a training gives the
same weights again on the same machine. On an accelerator that needs kernels that add in
one order (`use_deterministic_algorithms`), workspaces of cuBLAS of one size, and no
products of fewer bits than they are said to have.

Sources: torch, Reproducibility (notes/randomness); NVIDIA, cuBLAS, Results
Reproducibility.
"""

import os
from typing import Final

import torch

from ledger.errors import InputError
from producers.metering import peaks
from producers.training.settings import Compute

CUBLAS_WORKSPACE: Final = ":4096:8"
"""Eight workspaces of 4096 KiB: one of the two settings that repeat bits."""


def check_device(compute: Compute) -> None:
    """Refuse a device that is not here.

    Raises:
        InputError: it is not.
    """
    if compute.device == "cuda" and not torch.cuda.is_available():
        message = (
            "device: expected a GPU and a build of torch with CUDA, found none; "
            "train with --device cpu, or on the machine that trained before"
        )
        raise InputError(message)


def accelerator(compute: Compute) -> tuple[str, ...]:
    """The accelerator and the libraries that choose its kernels; `none` without one."""
    if compute.device == "cpu" or not torch.cuda.is_available():
        return ("none",)
    properties = torch.cuda.get_device_properties(0)
    return (
        properties.name,
        f"sm_{properties.major}{properties.minor}",
        f"{properties.multi_processor_count} multiprocessors",
        f"CUDA {torch.version.cuda}",
        f"cuDNN {torch.backends.cudnn.version()}",  # type: ignore[no-untyped-call] # untyped
    )


def device_name(compute: Compute) -> str:
    """The device's name for an event; `cuda` for an accelerator that is not here."""
    if compute.device == "cpu" or not torch.cuda.is_available():
        return compute.device
    return peaks.device_name()


def autocast(compute: Compute) -> torch.autocast:
    """Matrix products in the precision that was chosen; in 32 bits it does nothing."""
    return torch.autocast(
        compute.device, dtype=torch.bfloat16, enabled=compute.precision == "bf16"
    )


def fix_numerics(compute: Compute) -> None:
    """Set this process to what a recipe says, before its first product.

    Raises:
        InputError: the device is not here.
    """
    check_device(compute)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    # Filling new memory guards operations that read it uninitialised; none here does.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_default_dtype(torch.float32)
    if compute.device == "cuda":
        _fix_cuda()


def _fix_cuda() -> None:
    # cuBLAS reads it when its first handle is made.
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = CUBLAS_WORKSPACE
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    # TF32 keeps 10 bits of a 32-bit number's 23.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    # Attention is written out; where a model fuses it all the same, the same products.
    torch.backends.cuda.enable_flash_sdp(enabled=False)
    torch.backends.cuda.enable_mem_efficient_sdp(enabled=False)
    torch.backends.cuda.enable_cudnn_sdp(enabled=False)
    torch.backends.cuda.enable_math_sdp(enabled=True)
