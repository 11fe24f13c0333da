# ruff: noqa: N803, N806 - tensor names end in their shape, in capitals
"""The gradient of each step, left where the optimizer looks for it.

A step's gradient is made when the next item is asked for, so whoever asks decides what
is metered.

Shape suffixes: B rows in the batch, S positions in a row.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from producers.training.language import LanguageModel
from producers.training.packing import IGNORED, Rows, batches

_CLIP_NORM: Final = 1.0


class Lot(NamedTuple):
    """What the gradient of one step came from.

    Attributes:
        rows: how many rows went through the model.
        sequence: positions in each.
        nats: their mean loss a token, before the step.
        sample_rate_ppb: the chance with which each row was drawn, 10^-9; 0 where rows
            come in turn.
    """

    rows: int
    sequence: int
    nats: float
    sample_rate_ppb: int = 0


def plain_gradients(
    model: LanguageModel,
    weights: Sequence[nn.Parameter],
    rows: Rows,
    *,
    batch: int,
    steps: int,
    seed: int,
    parts: int = 1,
) -> Iterator[Lot]:
    """The gradient of the mean loss of `batch` rows, clipped as a whole.

    Args:
        model: what is trained.
        weights: those of it that training changes.
        rows: what it is trained on.
        batch: rows in a step; the last of an epoch may have fewer.
        steps: how many steps there are.
        seed: decides the order of rows, 0 .. 2^64 - 1.
        parts: in how many a full batch goes through the model; divides `batch`.
    """
    generator = torch.Generator().manual_seed(seed)
    order = batches(rows, batch=batch, steps=steps, generator=generator)
    for input_BS, target_BS in order:
        forget(weights)
        nats = _backward(model, input_BS, target_BS, rows=batch // parts)
        torch.nn.utils.clip_grad_norm_(weights, _CLIP_NORM)
        yield Lot(len(input_BS), input_BS.shape[1], nats)


def _backward(
    model: LanguageModel, input_BS: Tensor, target_BS: Tensor, *, rows: int
) -> float:
    """Add the gradient of a step's mean loss, `rows` at a time, and return the loss.

    The mean is over all targets of the step: parts with padding have fewer of them.
    """
    whole = None if len(input_BS) <= rows else int((target_BS != IGNORED).sum())
    nats = []
    # `Tensor.split` is untyped in the library; this is the same.
    for part_BS, says_BS in zip(
        torch.split(input_BS, rows), torch.split(target_BS, rows), strict=True
    ):
        loss = model.loss(part_BS, says_BS, targets=whole)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        nats.append(loss.item())
    return math.fsum(nats)


def forget(weights: Sequence[nn.Parameter]) -> None:
    """Drop the gradients of before, or the next ones would be added to them."""
    for weight in weights:
        weight.grad = None
