"""The rules of a finished run over the events that a bundle shows (BUN-11, BUN-12)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from verifier.bundle.events import ReadEvent
from verifier.bundle.files import RECEIPTS
from verifier.bundle.findings import BundleCode, BundleViolation, placed
from verifier.findings import Code, Violation
from verifier.rules.plans import (
    check_amounts,
    check_batch,
    check_completeness,
    check_plan,
    read_plan,
)
from verifier.rules.state import Plan
from verifier.schema.lines import Event
from verifier.schema.model_tables import FLOP_FIELDS

CERTIFIED = "training.run_key_certified.v1"
STARTED = "training.run_started.v1"
PLANNED = "training.plan_registered.v1"
METERED = "training.steps_metered.v1"
TRAINED = "training.slice_trained.v1"
FINISHED = "training.run_finished.v1"

TOTALS = ("steps", "tokens", *FLOP_FIELDS)


@dataclass(frozen=True, slots=True)
class Run:
    """A run whose shown events agree with each other.

    Attributes:
        started: its first event.
        finished: its last event.
        batches: how many batches were added up.
        adapters: (shard, hex SHA-256 of the weights) in the order of `run_finished`.
    """

    started: Event
    finished: Event
    batches: int
    adapters: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Sums:
    """What the events so far add up to.

    Attributes:
        shards: the run's shards; none for a run without a map.
        slices: slices in each shard.
        batches: metered batches.
        totals: sums of `TOTALS`.
        trained: hex digest of each shard's weights after its last slice.
        plans: what its passes cost.
        faults: of all its batches.
    """

    shards: frozenset[int]
    slices: int
    batches: int = 0
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOTALS, 0))
    trained: dict[int, str] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)


def check_run(events: Sequence[ReadEvent]) -> Run:
    """Check one run from its start to its finish.

    Raises:
        BundleViolation: BUN-11, or a rule of docs/spec.md that BUN-12 names.
    """
    begin = 1 if events and events[0].name == CERTIFIED else 0
    started, finished = _ends(events, begin)
    sums = _Sums(frozenset(json.loads(started["shards"])), int(started["slices"]))
    for event in events[begin + 1 : -1]:
        with placed(event.where):
            if event.fields is not None:
                _take(sums, started, event, event.fields)
    with placed(events[-1].where):
        _check_totals(sums, finished)
        adapters = _adapters(sums, started, finished)
    return Run(started, finished, sums.batches, adapters)


def _ends(events: Sequence[ReadEvent], begin: int) -> tuple[Event, Event]:
    """Return the events that start and finish one run; the first is at `begin`."""
    if len(events) <= begin:
        _refuse(RECEIPTS, STARTED, "no event of a run")
    started, finished = events[begin].fields, events[-1].fields
    if started is None or events[begin].name != STARTED:
        _refuse(events[begin].where, STARTED, events[begin].name)
    if finished is None or events[-1].name != FINISHED:
        _refuse(events[-1].where, FINISHED, events[-1].name)
    for event in events:
        is_foreign = event.fields is not None and (
            event.family != "training" or event.fields["run_id"] != started["run_id"]
        )
        if is_foreign:
            _refuse(event.where, "events of one run only", event.name)
    return started, finished


def _take(sums: _Sums, started: Event, event: ReadEvent, fields: Event) -> None:
    if event.name == METERED:
        _take_batch(sums, fields)
    elif event.name == PLANNED:
        sums.plans.append(read_plan(fields))
        check_plan(fields, number=len(sums.plans) - 1)
    elif event.name == TRAINED:
        _take_slice(sums, started, fields)
    else:
        raise Violation(
            Code.RUN_LIFE,
            "XEV-8",
            expected="one start, one end and nothing after it",
            found=event.name,
        )


def _take_slice(sums: _Sums, started: Event, fields: Event) -> None:
    """Note the weights of one slice (XEV-11, as far as the run alone shows)."""
    if int(fields["slice"]) >= sums.slices:
        raise Violation(
            Code.SLICE_TRAINED,
            "XEV-11",
            expected=f"a slice below {sums.slices}",
            found=fields["slice"],
        )
    if int(fields["shard"]) not in sums.shards:
        raise Violation(
            Code.SLICE_TRAINED,
            "XEV-11",
            expected="a shard of the run",
            found=fields["shard"],
        )
    if fields["generation"] != started["generation"]:
        raise Violation(
            Code.SLICE_TRAINED,
            "XEV-11",
            expected=f"generation {started['generation'].decode()}",
            found=fields["generation"],
        )
    if int(fields["slice"]) == sums.slices - 1:
        sums.trained[int(fields["shard"])] = fields["weights_sha256"].decode()


def _take_batch(sums: _Sums, fields: Event) -> None:
    """Add one metered batch (XEV-9, XEV-24)."""
    expected = {"batch": sums.batches, "step_first": sums.totals["steps"]}
    for name, value in expected.items():
        if int(fields[name]) != value:
            raise Violation(
                Code.METERING, "XEV-9", expected=f"{name} {value}", found=fields[name]
            )
    if int(fields["shard"]) not in (sums.shards or {0}):
        raise Violation(
            Code.METERING, "XEV-9", expected="a shard of the run", found=fields["shard"]
        )
    if int(fields["slice"]) >= max(sums.slices, 1):
        raise Violation(
            Code.METERING,
            "XEV-9",
            expected=f"a slice below {max(sums.slices, 1)}",
            found=fields["slice"],
        )
    check_amounts(fields, check_batch(sums.plans, fields))
    sums.faults.update(json.loads(fields["faults"]))
    sums.batches += 1
    for name in TOTALS:
        sums.totals[name] += int(fields[name])


def _check_totals(sums: _Sums, finished: Event) -> None:
    """Compare the run's end with its batches (XEV-10)."""
    for name, value in {"batches": sums.batches, **sums.totals}.items():
        if int(finished[name]) != value:
            raise Violation(
                Code.RUN_TOTALS,
                "XEV-10",
                expected=f"{name} {value}",
                found=finished[name],
            )
    check_completeness(finished, sums.faults)


def _adapters(
    sums: _Sums, started: Event, finished: Event
) -> tuple[tuple[int, str], ...]:
    """Return the adapters, one for each shard (XEV-12)."""
    adapters = tuple(
        (item["shard"], item["weights_sha256"])
        for item in json.loads(finished["adapters"])
    )
    is_right = len(dict(adapters)) == len(adapters)
    if started["map_id"]:
        is_right = is_right and dict(adapters) == sums.trained
        is_right = is_right and sums.trained.keys() == sums.shards
    else:
        is_right = is_right and all(shard == 0 for shard, _ in adapters)
    if not is_right:
        raise Violation(
            Code.ADAPTERS,
            "XEV-12",
            expected="one for each shard of the run, with its last slice's weights",
            found=finished["adapters"],
        )
    return adapters


def _refuse(where: str, expected: str, found: object) -> NoReturn:
    raise BundleViolation(
        BundleCode.RECEIPT_EVENTS,
        "BUN-11",
        where=where,
        expected=expected,
        found=found,
    )
