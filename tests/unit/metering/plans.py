"""Plans written out, for tests that need one and no model."""

from producers.metering.plan import Plan
from producers.metering.polynomial import Polynomial


def make_plan(**changes):
    """A complete plan whose coefficients differ from one another."""
    fields = {
        "model_sha256": "5d" * 32,
        "forward": Polynomial(3, 2),
        "backward": Polynomial(7, 5),
        "recompute": Polynomial(1, 4),
        "inference": Polynomial(2, 1),
        "shapes": ((2, 4), (2, 6), (3, 5)),
        "unknown": (),
        "faults": (),
        "closed_form": True,
        "torch_version": "2.13.0+cpu",
    }
    return Plan(**fields | changes)
