"""The most memory of a device that a run had in use."""

from typing import Final, Protocol

import torch


class PeakCounter(Protocol):
    """Keeps the most memory that was in use since it was last reset."""

    def reset(self) -> None:
        """Begin anew."""

    def peak_bytes(self) -> int:
        """The most since then, bytes."""


class CudaPeak:
    """The allocator of the CUDA device that this process uses.

    What the driver and other processes hold on the device is not in it.
    """

    def reset(self) -> None:
        """Begin anew."""
        torch.cuda.reset_peak_memory_stats()

    def peak_bytes(self) -> int:
        """The most since then, bytes."""
        return int(torch.cuda.max_memory_allocated())


class PeakMemory:
    """Made when a run begins, and asked when it ends; it stops no training."""

    def __init__(self, counter: PeakCounter | None = None) -> None:
        """Begin.

        Args:
            counter: by default that of the CUDA device, if there is one.
        """
        if counter is None and torch.cuda.is_available():
            counter = CudaPeak()
        self._counter: Final = counter
        self._is_measured = counter is not None
        try:
            if counter is not None:
                counter.reset()
        except Exception:  # noqa: BLE001 - never into the training loop
            self._is_measured = False

    def peak_bytes(self) -> int:
        """The most memory that was in use, bytes; 0 where it is not measured."""
        if self._counter is None or not self._is_measured:
            return 0
        try:
            return max(0, self._counter.peak_bytes())
        except Exception:  # noqa: BLE001 - never into the training loop
            return 0
