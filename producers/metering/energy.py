"""The energy that a run's devices took, where their driver counts it.

It is the whole device's, whoever used it; a part that is shared is not told apart.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import torch

MillijouleCounter = Callable[[], int]
"""Energy that a device took up to now since some moment in the past, mJ."""


def nvml_counters() -> tuple[MillijouleCounter, ...]:
    """A counter for each CUDA device that this process sees.

    Returns:
        None of them unless every one can be read: a part would look like the whole.

    Source: NVIDIA Management Library, `nvmlDeviceGetTotalEnergyConsumption`: mJ since
        the driver was loaded; Volta and later.
    """
    try:
        nvml: Any = importlib.import_module("pynvml")
        nvml.nvmlInit()
        counters = tuple(
            _counter(nvml, str(torch.cuda.get_device_properties(number).uuid))
            for number in range(torch.cuda.device_count())
        )
        for counter in counters:
            counter()
    except Exception:  # noqa: BLE001 - not there, not allowed, or too old a device
        return ()
    return counters


def _counter(nvml: Any, uuid: str) -> MillijouleCounter:
    # Numbers differ from the process's own where some devices are hidden from it.
    handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    return lambda: int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle))


class Energy:
    """Made when a run begins, and asked when it ends; it stops no training."""

    def __init__(self, counters: Sequence[MillijouleCounter] = ()) -> None:
        """Begin.

        Args:
            counters: one a device; none where it is not asked for.
        """
        self._counters = tuple(counters)
        self._begun = self._read()

    def joules(self) -> int:
        """Energy since the beginning, J; 0 where it is not measured.

        A counter that fell, as when a driver is loaded anew, measures nothing.
        """
        now = self._read()
        used = [last - first for first, last in zip(self._begun, now, strict=False)]
        if len(used) < len(self._counters) or any(each < 0 for each in used):
            return 0
        return sum(used) // 1000

    def _read(self) -> tuple[int, ...]:
        try:
            return tuple(counter() for counter in self._counters)
        except Exception:  # noqa: BLE001 - never into the training loop
            return ()
