"""Models whose every probability is known."""

import torch

from producers.evaluation.language_model import LanguageModel

SEPARATOR = 256


def model_of(chances, *, context=16, rows_at_once=3):
    """A model of bytes; `chances` gives the next byte's by the bytes before it.

    What is left over is spread evenly over the 257 tokens.
    """

    def log_probabilities(rows):
        answer = torch.zeros(*rows.shape, 257)
        for b, row in enumerate(rows.tolist()):
            for s in range(len(row)):
                seen = bytes(token for token in row[: s + 1] if token != SEPARATOR)
                given = chances(seen)
                answer[b, s] = (1 - sum(given.values())) / 257
                for letter, chance in given.items():
                    answer[b, s, ord(letter)] += chance
        return answer.log()

    return LanguageModel(
        log_probabilities=log_probabilities,
        encode=list,
        separator=SEPARATOR,
        context=context,
        rows_at_once=rows_at_once,
    )


def ignorant(**given):
    """A model to which all tokens are equally likely."""
    return model_of(lambda _: {}, **given)


def knows(text, chance=0.9, **given):
    """A model that goes on with one text, with this chance a byte."""
    known = text.encode()

    def chances(seen):
        goes_on = known.startswith(seen) and len(seen) < len(known)
        return {chr(known[len(seen)]): chance} if goes_on else {}

    return model_of(chances, **given)
