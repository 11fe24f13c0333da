"""Two batches that follow one another, as one: what is kept never grows by steps."""

from collections import Counter
from dataclasses import replace

from producers.metering.batch import Batch, Counted
from producers.metering.tally import Key


def merged(first: Batch | None, later: Batch) -> Batch:
    """Both batches as one.

    Args:
        first: the batch before `later`, if there is one.
        later: the batch that follows.

    Returns:
        One of as many entries as there are kinds of passes, in order of first use.
    """
    if first is None:
        return later
    passes: dict[tuple[str, Key], Counted] = {}
    for each in (*first.counted, *later.counted):
        # Plans are told apart by what they say, and not by their number.
        key = (
            each.plan.sha256,
            Key(0, each.phase, each.batch, each.sequence, each.has_gradient),
        )
        before = passes.get(key)
        if before is not None:
            each = replace(  # noqa: PLW2901 - the sum takes its place
                each,
                forwards=before.forwards + each.forwards,
                backwards=before.backwards + each.backwards,
            )
        passes[key] = each
    faults = Counter(first.faults) + Counter(later.faults)
    return Batch(
        step_first=first.step_first,
        steps=first.steps + later.steps,
        counted=tuple(passes.values()),
        faults=dict(sorted(faults.items())),
    )
