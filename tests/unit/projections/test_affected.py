"""What saw a set of records: directly, through weights, and through a base."""

from ledger.projections import rebuild
from ledger.projections.affected import Affected, affected

from .builders import (
    assigned,
    declared,
    digest,
    erased,
    failed,
    finished,
    ident,
    quarantined,
    record,
    saved,
    started,
    weights_deleted,
)

PLACED = (
    declared(),
    assigned("a", 0, 0),
    assigned("b", 0, 1),
    assigned("c", 1, 0),
)
TRAINED = (
    *PLACED,
    started(),
    saved(shard=0, slice_=0),
    saved(shard=0, slice_=1, parent="run-0-0"),
    saved(shard=1, slice_=0),
    saved(shard=1, slice_=1, parent="run-1-0"),
    finished(batches=0, adapters={0: "run-0-1", 1: "run-1-1"}),
)
"""Two shards of two slices, trained and served."""


def found(*events, of=("a",)) -> Affected:
    states = rebuild(record(events))
    names = [ident(name) for name in of]
    return affected(states["shards"], states["compute"], names)


def names(*weights):
    return tuple(digest(name) for name in weights)


def test_weights_from_the_slice_on():
    """A record is in its slice's weights and in those above, in its shard."""
    assert names("run-0-0", "run-0-1") == found(*TRAINED).weights
    assert names("run-0-1") == found(*TRAINED, of=["b"]).weights


def test_shards_runs_models_and_what_is_served():
    """Each is named once, whatever number of records it saw."""
    result = found(*TRAINED, of=["a", "b"])

    assert ((ident("map"), 0),) == result.shards
    assert ((ident("run"),), names("run-0-1")) == (result.runs, result.served)
    assert ("acme",) == result.models


def test_a_failed_run_made_no_model():
    """Its weights are there all the same."""
    result = found(*TRAINED[:-1], failed(batches=0))

    assert ((ident("run"),), ()) == (result.runs, result.models)


def test_a_run_that_had_started_before():
    """A run trains on what was placed before it."""
    late = found(*TRAINED, assigned("d", 0, 0), of=["d"])

    assert (((ident("map"), 0),), (), ()) == (late.shards, late.runs, late.weights)


def test_a_run_after_the_quarantine():
    """It trained without the record."""
    again = (started("later"), saved("later", shard=0, slice_=0))

    assert (
        names("run-0-0", "run-0-1") == found(*TRAINED, quarantined("a"), *again).weights
    )


def test_a_quarantine_does_not_clean_weights():
    """What saw the record before still did."""
    assert found(*TRAINED) == found(*TRAINED, quarantined("a"))


def test_weights_that_went_on_from_it():
    """Also in another shard, run and model."""
    onward = (
        started("later", model_name="acme-2"),
        saved("later", shard=1, slice_=1, parent="run-0-0"),
        finished("later", batches=0, adapters={1: "later-1-1"}),
    )
    result = found(*TRAINED, quarantined("a"), *onward)

    assert names("run-0-0", "run-0-1", "later-1-1") == result.weights
    assert ("acme", "acme-2") == result.models


def test_a_model_made_from_it():
    """A run whose base is one of the weights, with all that it saved."""
    onward = (
        started("later", base_sha256=digest("run-0-1"), model_name="acme-2"),
        saved("later", shard=1, slice_=0, parent="run-0-1"),
    )
    result = found(*TRAINED, *onward)

    assert (ident("run"), ident("later")) == result.runs
    assert names("run-0-0", "run-0-1", "later-1-0") == result.weights


def test_a_model_merged_from_it():
    """Merged weights are saved by no run: the base's name says what they are."""
    onward = (
        started(
            "later", base_name="acme", base_sha256=digest("merged"), model_name="acme-2"
        ),
        finished("later", batches=0, adapters={0: "later-0-0"}),
    )
    result = found(*TRAINED, *onward)

    assert (ident("run"), ident("later")) == result.runs
    assert digest("later-0-0") in result.weights


def test_deleted_weights_are_not_there_any_more():
    """But what went on from them is."""
    result = found(*TRAINED, weights_deleted("run-0-0"))

    assert names("run-0-1") == result.weights


def test_an_erased_record_has_no_place():
    """Its erasure's plan said what saw it."""
    assert Affected(shards=(), runs=(), weights=(), served=(), models=()) == found(
        *TRAINED, erased("a")
    )


def test_nothing_was_trained():
    """A record that no run saw affects its shard only."""
    result = found(*PLACED)

    assert (((ident("map"), 0),), (), ()) == (
        result.shards,
        result.weights,
        result.models,
    )
