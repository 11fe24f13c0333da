"""Exposure: how far up a secret ranks among all that it could have been.

Source: Carlini, Liu, Erlingsson, Kos and Song, The Secret Sharer (USENIX Security
2019, arXiv:1802.08232), section 4.
"""

import hashlib
import itertools
import math
from collections.abc import Sequence
from typing import Final

import torch

from ledger.errors import InputError
from producers.evaluation.canaries import Canary
from producers.evaluation.language_model import LanguageModel, answers

ENUMERATED_MAX: Final = 65_536
"""Largest space that is gone through whole."""

SAMPLED: Final = 4096
"""Candidates from a larger space, the secret among them: exposure is at most 12."""


def exposure(model: LanguageModel, canary: Canary) -> float:
    """log2 |R| - log2 rank of the secret in its space R, in bits.

    The rank is by the model's log-probability of prefix and candidate. A candidate as
    likely as the secret ranks before it, so that a model which cannot tell them apart
    has exposure 0. Of a space above `ENUMERATED_MAX` a sample stands for R, and the
    exposure is at most log2 of its size; the paper extrapolates, this does not.

    Raises:
        InputError: a candidate with its prefix is longer than the model's context.
    """
    candidates = space(canary)
    texts = [canary.prefix + candidate for candidate in candidates]
    nats = _nats(model, [model.encode(text.encode()) for text in texts])
    own = nats[candidates.index(canary.secret)]
    rank = sum(other <= own for other in nats)
    return math.log2(len(nats)) - math.log2(rank)


def space(canary: Canary) -> list[str]:
    """The candidates that the secret is ranked among, itself included."""
    if canary.candidates:
        return canary.candidates
    alphabet, length = canary.alphabet, canary.length
    if len(alphabet) ** length <= ENUMERATED_MAX:
        return ["".join(drawn) for drawn in itertools.product(alphabet, repeat=length)]
    return _sample(canary)


def _sample(canary: Canary) -> list[str]:
    """The secret and others drawn from its space, the same ones each time.

    Each is SHA-512 of the alphabet, the length, the prefix and a counter, modulo the
    size of the space: drawn alike everywhere, whatever the secret is.
    """
    alphabet, length = canary.alphabet, canary.length
    seed = f"{alphabet}\n{length}\n{canary.prefix}".encode()
    drawn = {canary.secret: None}
    number = 0
    while len(drawn) < SAMPLED:
        digest = hashlib.sha512(seed + b"\n%d" % number).digest()
        place = int.from_bytes(digest, "big") % len(alphabet) ** length
        letters = []
        for _ in range(length):
            place, letter = divmod(place, len(alphabet))
            letters.append(alphabet[letter])
        drawn["".join(letters)] = None
        number += 1
    return list(drawn)


def _nats(model: LanguageModel, texts: Sequence[Sequence[int]]) -> list[float]:
    """Minus the log-probability of each text after a separator.

    Texts that differ in their last token alone share one row: one answer of the model
    holds the probability of every last token.
    """
    longest = max(map(len, texts))
    if longest > model.context:
        message = (
            f"exposure: expected prefix and candidate of at most {model.context} "
            f"tokens, which the model can see, found {longest}"
        )
        raise InputError(message)
    lasts: dict[tuple[int, ...], list[int]] = {}
    for number, text in enumerate(texts):
        lasts.setdefault(tuple(text[:-1]), []).append(number)
    nats = [0.0] * len(texts)
    rows = [[model.separator, *head] for head in lasts]
    for head, answer in zip(lasts, answers(model, rows), strict=True):
        given = torch.tensor(head, dtype=torch.int64)
        before = float(answer[:-1].gather(1, given[:, None]).sum())
        last = answer[-1].tolist()
        for number in lasts[head]:
            nats[number] = -(before + last[texts[number][-1]])
    return nats
