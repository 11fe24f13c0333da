"""What a device can do at most, by its exact name; of any other device nothing is said.

A name that only resembles one here is another device, with another peak: a guess would
call a true run impossible, or a false one possible.
"""

import re
from dataclasses import dataclass
from typing import Final

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9._+:/-]+")
_NAME_LENGTH_MAX: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Theoretical peak of dense matrix products on one device.

    Attributes:
        half: FLOP/s in bfloat16, or in float16 where the device has no bfloat16.
        most: FLOP/s in the fastest format that it has, integers included: the
            guidelines count all of them alike (C(2025) 5045 final, paragraph 125), and
            no event says which one ran.
    """

    half: int
    most: int


_H100_SXM: Final = Peak(half=989_400_000_000_000, most=1_978_900_000_000_000)
_H100_PCIE: Final = Peak(half=756_500_000_000_000, most=1_513_000_000_000_000)
_A100: Final = Peak(half=312_000_000_000_000, most=1_248_000_000_000_000)
_V100_SXM: Final = Peak(half=125_000_000_000_000, most=125_000_000_000_000)
_V100_PCIE: Final = Peak(half=112_000_000_000_000, most=112_000_000_000_000)
_T4: Final = Peak(half=65_000_000_000_000, most=260_000_000_000_000)
_L4: Final = Peak(half=121_000_000_000_000, most=484_000_000_000_000)

_BY_DRIVER: Final = {
    "NVIDIA H200": _H100_SXM,
    "NVIDIA H100 80GB HBM3": _H100_SXM,
    "NVIDIA H100 PCIe": _H100_PCIE,
    "NVIDIA A100-SXM4-40GB": _A100,
    "NVIDIA A100-SXM4-80GB": _A100,
    "NVIDIA A100-PCIE-40GB": _A100,
    "NVIDIA A100 80GB PCIe": _A100,
    "NVIDIA L4": _L4,
    "Tesla V100-SXM2-16GB": _V100_SXM,
    "Tesla V100-SXM2-32GB": _V100_SXM,
    "Tesla V100-PCIE-16GB": _V100_PCIE,
    "Tesla V100-PCIE-32GB": _V100_PCIE,
    "Tesla T4": _T4,
}
"""Peaks by the name that the driver gives, which is `torch.cuda.get_device_name()`.

Source: NVIDIA's data sheets of H200, H100, A100, L4, V100 and T4, and its white papers
on Ampere (GA100), Ada and Hopper; without structured sparsity, which is half of what
the sheets of H100, H200 and L4 print.
"""

CPU: Final = "cpu"
"""The name of a run's device where there is no accelerator; it has no peak here."""


def event_name(driver: str) -> str:
    """How an event spells a driver's name: names in events have no blanks.

    Args:
        driver: the driver's name of a device.
    """
    return _NOT_OF_A_NAME.sub("-", driver).strip("-")[:_NAME_LENGTH_MAX] or CPU


PEAKS: Final = {event_name(driver): peak for driver, peak in _BY_DRIVER.items()}
"""Peaks by a device's name in events."""


def device_name() -> str:
    """The name in events of the accelerator that this process uses, or `cpu`."""
    # The audit reads this module where there is no tensor library.
    import torch  # noqa: PLC0415

    return (
        event_name(torch.cuda.get_device_name()) if torch.cuda.is_available() else CPU
    )
