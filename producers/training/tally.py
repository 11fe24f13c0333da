"""What the steps of one slice were, for the events and the words at its end."""

from dataclasses import dataclass, field
from statistics import fmean

from producers.training.wire import StepDone


@dataclass(slots=True)
class Tally:
    """What one slice has cost so far, and how its loss went.

    Attributes:
        tokens: positions through the model, padding included.
        losses: of each step, in nats a token.
        sample_rate_ppb: the chance with which its rows were drawn, 10^-9; 0 where they
            come in turn.
    """

    tokens: int = 0
    losses: list[float] = field(default_factory=list)
    sample_rate_ppb: int = 0

    def add(self, step: StepDone) -> None:
        """Add a step."""
        self.losses.append(step.loss)
        self.tokens += step.batch * step.sequence
        self.sample_rate_ppb = max(self.sample_rate_ppb, step.sample_rate_ppb)

    def __str__(self) -> str:
        steps = len(self.losses)
        if not steps:
            return "nothing to train on"
        # Single batches differ more than training changes them.
        some = max(1, steps // 8)
        first, last = fmean(self.losses[:some]), fmean(self.losses[-some:])
        return f"{steps} steps, {self.tokens} tokens, loss {first:.3f} -> {last:.3f}"
