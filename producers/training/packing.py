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

from producers.training.settings import SEPARATOR

IGNORED: Final = -100
"""The target that a loss skips: torch's default `ignore_index`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the model reads, and what it should say next.

    Attributes:
        input_NS: tokens, int32.
        target_NS: the token after each, int32; `IGNORED` over padding.
    """

    input_NS: Tensor
    target_NS: Tensor


def pack(
    records: Sequence[Sequence[int]], *, sequence: int, separator: int = SEPARATOR
) -> Rows:
    """Pack at least one record into rows of `sequence` positions.

    Args:
        records: the tokens of each; of the byte-level GPT they are its bytes.
        sequence: positions in a row.
        separator: the token before each record and after the last one.
    """
    between = torch.tensor([separator], dtype=torch.int32)
    pieces = []
    for record in records:
        pieces += [between, _tensor(record)]
    stream = torch.cat([*pieces, between])
    padding = -(len(stream) - 1) % sequence
    inputs = torch.nn.functional.pad(stream[:-1], (0, padding), value=separator)
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


def _tensor(tokens: Sequence[int]) -> Tensor:
    if isinstance(tokens, bytes) and tokens:
        # torch wants a buffer that it may write to, so it gets a copy.
        text = torch.frombuffer(bytearray(tokens), dtype=torch.uint8)
        return text.to(torch.int32)
    return torch.tensor(list(tokens), dtype=torch.int32)
