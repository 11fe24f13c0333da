"""Text that a model says next."""

import math
from typing import Final

import torch

from ledger.errors import InputError
from producers.serving.ensemble import Ensemble

TOKENS_MAX: Final = 4096
"""Most tokens of one answer."""


def generate(
    model: Ensemble, prompt: bytes, *, tokens: int, seed: int, temperature: float
) -> bytes:
    """Go on from `prompt`, until the model ends the text or `tokens` are said.

    Each token is drawn from the mean of the adapters' probabilities p, as p^(1/T) made
    to sum to 1. The same weights, seed and machine say the same.

    Args:
        model: what answers.
        prompt: what stands before; the last part of it, where the model cannot see all.
        tokens: 1 .. `TOKENS_MAX`.
        seed: 0 .. 2^64 - 1.
        temperature: T, at least 0; at 0 the likeliest token is taken.

    Raises:
        InputError: an argument is out of range.
    """
    if not 1 <= tokens <= TOKENS_MAX:
        message = f"tokens: expected 1 to {TOKENS_MAX}, found {tokens}"
        raise InputError(message)
    if not (math.isfinite(temperature) and temperature >= 0):
        message = f"temperature: expected a number from 0 up, found {temperature}"
        raise InputError(message)
    generator = torch.Generator().manual_seed(seed)
    read = [model.separator, *model.encode(prompt)]
    said: list[int] = []
    for _ in range(tokens):
        seen = torch.tensor([(read + said)[-model.context :]])
        answer_V = model.log_probabilities(seen)[0, -1].double()  # noqa: N806
        if temperature == 0:
            token = int(answer_V.argmax())
        else:
            # Of differences to the largest, so that no small temperature overflows.
            less_V = answer_V - answer_V.max()  # noqa: N806
            chances_V = (less_V / temperature).softmax(-1)  # noqa: N806
            token = int(torch.multinomial(chances_V, 1, generator=generator))
        if token == model.separator:
            break
        said.append(token)
    return model.decode(said)
