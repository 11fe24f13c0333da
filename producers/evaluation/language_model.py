# ruff: noqa: N806 - tensor names end in their shape, in capitals
"""What a probe asks of a language model: how likely it holds each next token.

Everything else is arithmetic on these numbers, so that a probe serves whatever model
can answer. Probabilities are natural logarithms; sums are taken in double precision.

Shape suffixes: B rows, S positions, V vocabulary, T tokens of one stream.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ledger.errors import InputError

LogProbabilities = Callable[[Tensor], Tensor]
"""Rows of tokens (B, S), int64, to the log-probabilities of the next (B, S, V).

What stands at a position must depend on the tokens up to it alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModel:
    """A model that can be asked.

    Attributes:
        log_probabilities: its answers.
        encode: text as tokens.
        separator: the token before each text, and after the last one.
        context: most positions of a row.
        rows_at_once: rows of one call; they bound the memory, and are part of what
            decides the last bits.
    """

    log_probabilities: LogProbabilities
    encode: Callable[[bytes], Sequence[int]]
    separator: int
    context: int
    rows_at_once: int


def answers(model: LanguageModel, rows: Sequence[Sequence[int]]) -> Iterator[Tensor]:
    """Log-probabilities (S, V) after each token of each row, float64.

    Args:
        model: the model.
        rows: tokens, 1 .. `context` each.

    Raises:
        InputError: the model answers with something that is no number.
    """
    for start in range(0, len(rows), model.rows_at_once):
        some = rows[start : start + model.rows_at_once]
        width = max(map(len, some))
        # What follows a row's end changes nothing before it.
        padded = [[*row, *[model.separator] * (width - len(row))] for row in some]
        with torch.no_grad():
            answer_BSV = model.log_probabilities(torch.tensor(padded)).double()
        for row, answer_SV in zip(some, answer_BSV, strict=True):
            kept_SV = answer_SV[: len(row)]
            if kept_SV.isnan().any():
                message = "evaluation: expected log-probabilities, found no number"
                raise InputError(message)
            yield kept_SV


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a model thinks of each token of a stream but the first.

    Attributes:
        nats_T: minus the log-probability of the token, given those before it.
        is_likeliest_T: whether no token was held more likely.
    """

    nats_T: Tensor  # noqa: N815
    is_likeliest_T: Tensor  # noqa: N815


def score(model: LanguageModel, stream: Sequence[int]) -> Scored:
    """Score the tokens of one stream, cut into rows of `context` as in training.

    Args:
        model: the model.
        stream: at least two tokens; the first is given.
    """
    given, targets = stream[:-1], stream[1:]
    starts = range(0, len(given), model.context)
    rows = [given[start : start + model.context] for start in starts]
    nats: list[Tensor] = []
    likeliest: list[Tensor] = []
    for start, row, answer_SV in zip(starts, rows, answers(model, rows), strict=True):
        target_S = torch.tensor(targets[start : start + len(row)])
        nats.append(-answer_SV.gather(1, target_S[:, None])[:, 0])
        likeliest.append(answer_SV.argmax(1) == target_S)
    return Scored(nats_T=torch.cat(nats), is_likeliest_T=torch.cat(likeliest))
