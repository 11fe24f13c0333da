# ruff: noqa: N815 - tensor names end in their shape, in capitals
"""Records to batches, in an order that only the caller and the seed decide.

Records are joined to one stream, a separator before each and after the last, and the
stream is cut into rows. Only the last row is padded; its padding has no target, though
it costs compute and is counted. The last batch of an epoch may have fewer rows.

Shape suffixes: N rows in all, B rows in the batch, S positions in a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from producers.training.recipe import SEPARATOR

IGNORED: Final = -100
"""The target that a loss skips: torch's default `ignore_index`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the model reads, and what it should say next.

    Attributes:
        input_NS: tokens, int16.
        target_NS: the token after each, int16; `IGNORED` over padding.
    """

    input_NS: Tensor
    target_NS: Tensor


def pack(records: Sequence[bytes], *, sequence: int) -> Rows:
    """Pack at least one record into rows of `sequence` positions."""
    separator = torch.tensor([SEPARATOR], dtype=torch.int16)
    pieces = []
    for record in records:
        pieces.append(separator)
        if record:
            # torch wants a buffer that it may write to, so it gets a copy.
            text = torch.frombuffer(bytearray(record), dtype=torch.uint8)
            pieces.append(text.to(torch.int16))
    stream = torch.cat([*pieces, separator])
    padding = -(len(stream) - 1) % sequence
    inputs = torch.nn.functional.pad(stream[:-1], (0, padding), value=SEPARATOR)
    targets = torch.nn.functional.pad(stream[1:], (0, padding), value=IGNORED)
    return Rows(
        input_NS=inputs.view(-1, sequence), target_NS=targets.view(-1, sequence)
    )


def batches(
    rows: Rows, *, batch: int, steps: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield `steps` batches: epoch after epoch, each in a new order.

    Yields:
        Inputs and targets, both (B, S) int64, B at most `batch`.
    """
    count = len(rows.input_NS)
    done = 0
    while True:
        order = torch.randperm(count, generator=generator)
        for start in range(0, count, batch):
            if done == steps:
                return
            chosen = order[start : start + batch]
            yield rows.input_NS[chosen].long(), rows.target_NS[chosen].long()
            done += 1
