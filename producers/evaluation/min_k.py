"""Min-k: how likely a model holds the tokens of a text that it holds least likely.

Source: Shi and others, Detecting Pretraining Data from Large Language Models (ICLR
2024, arXiv:2310.16789), section 3: a text that was seen has few tokens that surprise.
"""

import math
from typing import Final

from producers.evaluation.canaries import Canary
from producers.evaluation.language_model import LanguageModel, score

SHARE: Final = 0.2
"""Share of the tokens, the least likely ones; k = 20 in the source."""


def min_k(model: LanguageModel, base: LanguageModel, canary: Canary) -> float:
    """By how much the model is surprised less than its base, in nats a token.

    A text may be likely for reasons other than having been seen; whatever the base
    holds likely too is taken off. Negative where the base holds it more likely.
    """
    return _surprise(base, canary) - _surprise(model, canary)


def _surprise(model: LanguageModel, canary: Canary) -> float:
    """Mean nats of the least likely tokens."""
    stream = [model.separator, *model.encode(canary.text.encode())]
    nats = score(model, stream).nats_T
    return float(nats.topk(math.ceil(SHARE * len(nats))).values.mean())
