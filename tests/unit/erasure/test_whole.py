"""Models without shards: what an erasure plans for them, and what it waits for."""

import json

import pytest

from ledger.errors import ConflictError
from ledger.events.erasure import (
    ErasureCertified,
    ErasurePlanned,
    MeasureTaken,
    WeightsDeleted,
)
from ledger.export.erasure_status import erasure_facts, erasure_line
from producers import wiring
from tests.unit.erasure.asked import answer, erasure_of, train_whole
from tests.unit.erasure.weights import owed
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.projections.builders import digest
from tests.unit.workspace.office import PEOPLE, letter, record


def erase(office, who="jane", **options):
    """Erase in a session of its own."""
    with office.open() as workspace:
        [erased] = wiring.erase(
            workspace,
            PEOPLE.get(who, who),
            ground="objection",
            progress=office.said.append,
            **options,
        )
    return erased


def test_a_model_without_shards_is_planned_whole(trained):
    """Which records it saw nobody recorded: it counts as having seen them."""
    run_id, weights = train_whole(trained)
    erase(trained)
    [planned] = trained.events(ErasurePlanned)

    assert [(run_id, weights, 1000)] == [
        (one.run_id, one.weights_sha256, one.tokens) for one in planned.whole
    ]
    assert any("full retrain, 1000 tokens" in said for said in trained.said)
    trained.check()


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"objective": "pretraining"}, "pretraining"), ({}, "earlier")],
    ids=["pretraining", "before-the-person-came"],
)
def test_models_that_saw_nothing_of_the_person(trained, changes, text):
    """A pre-training is on text from outside; an earlier run came before the record."""
    train_whole(trained, **changes)
    who = "jane"
    if text == "earlier":
        trained.ingest([record("gina-1", letter("gina"), "gina@garden.example")])
        who = "gina@garden.example"
    erase(trained, who, retrain=False)

    assert [[]] == [one.whole for one in trained.events(ErasurePlanned)]


def test_a_model_that_goes_on_from_one(trained):
    """What was trained on from it saw the person too."""
    train_whole(trained)
    train_whole(trained, "next", objective="pretraining", base_sha256=digest("whole-0"))
    erase(trained, retrain=False)
    [planned] = trained.events(ErasurePlanned)

    assert [digest("whole-0"), digest("next-0")] == [
        one.weights_sha256 for one in planned.whole
    ]


def test_no_certificate_while_it_exists(trained):
    """The shards are done; the certificate waits for the model, and says so."""
    train_whole(trained)
    erased = erase(trained)

    assert erased.certificate is None
    assert [] == trained.events(ErasureCertified)
    assert any("retrain the whole model" in step for step in owed(trained))
    trained.check()


def test_certified_once_it_is_deleted(trained):
    """On the owner's word, for a model that is not in models/."""
    _, weights = train_whole(trained)
    erase(trained)
    erased = erase(trained, delete_models=True)
    document = json.loads(erased.certificate.read_bytes())

    assert [weights] == document["whole_models_deleted"]
    assert ["file_deletion"] == [
        one.method for one in trained.events(WeightsDeleted) if weights in one.weights
    ]
    assert [] == owed(trained)
    trained.check()


def test_deleted_models_are_not_planned_again(trained):
    """What an earlier erasure deleted is gone for all."""
    train_whole(trained)
    erase(trained, delete_models=True)
    erase(trained, "dan")
    plans = [len(one.whole) for one in trained.events(ErasurePlanned)]

    assert [1, 0] == plans
    trained.check()


def test_interim_measures_are_not_erasure(trained):
    """They are on record with their evidence; a certificate does not come of them."""
    train_whole(trained)
    erased = erase(trained)
    sha256 = answer(
        trained,
        "measure",
        erased.erasure_id,
        "output_filter",
        evidence=b"a filter of answers",
        until_ms=NOW_MS + 1,
    )
    [again] = trained.finish()

    assert again.certificate is None
    assert "output_filter is an interim measure, not erasure" in trained.said
    with trained.open() as workspace:
        assert b"a filter of answers" == workspace.evidence.get(sha256)
    trained.check()


def test_status_marks_the_model_and_the_measure(trained):
    """Nobody reads `open` and takes a filter for an erasure."""
    _, weights = train_whole(trained)
    erased = erase(trained)
    answer(
        trained,
        "measure",
        erased.erasure_id,
        "deferral",
        evidence=b"why",
        until_ms=NOW_MS,
    )
    state = erasure_of(trained, erased.erasure_id)
    line = erasure_line(erasure_facts(erased.erasure_id, state, NOW_MS))

    assert f"MODEL {weights[:16]} SAW THEM: whole model, full retrain, 1000" in line
    assert "interim, not erasure: deferral" in line


def test_no_measure_before_the_plan_or_after_the_end(trained):
    """Before, nothing is erased; after, there is nothing left to bridge."""
    erased = erase(trained, "dan")

    with pytest.raises(ConflictError, match="is certified"):
        answer(
            trained,
            "measure",
            erased.erasure_id,
            "deferral",
            evidence=b"why",
            until_ms=NOW_MS,
        )
    assert [] == trained.events(MeasureTaken)
