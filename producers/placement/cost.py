"""What an erasure costs, in tokens to train. Pure.

Slice k of a shard trains on its slices 0..k. An erasure whose first record lies in
slice r trains the slices r..R-1 again, each counted with those below it, less what is
erased: as the recorded plan counts them (`ErasurePlanned.tokens_expected`).

With S shards and R slices of equal size, and erasures spread evenly:

    retrain from r, of 1..R    sum of i for i = r..R            slices
    mean over r                (R + 1)(2R + 1) / 6              slices
    everything                 S R (R + 1) / 2                  slices
    share of everything        (2R + 1) / (3 R S)

The sum over r = 1..R of the sum over i = r..R of i counts i once for each r <= i, which
is the sum of the squares, R(R + 1)(2R + 1) / 6; divide by R.

Source: own derivation on the slices of Bourtoule et al., arXiv:1912.03817, section IV.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """What one erasure would hit.

    Attributes:
        weight: how likely it is, beside others; 0 for never.
        shard: where its records lie.
        slice: the first slice that holds one of them.
        size: tokens of its records, all in that slice.
    """

    weight: int
    shard: int
    slice: int
    size: int


def closed_form(shards: int, slices: int) -> Fraction:
    """Mean share of a full sharded retrain, all shards and slices equal: (2R+1)/(3RS).

    Args:
        shards: S, at least 1.
        slices: R, at least 1.
    """
    return Fraction(2 * slices + 1, 3 * slices * shards)


def retrain_tokens(shard: Sequence[int], first: int, *, without: int = 0) -> int:
    """Tokens to train one shard from a slice on.

    Args:
        shard: tokens that each slice adds.
        first: the slice that is trained again first, 0 .. R-1.
        without: tokens of that slice that are erased.
    """
    cumulative = list(accumulate(shard))[first:]
    return sum(cumulative) - without * len(cumulative)


class Cost:
    """What erasures cost under one placement."""

    def __init__(
        self, tokens: Sequence[Sequence[int]], erasables: Iterable[Erasable]
    ) -> None:
        """Take a placement.

        Args:
            tokens: what each slice of each shard adds; every shard has R slices.
            erasables: what may be erased.
        """
        self.tokens = [list(shard) for shard in tokens]
        self._erasables = [one for one in erasables if one.weight]
        self._weight = sum(one.weight for one in self._erasables)
        self._everything = sum(retrain_tokens(shard, 0) for shard in self.tokens)

    def everything(self) -> int:
        """Tokens of training all slices of all shards."""
        return self._everything

    def training_factor(self) -> Fraction:
        """Tokens of training everything, over those of one pass without slices."""
        once = sum(map(sum, self.tokens))
        return Fraction(self.everything(), once) if once else Fraction(0)

    def single(self) -> Fraction:
        """Expected tokens of one erasure, over its probability; 0 where none can be."""
        trained = sum(
            one.weight
            * retrain_tokens(self.tokens[one.shard], one.slice, without=one.size)
            for one in self._erasables
        )
        return Fraction(trained, self._weight) if self._weight else Fraction(0)

    def single_share(self) -> Fraction:
        """`single` over the expected full retrain without what is erased."""
        slices = len(self.tokens[0]) if self.tokens else 0
        full = sum(
            one.weight * (self._everything - one.size * (slices - one.slice))
            for one in self._erasables
        )
        return self.single() * self._weight / full if full else Fraction(0)

    def batch(self, count: int) -> float:
        """Expected tokens of `count` erasures that are retrained together.

        Drawn one by one with replacement; a shard is trained from the first slice that
        any of them hits. What is erased is counted, so this is an upper bound.
        """
        if not self._weight:
            return 0.0
        hits = [[0] * len(shard) for shard in self.tokens]
        for one in self._erasables:
            hits[one.shard][one.slice] += one.weight
        expected = 0.0
        for shard, weights in zip(self.tokens, hits, strict=True):
            missed = 1.0
            for first, up_to in enumerate(accumulate(weights)):
                still = float((1 - up_to / self._weight) ** count)
                expected += (missed - still) * retrain_tokens(shard, first)
                missed = still
        return expected

    def batch_share(self, count: int) -> float:
        """`batch` over training everything."""
        return self.batch(count) / self._everything if self._everything else 0.0
