"""The shards projection: live records, weights, pending retrains."""

from ledger.projections import rebuild
from ledger.projections.shards import Shard, ShardsState

from .builders import (
    assigned,
    declared,
    digest,
    erased,
    finished,
    ident,
    quarantined,
    record,
    retrained,
    rolled_back,
    saved,
    started,
    weights_deleted,
)

TRAINED = (
    declared(),
    assigned("a", 0, 0),
    assigned("b", 0, 1),
    assigned("c", 1, 1),
    started(),
    saved(shard=0, slice_=0),
    saved(shard=0, slice_=1),
    saved(shard=1, slice_=1),
    finished(batches=0, adapters={0: "run-0-1", 1: "run-1-1"}),
)
"""Two shards of two slices, trained and served."""


def folded(*events) -> ShardsState:
    return rebuild(record(events))["shards"]


def shard(state: ShardsState, number: int = 0) -> Shard:
    current = state.current()
    assert current is not None
    return current.by_shard[number]


def test_live_records_by_slice():
    """An assignment adds one live record to its slice."""
    state = folded(declared(), assigned("a", 0, 1), assigned("b", 0, 1))

    assert {1: 2} == shard(state).live


def test_training_is_served_when_the_run_finishes():
    """Slices are saved one by one; the finished run's adapter is served."""
    part = shard(folded(*TRAINED))

    assert {0: digest("run-0-0"), 1: digest("run-0-1")} == part.slices
    assert (digest("run-0-1"), "8.0", 0) == (
        part.served_sha256,
        part.served_by,
        part.generation,
    )


def test_an_erasure_hits_only_its_shard():
    """The shard of the record needs a retrain, by the event that erased; no other."""
    state = folded(*TRAINED, erased("b"))

    assert {ident("erasure"): "9.0"} == shard(state, 0).needs_retrain
    assert {} == shard(state, 1).needs_retrain
    assert {0: 1, 1: 0} == shard(state).live
    assert {ident("b"): "9.0"} == state.erased


def test_an_erasure_taints_its_slice_and_those_above():
    """Slice 1 saw slice 1's records, slice 0 did not."""
    part = shard(folded(*TRAINED, erased("b")))

    assert [("", 0), ("9.0", 1)] == [(w.tainted_by, w.slice) for w in part.saved]
    assert {0: digest("run-0-0")} == part.slices


def test_an_untrained_shard_needs_no_retrain():
    """Where no weights saw the record, forgetting it is enough."""
    state = folded(declared(), assigned("a", 0, 0), erased("a"))

    assert {} == shard(state).needs_retrain


def test_a_rolled_back_shard_serves_the_clean_weights():
    """Until the retrain, the last clean slice is served and the need stays."""
    part = shard(folded(*TRAINED, erased("b"), rolled_back(0, "run-0-0")))

    assert (digest("run-0-0"), "10.0") == (part.served_sha256, part.served_by)
    assert part.needs_retrain


def test_a_retrain_clears_the_need_of_its_own_erasure():
    """Two erasures hit one shard; each is cleared by its own retrain."""
    part = shard(
        folded(
            *TRAINED,
            erased("a", erasure="first"),
            erased("b", erasure="second"),
            started("retrain", purpose="retrain", generation=1),
            saved("retrain", slice_=1, generation=1, weights="new"),
            finished("retrain", batches=0, adapters={0: "new"}),
            retrained(0, after="new", erasure="first"),
        )
    )

    assert {ident("second"): "10.0"} == part.needs_retrain
    assert (digest("new"), 1) == (part.served_sha256, part.generation)


def test_a_plain_training_clears_no_need():
    """Another training may have gone on from tainted weights."""
    part = shard(
        folded(*TRAINED, erased("b"), started("again"), finished("again", batches=0))
    )

    assert part.needs_retrain


def test_a_retrain_without_a_recorded_start_is_placed_by_its_erasure():
    """The erasure's own hits say which map's shard is meant."""
    part = shard(folded(*TRAINED, erased("b"), retrained(0, run="lost", after="new")))

    assert (digest("new"), {}) == (part.served_sha256, part.needs_retrain)


