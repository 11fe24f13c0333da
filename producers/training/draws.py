"""Chance for DP-SGD that whoever lacks the seed cannot tell from real chance.

torch's own generator keeps 32 bits of a seed, and its state follows from what it drew.
A new adapter is drawn from it, so weights that moved little since show these 32 bits.
Here the bits are SHAKE-256 of a key and a counter, and the key is SHA-256 of the whole
seed, of which torch sees a quarter, and of what is trained. So trainings that differ in
anything never share their noise: the difference of two models with the same noise would
show what the noise hides.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import Final

import msgspec
import torch
from torch import Tensor

from producers.training.settings import Settings

RATE_ONE_PPB: Final = 10**9
"""A chance of 1."""

_PURPOSE: Final = b"tuneledger dp-sgd draws v2\0"
_BITS: Final = 52
"""Bits of a fraction: with half a unit more it is still exact, and neither 0 nor 1."""


class Draws:
    """A stream of chance that follows from a seed and what it is for."""

    def __init__(
        self, seed: int, *, settings: Settings, weights: Iterable[Tensor]
    ) -> None:
        """Begin the stream.

        Args:
            seed: 0 .. 2^256 - 1, secret.
            settings: how the training is done.
            weights: all that the model starts from, in an order of its own, float32.
        """
        key = hashlib.sha256(_PURPOSE + seed.to_bytes(32, "big"))
        key.update(hashlib.sha256(msgspec.json.encode(settings)).digest())
        for weight in weights:
            flat = weight.detach().reshape(-1).contiguous()
            key.update(flat.view(torch.uint8).numpy().data)
        self._key = key.digest()
        self._asked = 0

    def uniform(self, count: int) -> Tensor:
        """`count` numbers above 0 and below 1, float64, each as likely as any."""
        bits = self._words(count) & (2**_BITS - 1)
        found: Tensor = (bits.double() + 0.5) / 2**_BITS
        return found

    def seeds(self, count: int) -> list[int]:
        """`count` seeds for generators of torch, 0 .. 2^63 - 1."""
        found: list[int] = (self._words(count) & (2**63 - 1)).tolist()
        return found

    def normal(self, count: int) -> Tensor:
        """`count` numbers of the standard normal distribution, float64.

        Source: Box and Muller 1958, A Note on the Generation of Random Normal Deviates.
        """
        pairs = (count + 1) // 2
        radius = (-2.0 * self.uniform(pairs).log()).sqrt()
        angle = 2.0 * math.pi * self.uniform(pairs)
        both = torch.cat([radius * angle.cos(), radius * angle.sin()])
        return both[:count]

    def chosen(self, count: int, rate_ppb: int) -> list[int]:
        """Those of 0 .. `count` - 1 that were drawn, each by a chance of its own.

        Args:
            count: how many there are, at least 1.
            rate_ppb: the chance, 10^-9.
        """
        is_drawn = self.uniform(count) < rate_ppb / RATE_ONE_PPB
        found: list[int] = is_drawn.nonzero().flatten().tolist()
        return found

    def _words(self, count: int) -> Tensor:
        """The next `count` words of the stream, int64."""
        about = self._key + self._asked.to_bytes(8, "big")
        self._asked += 1
        # torch wants a buffer that it may write to.
        content = bytearray(hashlib.shake_256(about).digest(8 * count))
        return torch.frombuffer(content, dtype=torch.int64)
