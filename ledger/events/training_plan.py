"""What passes through a model cost, and how often they ran: `training`, its compute.

A plan and counted shapes, from which FLOP follow by multiplication (docs/flops.md).
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ledger.events.base import Count, Event, Flop, Id, Name, RuleName, Sha256Hex

Phase = Literal["train", "reference", "rollout", "reward", "auxiliary", "evaluation"]
"""What a pass through a model is for."""

PLANS_MAX: Final = 256
"""Most plans in one run."""

PlanNumber = Annotated[int, Meta(ge=0, le=PLANS_MAX - 1)]
"""0-based number of a plan in its run."""

SHAPES_MAX: Final = 128
"""Most shapes in one `StepsMetered`, so that its line keeps below its limit."""

FAULTS_MAX: Final = 32
"""Most different faults in one event."""

OPERATIONS_MAX: Final = 64
"""Most operations without a formula that a plan lists."""

Operation = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.:]{0,127}\Z")]
"""An operation of a tensor library, as `namespace::name`."""

Faults = Annotated[list[RuleName], Meta(max_length=FAULTS_MAX)]
"""Names of faults (docs/flops.md), ascending, each once."""


class TracedShape(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A batch that was traced.

    Attributes:
        batch: sequences in the batch.
        sequence: positions in each sequence.
    """

    batch: Count
    sequence: Count


class PlanRegistered(
    Event, frozen=True, kw_only=True, tag="training.plan_registered.v1"
):
    """What a pass through a model costs, stated before any pass is counted by it.

    A pass over B sequences of S positions costs B (token S + pair S^2) FLOP. The event
    holds the whole plan: FLOP follow from it and from counted shapes alone, and who has
    the model's configuration can trace it again (docs/flops.md).

    Attributes:
        run_id: the run.
        plan: 0-based number of this plan in the run; no gaps.
        plan_sha256: SHA-256 of the plan's canonical form (docs/spec.md, XEV-23).
        model_sha256: fingerprint of modules, weights by shape, what is trained,
            and settings that choose kernels.
        torch_version: build of the tensor library that traced it.
        closed_form: whether a closed form of the architecture was compared.
        forward_token: a forward pass with gradients, for each token.
        forward_pair: the same for each ordered pair of tokens of one sequence.
        backward_token: its backward pass, for each token.
        backward_pair: the same for each pair.
        recompute_token: what is computed again to save memory, for each token.
        recompute_pair: the same for each pair.
        inference_token: a forward pass without gradients, for each token.
        inference_pair: the same for each pair.
        shapes: the batches that were traced.
        unknown: operations that may multiply matrices and have no formula, ascending.
        faults: what else keeps the plan from being complete.
    """

    run_id: Id
    plan: PlanNumber
    plan_sha256: Sha256Hex
    model_sha256: Sha256Hex
    torch_version: Name
    closed_form: bool
    forward_token: Flop
    forward_pair: Flop
    backward_token: Flop
    backward_pair: Flop
    recompute_token: Flop
    recompute_pair: Flop
    inference_token: Flop
    inference_pair: Flop
    shapes: Annotated[list[TracedShape], Meta(min_length=3, max_length=16)]
    unknown: Annotated[list[Operation], Meta(max_length=OPERATIONS_MAX)]
    faults: Faults


class CountedPasses(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """How often a batch of one shape went through a model.

    Attributes:
        plan: number of the plan that says what one pass costs.
        phase: what the passes were for.
        batch: sequences in the batch.
        sequence: positions in each sequence, padding included.
        has_gradient: whether they ran with gradients.
        forwards: forward passes.
        backwards: backward passes.
    """

    plan: PlanNumber
    phase: Phase
    batch: Count
    sequence: Count
    has_gradient: bool
    forwards: Count
    backwards: Count