def test_a_shard_with_nothing_clean_serves_nothing():
    """Rolled back to no weights of its own, the shard is out of service."""
    part = shard(folded(*TRAINED, erased("a"), rolled_back(0, "")))

    assert "" == part.served_sha256


def test_a_map_is_declared_once():
    """A second declaration of the same map changes nothing."""
    state = folded(*TRAINED, declared(shards=9))

    assert ["9.0"] == state.contradictions
    assert 2 == state.maps[ident("map")].shards


def test_deleted_weights_are_marked():
    """Weights that are gone say which event deleted them."""
    part = shard(folded(*TRAINED, erased("b"), weights_deleted("run-0-1")))

    assert ["", "10.0"] == [weights.deleted_by for weights in part.saved]


def test_an_older_map_still_answers_to_erasures():
    """A new map does not make the weights of the old one forget."""
    state = folded(*TRAINED, declared("second"), erased("b"))

    assert ident("second") == state.current_map
    assert state.maps[ident("map")].by_shard[0].needs_retrain


def test_assignments_that_do_not_fit_are_contradictions():
    """Outside the map, twice, without a map, or of an erased record: listed only."""
    state = folded(
        declared(),
        assigned("a", 2, 0),
        assigned("a", 0, 2),
        assigned("a", map_="other"),
        assigned("a"),
        assigned("a", 1, 1),
        erased("a"),
        assigned("a"),
    )

    assert ["1.0", "2.0", "3.0", "5.0", "7.0"] == state.contradictions
    assert {0: 0} == shard(state).live


def test_a_quarantined_record_is_trained_on_no_more():
    """It keeps its place, for what saw it and for its erasure."""
    state = folded(*TRAINED, quarantined("a"))

    assert {0: 0, 1: 1} == shard(state).live
    assert state.places[ident("a")][ident("map")].shard == 0
    assert {ident("a"): "9.0"} == state.quarantined


def test_nothing_goes_on_from_weights_that_saw_it():
    """From its slice on there is no clean start; what is served stays."""
    part = shard(folded(*TRAINED, quarantined("b")))

    assert {0: digest("run-0-0")} == part.slices
    assert (digest("run-0-1"), {}) == (part.served_sha256, part.needs_retrain)


def test_weights_in_service_that_saw_it_are_marked():
    """By the event that took it out, until others serve; other shards are not."""
    state = folded(*TRAINED, quarantined("b"))

    assert ("9.0", "") == (shard(state).stale_since(), shard(state, 1).stale_since())
    later = (started("next"), saved(run="next", shard=0, slice_=1))
    again = finished("next", batches=0, adapters={0: "next-0-1"})
    assert "" == shard(folded(*TRAINED, quarantined("b"), *later, again)).stale_since()


def test_a_record_that_came_after_the_training_marks_nothing():
    """The weights in service never saw it."""
    state = folded(*TRAINED, assigned("d", 0, 0), quarantined("d"))

    assert "" == shard(state).stale_since()


def test_a_quarantined_record_is_erased_once():
    """It left the live records when it was quarantined."""
    part = shard(folded(*TRAINED, quarantined("b"), erased("b")))

    assert {0: 1, 1: 0} == part.live
    assert ["10.0"] == [*part.needs_retrain.values()]


def test_a_quarantined_record_is_never_placed():
    """Neither for the first time nor in another map."""
    state = folded(
        declared(), quarantined("a"), assigned("a"), declared("other"), assigned("b")
    )

    assert (["2.0"], [ident("b")]) == (
        state.contradictions,
        [*state.places],
    )


def test_quarantined_twice_or_after_its_erasure():
    """The first word stands."""
    state = folded(
        *TRAINED, quarantined("a"), quarantined("a"), erased("b"), quarantined("b")
    )

    assert ({0: 0, 1: 0}, ["10.0", "12.0"]) == (shard(state).live, state.contradictions)
