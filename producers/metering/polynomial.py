"""Three traced shapes to the polynomial of all shapes, in integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Polynomial:
    """B (token S + pair S^2) FLOP of a pass over B sequences of S positions.

    Attributes:
        token: FLOP for each token.
        pair: FLOP for each ordered pair of tokens of one sequence.
    """

    token: int
    pair: int

    def at(self, batch: int, sequence: int) -> int:
        """FLOP of one pass, exact."""
        return batch * sequence * (self.token + self.pair * sequence)

    @classmethod
    def fit(cls, points: Sequence[tuple[int, int, int]]) -> Self | None:
        """The one that goes through all points, or None if there is none.

        Args:
            points: batch, sequence and FLOP; at least three, the first two of different
                sequence. Two points decide the integers; every further one checks them.

        Returns:
            None where no such integers exist: the model is not of this family, and
            nothing may be concluded for a shape that was not traced.
        """
        (batch_a, sequence_a, flop_a), (batch_b, sequence_b, flop_b) = points[:2]
        each_a, rest_a = divmod(flop_a, batch_a * sequence_a)
        each_b, rest_b = divmod(flop_b, batch_b * sequence_b)
        pair, rest = divmod(each_b - each_a, sequence_b - sequence_a)
        if rest_a or rest_b or rest:
            return None
        found = cls(token=each_a - pair * sequence_a, pair=pair)
        is_right = all(found.at(b, s) == flop for b, s, flop in points)
        return found if is_right and found.token >= 0 <= found.pair else None
