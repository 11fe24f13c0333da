"""Provider status: the one-third rule, its fallbacks, and the separate roles."""

from typing import Any

import pytest

from ledger.projections import rebuild
from ledger.projections.provider_status import ModelStatus, ProviderStatus, decide
from ledger.rules import GPAI, load_pack

from .builders import (
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


def decision(*events: Any) -> ProviderStatus:
    return decide(rebuild(record(events))["compute"])


def model(*events: Any, name: str = "acme") -> ModelStatus:
    found = decision(*events).of_model(name)
    assert found is not None
    return found


def roles(status: ModelStatus) -> dict[str, str]:
    return {answer.role: answer.indication for answer in status.roles}


@pytest.mark.parametrize(
    ("flop", "exceeds", "outcome"),
    [
        (7, False, "BELOW"),
        (13, False, "WITHIN_ERROR_MARGIN"),
        (14, True, "WITHIN_ERROR_MARGIN"),
        (24, True, "WITHIN_ERROR_MARGIN"),
        (25, True, "ABOVE"),
    ],
)
def test_relative_third(flop, exceeds, outcome):
    """Against a known base of 39 the limit is 13, reported value and bands apart."""
    result = model(*whole_run(flop=flop, base_flop="39")).lineage

    assert (exceeds, outcome) == (result.exceeds, result.outcome)
    assert ("base", "13") == (result.limit_basis, result.limit)


@pytest.mark.parametrize(
    ("systemic", "basis", "limit"),
    [
        (False, "fallback", f"{10**23}/3"),
        (True, "fallback_systemic_risk", f"{10**25}/3"),
    ],
)
def test_fallback_only_where_neither_known_nor_estimable(systemic, basis, limit):
    """The fallback is a third of 10^23, or of 10^25 for a base with systemic risk."""
    result = model(
        *whole_run(base_flop="", base_flop_estimable=False, base_systemic_risk=systemic)
    ).lineage

    assert (basis, limit) == (result.limit_basis, result.limit)


def test_an_estimable_base_has_no_fallback():
    """Not known but estimable is no answer: UNKNOWN, even for a tiny modification."""
    result = model(*whole_run(flop=1, base_flop="", base_flop_estimable=True)).lineage

    assert ("UNKNOWN", None, "none") == (
        result.outcome,
        result.exceeds,
        result.limit_basis,
    )
    assert "base_unknown" in result.flags


def test_a_small_known_base_is_not_raised_to_the_fallback():
    """A base known to be 5e22 has the limit 5e22/3, below 10^23/3, and is flagged."""
    flop = 2 * 10**22
    result = model(*whole_run(flop=flop, base_flop=str(5 * 10**22))).lineage

    assert result.exceeds is True
    assert "Q3/Q4" in result.flags


def test_fallback_boundary_is_strict():
    """The integers around 10^23/3 lie on its two sides."""
    unknown = {"base_flop": "", "base_flop_estimable": False}
    below = model(*whole_run(flop=10**23 // 3, **unknown)).lineage
    above = model(*whole_run(flop=10**23 // 3 + 1, **unknown)).lineage

    assert (False, True) == (below.exceeds, above.exceeds)


@pytest.mark.parametrize(
    ("parameters", "tokens", "above"),
    [
        (3_800_000_000, 3_300_000_000_000, False),
        (600_000_000, 36_000_000_000_000, True),
        (1_540_000_000, 18_000_000_000_000, True),
        (1_700_000_000, 36_000_000_000_000, True),
        (2_500_000_000, 12_000_000_000_000, True),
        (2_600_000_000, 10_000_000_000_000, True),
    ],
    ids=["7.5e22", "1.3e23", "1.663e23", "3.7e23", "1.8e23", "1.56e23"],
)
def test_guideline_examples_of_the_gpai_indication(parameters, tokens, above):
    """The 6PD examples of Annex A.3 fall on their side of 10^23."""
    flop = 6 * parameters * tokens
    result = model(*whole_run(flop=flop, base_sha256="", base_flop="")).gpai_model

    assert above == result.exceeds


def test_the_result_holds_the_base():
    """Whether the result is a GPAI model counts the base's compute as well."""
    result = model(*whole_run(flop=1, base_flop=str(10**23))).gpai_model

    assert result.exceeds is True
    assert str(10**23) == result.base_flop


def test_an_unknown_base_can_show_above_but_never_below():
    """Without the base the result is a lower bound."""
    unknown = {"base_flop": "", "base_flop_estimable": True}
    small = model(*whole_run(flop=1, **unknown)).gpai_model
    large = model(*whole_run(flop=2 * 10**23, **unknown)).gpai_model

    assert (None, "UNKNOWN") == (small.exceeds, small.outcome)
    assert (True, "ABOVE") == (large.exceeds, large.outcome)


def test_systemic_risk_base_uses_the_cumulative_counter():
    """With systemic risk, rollouts count; without it they do not."""
    rollout = [metered(rollout=900), finished(rollout=900)]
    plain = model(started(), *rollout).lineage
    systemic = model(started(base_systemic_risk=True), *rollout).lineage

    assert ("direct", "BELOW") == (plain.counter, plain.outcome)
    assert ("cumulative", "ABOVE") == (systemic.counter, systemic.outcome)


def test_runs_of_a_model_add_up():
    """Two runs below the limit can be above it together, and Q1 says it is open."""
    status = decision(*whole_run("a", flop=40), *whole_run("b", flop=70))
    found = status.of_model("acme")
    assert found is not None

    assert [False, False] == [run.exceeds for run in status.runs]
    assert found.model.exceeds is True
    assert "Q1" in found.model.flags


def test_lineage_reaches_over_models_by_weights():
    """A model on top of another of this ledger carries that one's compute."""
    second = model(
        *whole_run("a", flop=90),
        *whole_run(
            "b",
            flop=20,
            model_name="acme-2",
            base_name="acme",
            base_sha256=digest("a-0"),
        ),
        name="acme-2",
    )

    assert ("20", "110") == (second.model.direct_flop, second.lineage.direct_flop)
    assert {"Q1", "Q2"} <= set(second.lineage.flags)


def test_lineage_reaches_over_models_by_name():
    """A merged base has weights that no run saved; its name still links it."""
    second = model(
        *whole_run("a", flop=90),
        *whole_run(
            "b",
            flop=20,
            model_name="acme-2",
            base_name="acme",
            base_sha256=digest("merged"),
        ),
        name="acme-2",
    )

    assert "110" == second.lineage.direct_flop


def test_a_failed_run_is_left_out():
    """A failed experiment counts in no model, and is shown by itself."""
    status = decision(
        started("lost"),
        metered("lost", forward=500),
        failed("lost"),
        *whole_run("kept", flop=7),
    )
    found = status.of_model("acme")
    assert found is not None

    assert "7" == found.lineage.direct_flop
    assert ("507", "500") == (status.executed_flop, status.left_out_flop)
    assert "run_left_out" in status.runs[0].flags


def test_a_failed_run_that_was_continued_counts():
    """Stopping and going on from the saved weights does not make compute vanish."""
    found = model(
        started("first"),
        metered("first", forward=500),
        saved("first", weights="half"),
        failed("first"),
        started("second"),
        metered("second", forward=7),
        saved("second", slice_=1, parent="half"),
        finished("second", forward=7),
    )

    assert "507" == found.lineage.direct_flop


def test_incomplete_metering_is_never_below():
    """With a batch missing the sum is a lower bound: UNKNOWN in place of BELOW."""
    result = model(
        started(), metered(forward=1), finished(batches=2, forward=1)
    ).lineage

    assert (None, "UNKNOWN") == (result.exceeds, result.outcome)
    assert "faulty_metering" in result.flags


@pytest.mark.parametrize(
    "events",
    [
        [metered(forward=1, faults=["hook_failed"]), finished(forward=1)],
        [metered(forward=1), finished(forward=1, reasons=["plan_incomplete"])],
        [metered(forward=1, faults=["trace_failed"]), failed()],
    ],
    ids=["batch", "end", "failed"],
)
def test_metering_with_faults_is_never_below(events):
    """What was not counted makes the sum a lower bound, whoever says so."""
    result = decision(started(), *events).runs[0]

    assert (None, "UNKNOWN") == (result.exceeds, result.outcome)
    assert "faulty_metering" in result.flags


def test_an_open_run_is_not_final():
    """A run that has not ended is listed, and below nothing yet."""
    status = decision(started(), metered(forward=1))

    assert (ident("run"),) == status.unfinished_runs
    assert ("UNKNOWN", "1") == (status.runs[0].outcome, status.runs[0].direct_flop)
    assert "no_finished_run" in status.models[0].lineage.flags


def test_contradicting_bases_are_read_strictly():
    """Where runs declare different values, the smallest gives the limit."""
    result = model(
        *whole_run("a", flop=1, base_flop="300"), *whole_run("b", base_flop="30")
    ).lineage

    assert "10" == result.limit
    assert "bases_differ" in result.flags


def test_from_scratch_nothing_is_modified():
    """One's own pre-training and what follows it meet no one-third rule."""
    own = {"base_sha256": "", "base_flop": "", "base_name": "acme"}
    found = model(
        *whole_run("a", flop=10**24, **own),
        *whole_run("b", flop=10**24, base_sha256=digest("a-0"), base_flop=""),
    )

    assert "NOT_APPLICABLE" == found.lineage.outcome
    assert "INDICATED" == roles(found)["GPAI_MODEL_PROVIDER_ORIGINAL"]
    assert "INDICATED" == found.gpai_provider


def test_model_and_system_roles_are_separate():
    """Compute never answers a role of a system."""
    found = roles(model(*whole_run(flop=10**24, base_flop=str(10**24))))

    assert "INDICATED" == found["GPAI_MODEL_PROVIDER_MODIFIER"]
    assert "NOT_ASSESSED" == found["GPAI_MODEL_PROVIDER_ORIGINAL"]
    for role in (
        "AI_SYSTEM_PROVIDER",
        "HIGH_RISK_PROVIDER_ORIGINAL",
        "HIGH_RISK_PROVIDER_ART25",
        "DEPLOYER",
    ):
        assert "NOT_ASSESSED" == found[role]


def test_the_modifier_of_a_systemic_risk_model_has_systemic_risk():
    """Above a third of a systemic-risk base, both roles are indicated (J70-71)."""
    base = {"base_flop": str(3 * 10**25), "base_systemic_risk": True}
    found = roles(model(*whole_run(flop=3 * 10**25, **base)))

    assert "INDICATED" == found["GPAI_MODEL_PROVIDER_MODIFIER"]
    assert "INDICATED" == found["GPAI_SR_PROVIDER"]


def test_above_a_tiny_base_is_no_gpai_provider():
    """A third of a tiny base is passed at once; the result is still no GPAI model."""
    found = model(*whole_run(flop=300))

    assert "INDICATED" == roles(found)["GPAI_MODEL_PROVIDER_MODIFIER"]
    assert "NOT_INDICATED" == found.gpai_provider


def test_answers_name_their_events():
    """A comparison rests on the run's start, its batches and its end."""
    evidence = model(
        started(),
        metered(forward=1),
        metered(batch=1, forward=1),
        finished(batches=2, forward=2),
    ).lineage.evidence

    assert [("0.0", "1.0", "2.0", 2, "3.0")] == [
        (item.started, item.batch_first, item.batch_last, item.batches, item.ended)
        for item in evidence
    ]


def test_answers_carry_their_rule():
    """Rule, source, pack digest, dates and the word indicative are in every answer."""
    found = model(*whole_run())
    citations = [
        found.model.citation,
        found.gpai_model.citation,
        *(answer.citation for answer in found.roles),
    ]

    for citation in citations:
        assert load_pack(GPAI).sha256 == citation.pack_sha256
        assert citation.source
        assert citation.applies_from
    assert "ndicative, in non-binding guidelines" in found.model.citation.note


def test_stray_batches_make_every_sum_a_lower_bound():
    """Compute of a run that never started may belong to any model."""
    result = model(*whole_run(flop=1), metered("ghost", forward=1)).lineage

    assert "UNKNOWN" == result.outcome
