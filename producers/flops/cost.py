"""What a pass costs, as a polynomial in the shape of its batch.

Every matrix of a decoder multiplies each token once, and attention multiplies each
token with each token of its own sequence. So a pass over B sequences of S positions
costs B (a S + b S^2) FLOP, with integers a and b that the architecture decides.
"""

from dataclasses import dataclass
from typing import Self

from ledger.errors import InputError


@dataclass(frozen=True, slots=True)
class Cost:
    """B (token S + pair S^2) FLOP.

    Attributes:
        token: FLOP for each token.
        pair: FLOP for each ordered pair of tokens of one sequence.
    """

    token: int = 0
    pair: int = 0

    def __add__(self, other: Self) -> "Cost":
        return Cost(self.token + other.token, self.pair + other.pair)

    def __mul__(self, times: int) -> "Cost":
        return Cost(self.token * times, self.pair * times)

    def at(self, batch: int, sequence: int) -> int:
        """FLOP of a pass over `batch` sequences of `sequence` positions, exact.

        Raises:
            InputError: one of them is below 1.
        """
        if batch < 1 or sequence < 1:
            message = f"batch shape: expected at least 1 x 1, found {batch}x{sequence}"
            raise InputError(message)
        return batch * (self.token * sequence + self.pair * sequence * sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """What one micro-batch of training costs, by phase.

    Attributes:
        forward: the forward pass.
        backward: gradients of the trainable weights, and of activations on the way.
        recompute: activations computed again to save memory.
        inference: a forward pass without gradients, as of an evaluation.
        reference: a forward pass of the frozen weights without adapters.
    """

    forward: Cost
    backward: Cost
    recompute: Cost
    inference: Cost
    reference: Cost
