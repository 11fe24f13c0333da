"""Verbatim continuation: does the model, given the prefix, write the secret?

Source: Carlini and others, Quantifying Memorization Across Neural Language Models
(ICLR 2023, arXiv:2202.07646), section 3: extractable with greedy decoding.
"""

from ledger.errors import InputError
from producers.evaluation.canaries import Canary
from producers.evaluation.language_model import LanguageModel, score


def is_continued(model: LanguageModel, canary: Canary) -> bool:
    """Whether greedy decoding from the prefix writes the secret, to its end.

    It does exactly where each token of the secret is the likeliest after the prefix
    and the tokens of the secret before it; so nothing need be generated.

    Raises:
        InputError: prefix and secret are longer than the model's context.
    """
    tokens = model.encode(canary.text.encode())
    if len(tokens) > model.context:
        message = (
            f"verbatim: expected prefix and secret of at most {model.context} tokens, "
            f"which the model can see, found {len(tokens)}"
        )
        raise InputError(message)
    given = len(model.encode(canary.prefix.encode()))
    scored = score(model, [model.separator, *tokens])
    return bool(scored.is_likeliest_T[given:].all())
