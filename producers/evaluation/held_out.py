"""Held-out loss: how well a model says what it was not trained on."""

from producers.evaluation.language_model import LanguageModel, score
from producers.evaluation.texts import check_held_out


def held_out_loss(model: LanguageModel, text: bytes) -> float:
    """Mean nats a token of `text`, read as one record the way that training reads it.

    Raises:
        InputError: there is no text, or what is there is none.

    Source: cross entropy, the loss of the training itself
    (`producers.training.slices`), over the same rows.
    """
    check_held_out(text)
    stream = [model.separator, *model.encode(text), model.separator]
    return float(score(model, stream).nats_T.mean())
