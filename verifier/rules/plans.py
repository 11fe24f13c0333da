"""What a pass costs, and what counted passes cost: XEV-9, XEV-10, XEV-23, XEV-24.

A plan is polynomials with integer coefficients, so whoever reads the ledger computes
every metered FLOP again, without the model and without a machine to run it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from verifier.findings import Code
from verifier.rules.state import Plan, refuse
from verifier.schema.lines import Event
from verifier.schema.model_tables import FLOP_FIELDS

INCOMPLETE = "plan_incomplete"
"""The fault of a batch that was counted by a plan that misses something."""

_PHASES = ("backward", "forward", "inference", "recompute")
_BACKWARD, _FORWARD, _INFERENCE, _RECOMPUTE = range(4)
_PLACES = {name.removeprefix("flop_"): at for at, name in enumerate(FLOP_FIELDS)}


class Passes(NamedTuple):
    """One item of a batch's `shapes`, in the order of its fields."""

    plan: int
    phase: str
    batch: int
    sequence: int
    has_gradient: bool
    forwards: int
    backwards: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The shapes of a batch.

    Attributes:
        passes: its items.
        steps_max: most optimizer steps that they can be: training passes forward, or
            backward where these are fewer.
        tokens: positions that went through the model in training.
        plans: how many plans they need: one above the largest number.
        has_strays: whether there are backward passes of passes without gradients.
    """

    passes: tuple[Passes, ...]
    steps_max: int
    tokens: int
    plans: int
    has_strays: bool


def read_plan(event: Event) -> Plan:
    """Return the plan of `training.plan_registered.v1`, unchecked."""
    return Plan(
        costs=tuple(
            (int(event[f"{phase}_token"]), int(event[f"{phase}_pair"]))
            for phase in _PHASES
        ),
        is_complete=event["unknown"] == b"[]" == event["faults"],
    )


def check_plan(event: Event, *, number: int) -> None:
    """Check the next plan of a run (XEV-23).

    Args:
        event: `training.plan_registered.v1`.
        number: how many plans the run registered before.

    Raises:
        Violation: XEV-23.
    """
    if int(event["plan"]) != number:
        refuse(Code.PLAN, 23, expected=f"plan {number}", found=event["plan"])
    for name in ("faults", "unknown"):
        ascending(event, name, Code.PLAN, 23)
    expected = hashlib.sha256(_canonical(event)).hexdigest()
    if event["plan_sha256"].decode() != expected:
        refuse(
            Code.PLAN,
            23,
            expected=f"plan_sha256 {expected}",
            found=event["plan_sha256"],
        )


def ascending(event: Event, name: str, code: Code, number: int) -> list[str]:
    """Return a list of names, checked to be in their one order.

    Raises:
        Violation: they are not ascending, or one stands twice.
    """
    names: list[str] = json.loads(event[name])
    if names != sorted(set(names)):
        refuse(
            code,
            number,
            expected=f"{name} in ascending order, each once",
            found=event[name],
        )
    return names


@lru_cache(maxsize=1024)
def counted(shapes: bytes) -> Counted:
    """Return the shapes of a batch, read; batches of one shape are the rule."""
    listed: list[dict[str, Any]] = json.loads(shapes)
    passes = tuple(Passes(**item) for item in listed)
    trained = [each for each in passes if each.phase == "train"]
    return Counted(
        passes=passes,
        steps_max=min(
            sum(each.forwards for each in trained),
            sum(each.backwards for each in trained),
        ),
        tokens=sum(each.forwards * each.batch * each.sequence for each in trained),
        plans=max((each.plan + 1 for each in passes), default=0),
        has_strays=any(each.backwards and not each.has_gradient for each in passes),
    )


def check_batch(plans: Sequence[Plan], event: Event) -> Counted:
    """Check that a batch's FLOP follow from its shapes and the run's plans (XEV-24).

    Returns:
        Its shapes.

    Raises:
        Violation: XEV-24.
    """
    shapes = counted(bytes(event["shapes"]))
    faults = ascending(event, "faults", Code.METERED_FLOP, 24)
    if shapes.plans > len(plans):
        refuse(
            Code.METERED_FLOP,
            24,
            expected=f"a plan below {len(plans)}",
            found=shapes.plans - 1,
        )
    if shapes.has_strays:
        refuse(
            Code.METERED_FLOP,
            24,
            expected="backwards 0 without gradients",
            found=event["shapes"],
        )
    if INCOMPLETE not in faults and not are_complete(plans, shapes):
        refuse(
            Code.METERED_FLOP, 24, expected=f"fault {INCOMPLETE}", found=event["faults"]
        )
    for name, expected in zip(FLOP_FIELDS, flop_of(plans, shapes), strict=True):
        if int(event[name]) != expected:
            refuse(
                Code.METERED_FLOP, 24, expected=f"{name} {expected}", found=event[name]
            )
    return shapes


def check_amounts(event: Event, shapes: Counted) -> None:
    """Check steps and tokens of a batch against its shapes (XEV-9).

    Raises:
        Violation: XEV-9.
    """
    steps, tokens = int(event["steps"]), int(event["tokens"])
    if event["faults"] == b"[]":
        if not shapes.passes:
            refuse_batch("a shape, or a fault that says why there is none", "none")
        if steps > shapes.steps_max or tokens != shapes.tokens:
            refuse_batch(
                f"at most {shapes.steps_max} steps, and tokens {shapes.tokens}",
                f"{steps} and {tokens}",
            )
    elif tokens < shapes.tokens:
        refuse_batch(f"tokens at least {shapes.tokens}", tokens)


def check_completeness(event: Event, faults: set[str]) -> None:
    """Check that a run's end says what its batches miss (XEV-10).

    Raises:
        Violation: XEV-10.
    """
    said = ascending(event, "reasons", Code.RUN_TOTALS, 10)
    expected = sorted(faults)
    if said != expected:
        refuse(Code.RUN_TOTALS, 10, expected=f"reasons {expected}", found=said)
    completeness = "incomplete" if faults else "complete"
    if event["completeness"] != completeness.encode():
        refuse(
            Code.RUN_TOTALS,
            10,
            expected=f"completeness {completeness}",
            found=event["completeness"],
        )


def are_complete(plans: Sequence[Plan], shapes: Counted) -> bool:
    """Whether every plan that these shapes need misses nothing."""
    return all(plans[each.plan].is_complete for each in shapes.passes)


def flop_of(plans: Sequence[Plan], shapes: Counted) -> tuple[int, ...]:
    """Return what counted passes cost, in the order of the FLOP fields."""
    sums = [0] * len(FLOP_FIELDS)
    for each in shapes.passes:
        costs = plans[each.plan].costs
        tokens = each.batch * each.sequence
        cost = [tokens * (token + pair * each.sequence) for token, pair in costs]
        forward = cost[_FORWARD if each.has_gradient else _INFERENCE] * each.forwards
        backward = cost[_BACKWARD] * each.backwards
        is_training = each.phase == "train"
        sums[_PLACES["forward" if is_training else each.phase]] += forward
        sums[_PLACES["backward" if is_training else each.phase]] += backward
        sums[_PLACES["recompute"]] += cost[_RECOMPUTE] * each.backwards
    return tuple(sums)


def refuse_batch(expected: str, found: object) -> NoReturn:
    """Raise the violation of XEV-9."""
    refuse(Code.METERING, 9, expected=expected, found=found)


def _canonical(event: Event) -> bytes:
    """Return the text whose SHA-256 names a plan."""
    content = {
        "closed_form": json.loads(event["closed_form"]),
        "cost": {
            phase: [event[f"{phase}_{part}"].decode() for part in ("token", "pair")]
            for phase in _PHASES
        },
        "faults": json.loads(event["faults"]),
        "model_sha256": event["model_sha256"].decode(),
        "shapes": [[s["batch"], s["sequence"]] for s in json.loads(event["shapes"])],
        "torch_version": event["torch_version"].decode(),
        "unknown": json.loads(event["unknown"]),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
