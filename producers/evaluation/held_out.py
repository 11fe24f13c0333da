"""Held-out loss: how well a model says what it was not trained on."""

from ledger.errors import InputError
from producers.evaluation.language_model import LanguageModel, score


def held_out_loss(model: LanguageModel, text: bytes) -> float:
    """Mean nats a token of `text`, read as one record the way that training reads it.

    Raises:
        InputError: there is no text.

    Source: cross entropy, the loss of the training itself
    (`producers.training.slices`), over the same rows.
    """
    if not text.strip():
        message = "held-out text: expected some text, found none"
        raise InputError(message)
    stream = [model.separator, *model.encode(text), model.separator]
    return float(score(model, stream).nats_T.mean())
