"""Whether a run's FLOP fit into its devices and its time: a check from outside.

The meter never looks at a clock or a device, so this bound owes nothing to it. It
acquits nobody: a run that claims too little fits as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from ledger.events.training import RunFinished, RunStarted
from producers.metering.batch import COUNTERS, Counted
from producers.metering.peaks import PEAKS

Speed = Literal["possible", "implausible", "impossible", "not_bounded"]

UTILISATION_MIN: Final = Fraction(5, 1000)
UTILISATION_MAX: Final = Fraction(75, 100)
"""Utilisations outside of these are in doubt. Large trainings report 0.2 to 0.5.

Source: Chowdhery and others 2022, PaLM, table 3 and appendix B (arXiv:2204.02311).
"""

_RECOMPUTE: Final = "recompute"


@dataclass(slots=True)
class Work:
    """FLOP of a run, as far as its batches were read.

    Attributes:
        algorithmic: all phases, without what is computed again to save memory.
        certain: what no kernel can leave out: products of tokens with weights. A kernel
            may skip pairs of tokens that a mask leaves out, and compute nothing again.
    """

    algorithmic: int = 0
    certain: int = 0

    def add(self, flop: dict[str, int], counted: Iterable[Counted]) -> None:
        """Add a batch.

        Args:
            flop: its sums by counter.
            counted: the passes that they follow from.
        """
        self.algorithmic += sum(flop[name] for name in COUNTERS if name != _RECOMPUTE)
        for each in counted:
            tokens = each.batch * each.sequence
            forward = each.plan.forward if each.has_gradient else each.plan.inference
            self.certain += each.forwards * forward.token * tokens
            self.certain += each.backwards * each.plan.backward.token * tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """What the devices could have done, and what they are said to have done.

    Attributes:
        speed: `possible`; `implausible` where the utilisation is out of the usual, a
            doubt and no finding; `impossible` where the devices cannot have done it in
            that time; `not_bounded` where that cannot be told.
        reason: the figures, or why it cannot be told.
        utilisation_ppm: algorithmic FLOP over the peak in half precision, 10^-6; None
            where it is not bounded.
    """

    speed: Speed
    reason: str
    utilisation_ppm: int | None = None


def physics(
    started: RunStarted, finished: RunFinished | None, work: Work, *, is_complete: bool
) -> Physics:
    """Hold a run's FLOP against devices x peak x time.

    Args:
        started: says which devices, and how many.
        finished: says how long; None where the run did not finish.
        work: the run's FLOP.
        is_complete: whether the count has no faults. With faults it may be too high as
            well, so that nothing is called impossible.

    Source: guidelines C(2025) 5045 final, paragraphs 126 to 128 (C = N L H U, with U
        at most 1); utilisation as in PaLM, appendix B (arXiv:2204.02311).
    """
    peak = PEAKS.get(started.device)
    if finished is None:
        return Physics(speed="not_bounded", reason="the run did not finish")
    if peak is None:
        reason = f"no peak is known of the device {started.device}"
        return Physics(speed="not_bounded", reason=reason)
    if finished.wall_ms == 0:
        return Physics(speed="not_bounded", reason="no time is stated")
    devices = (
        started.data_parallel * started.tensor_parallel * started.pipeline_parallel
    )
    # A stated time of t ms may be anything below t + 1.
    device_ms = devices * (finished.wall_ms + 1)
    used = Fraction(1000 * work.algorithmic, device_ms * peak.half)
    figures = (
        f"{float(100 * used):.3g} % of the peak in half precision of "
        f"{devices} x {started.device} in {finished.wall_ms} ms"
    )
    speed: Speed = "possible"
    if is_complete and 1000 * work.certain > device_ms * peak.most:
        speed = "impossible"
        figures += ", and more than in any format"
    elif not UTILISATION_MIN <= used <= UTILISATION_MAX:
        speed = "implausible"
    return Physics(speed=speed, reason=figures, utilisation_ppm=int(1_000_000 * used))
