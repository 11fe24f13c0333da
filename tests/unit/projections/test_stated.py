"""Resumed trainings, and what vendors and files state: neither blurs a measurement."""

import pytest
from msgspec import structs

from ledger.events.model import HostedRunRecorded
from ledger.events.training_saved import SnapshotSaved
from ledger.export.compute_status import compute_facts
from ledger.projections import rebuild
from ledger.projections.provider_status import decide
from tests.unit.projections.builders import (
    digest,
    failed,
    finished,
    ident,
    metered,
    record,
    saved,
    started,
    whole_run,
)

ALONE = {"map_id": "", "shards": [], "slices": 0}


def hosted(name="hosted", **changes):
    """A vendor's training of 10 FLOP on a base of 300."""
    facts = {
        "hosted_id": ident(name),
        "model_name": name,
        "vendor": "example-ai",
        "vendor_base": "example-7b",
        "vendor_model": "ft:1",
        "base_licence": "",
        "base_flop": "300",
        "base_flop_source": "declared",
        "base_systemic_risk": False,
        "objective": "sft",
        "technique": "",
        "terms_sha256": digest("terms"),
        "region": "",
        "tenancy": "not_stated",
        "tokens_billed": 1,
        "flop": "10",
        "estimate": "vendor_stated",
        "parameters": "",
        "dataset_sha256": "",
    }
    return HostedRunRecorded(**(facts | changes))


def snapshot(run, weights, batches):
    return SnapshotSaved(
        run_id=ident(run),
        batches=batches,
        steps=10 * batches,
        weights_sha256=digest(weights),
    )


def resumed(of, weights=""):
    """The start of a run that goes on from another."""
    return {
        "resumes_run_id": ident(of),
        "resumes_sha256": digest(weights) if weights else "",
    }


def state_of(*events):
    return rebuild(record(events))["compute"]


def totals(*events):
    """Executed, surviving and redone FLOP of the one training."""
    [training] = compute_facts(state_of(*events))["trainings"]
    return tuple(
        int(training[f"{name}_flop"]) for name in ("executed", "surviving", "redone")
    )


def test_a_run_goes_on_from_a_snapshot():
    """What came after it was computed again, and is in no model."""
    events = [
        started("one", **ALONE),
        metered("one", forward=5),
        snapshot("one", "half", 1),
        metered("one", 1, forward=3),
        failed("one", batches=2),
        started("two", **ALONE, **resumed("one", "half")),
        metered("two", forward=7),
        finished("two", forward=7),
    ]
    status = decide(state_of(*events))
    [model] = status.models

    assert (15, 12, 3) == totals(*events)
    assert ("12", "12") == (model.model.direct_flop, model.lineage.direct_flop)
    assert ("15", "3") == (status.executed_flop, status.left_out_flop)
    assert "Q1" not in model.lineage.flags


def test_a_run_of_shards_goes_on_from_its_slices():
    """A slice that was not finished was trained again."""
    events = [
        started("one"),
        metered("one", forward=5),
        saved("one"),
        structs.replace(metered("one", 1, forward=3), slice=1),
        failed("one", batches=2),
        started("two", **resumed("one")),
        metered("two", forward=7),
    ]

    assert (15, 12, 3) == totals(*events)


def test_a_training_without_kills():
    """All of it survives."""
    assert (4, 4, 0) == totals(*whole_run(flop=4))


@pytest.mark.parametrize(
    "events",
    [
        [hosted(), *whole_run(flop=4, base_name="hosted")],
        [hosted(), hosted("next", vendor_base="hosted"), *whole_run(base_name="next")],
    ],
    ids=["directly", "over-another"],
)
def test_an_estimated_part_is_said_and_not_summed(events):
    """A lineage that a vendor's training is in is never below a limit."""
    [model] = decide(state_of(*events)).models

    assert ident("hosted") in model.estimated_from
    assert "estimated_part" in model.lineage.flags
    assert "UNKNOWN" == model.lineage.outcome
    assert int(model.lineage.direct_flop) in {0, 4}


def test_an_estimate_has_a_status_of_its_own():
    """It is held against a third of its base, and graded."""
    below, above, unknown = decide(
        state_of(
            hosted(),
            hosted("much", flop="1000"),
            hosted("nothing", flop="", estimate="none"),
        )
    ).hosted

    assert ("BELOW", "ABOVE", "UNKNOWN") == (
        below.outcome,
        above.outcome,
        unknown.outcome,
    )
    assert {"estimated"} == {below.grade, above.grade, unknown.grade}


def test_a_vendor_tuned_a_model_from_here():
    """What was measured below it is named and not added: so it is not below."""
    [one] = decide(state_of(*whole_run(flop=4), hosted(vendor_base="acme"))).hosted

    assert ((ident("run"),), "10", "UNKNOWN") == (
        one.measured_runs,
        one.flop,
        one.outcome,
    )
