"""What a probe gives for a model, as the event says it."""

from collections.abc import Callable
from statistics import fmean

from ledger.errors import InputError
from ledger.events.model import Probe
from producers.evaluation.canaries import Canary, numbered_canaries
from producers.evaluation.exposure import exposure
from producers.evaluation.held_out import held_out_loss
from producers.evaluation.language_model import LanguageModel
from producers.evaluation.min_k import min_k
from producers.evaluation.outcome import Measured, micro
from producers.evaluation.verbatim import is_continued


def measure(
    probe: Probe,
    content: bytes,
    *,
    model: LanguageModel,
    base: Callable[[], LanguageModel],
) -> Measured:
    """Measure one probe; of several canaries the mean.

    Args:
        probe: what to measure.
        content: a plain text for the held-out loss, else JSON lines.
        model: the weights in question.
        base: opens what they were trained on; only min-k asks it.

    Raises:
        InputError: the texts are not of this probe, or longer than the model can see.
    """
    if probe == "held_out_loss":
        return Measured(items=1, value=micro(held_out_loss(model, content)))
    canaries = numbered_canaries(content, probe)
    plain = base() if probe == "min_k" else model
    values = []
    for line, canary in canaries:
        try:
            values.append(_value(probe, model, plain, canary))
        except InputError as error:
            message = f"texts, line {line}: {error}"
            raise InputError(message) from None
    return Measured(items=len(canaries), value=micro(max(fmean(values), 0.0)))


def _value(
    probe: Probe, model: LanguageModel, base: LanguageModel, canary: Canary
) -> float:
    """What a probe of memorisation gives for one canary."""
    if probe == "exposure":
        return exposure(model, canary)
    if probe == "min_k":
        return min_k(model, base, canary)
    return float(is_continued(model, canary))
