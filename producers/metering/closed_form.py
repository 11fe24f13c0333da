"""A closed form to check a plan against, whoever derived it.

Nothing is imported from where it comes from: a mistake there is not repeated here.
"""

from collections.abc import Mapping
from typing import Protocol

from producers.metering.polynomial import Polynomial


class Terms(Protocol):
    """B (token S + pair S^2) FLOP of a pass over B sequences of S positions."""

    @property
    def token(self) -> int:
        """FLOP for each token."""

    @property
    def pair(self) -> int:
        """FLOP for each ordered pair of tokens of one sequence."""


class ClosedForm(Protocol):
    """What the architecture says a step costs, by phase; see `Plan`."""

    @property
    def forward(self) -> Terms:
        """The forward pass of a training step."""

    @property
    def backward(self) -> Terms:
        """Its backward pass."""

    @property
    def recompute(self) -> Terms:
        """What is computed again."""

    @property
    def inference(self) -> Terms:
        """A forward pass without gradients."""


def agree(costs: Mapping[str, Polynomial], closed_form: ClosedForm) -> bool:
    """Whether traced polynomials and the closed form are the same integers."""
    terms: dict[str, Terms] = {
        "forward": closed_form.forward,
        "backward": closed_form.backward,
        "recompute": closed_form.recompute,
        "inference": closed_form.inference,
    }
    return all(
        (cost.token, cost.pair) == (terms[phase].token, terms[phase].pair)
        for phase, cost in costs.items()
    )
