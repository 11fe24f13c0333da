"""The plan of a model: what any batch through it costs, and how far that is known."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from ledger.errors import InputError
from producers.metering.polynomial import Polynomial

PHASES: Final = ("forward", "backward", "recompute", "inference")
"""What is traced: a training step, and a pass without gradients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a pass costs, by phase.

    Attributes:
        model_sha256: fingerprint of the model (`fingerprint`).
        forward: the forward pass of a training step.
        backward: its backward pass.
        recompute: what is computed again on the way, to save memory.
        inference: a forward pass without gradients.
        shapes: the batches that were traced, as (sequences, positions).
        unknown: operations that may multiply matrices and have no formula, sorted.
        faults: what else keeps the plan from being complete, sorted.
        closed_form: whether a closed form of the architecture was compared.
        torch_version: build of the tensor library.
    """

    model_sha256: str
    forward: Polynomial
    backward: Polynomial
    recompute: Polynomial
    inference: Polynomial
    shapes: tuple[tuple[int, int], ...]
    unknown: tuple[str, ...]
    faults: tuple[str, ...]
    closed_form: bool
    torch_version: str

    @property
    def is_complete(self) -> bool:
        """Whether every product is counted; otherwise the figures are a lower bound."""
        return not self.unknown and not self.faults

    def canonical(self) -> bytes:
        """The plan's one spelling: JSON, keys sorted, no spaces, FLOP as decimal text.

        FLOP pass 2^53, where readers of JSON lose digits.
        """
        content: dict[str, Any] = {
            "closed_form": self.closed_form,
            "cost": {
                phase: [str(cost.token), str(cost.pair)]
                for phase, cost in self.costs().items()
            },
            "faults": list(self.faults),
            "model_sha256": self.model_sha256,
            "shapes": [list(shape) for shape in self.shapes],
            "torch_version": self.torch_version,
            "unknown": list(self.unknown),
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical form, lowercase hex."""
        return hashlib.sha256(self.canonical()).hexdigest()

    def costs(self) -> dict[str, Polynomial]:
        """The polynomials by phase."""
        return {phase: getattr(self, phase) for phase in PHASES}


def parse_plan(content: bytes) -> Plan:
    """Read a plan's canonical form.

    Raises:
        InputError: it is none, or not in its one spelling.
    """
    try:
        fields = json.loads(content)
        costs = {
            phase: Polynomial(token=int(token), pair=int(pair))
            for phase, (token, pair) in fields["cost"].items()
        }
        plan = Plan(
            model_sha256=fields["model_sha256"],
            **costs,
            shapes=tuple((batch, sequence) for batch, sequence in fields["shapes"]),
            unknown=tuple(fields["unknown"]),
            faults=tuple(fields["faults"]),
            closed_form=fields["closed_form"],
            torch_version=fields["torch_version"],
        )
        if plan.canonical() == content:
            return plan
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    message = "plan: expected its canonical form, found something else"
    raise InputError(message)
