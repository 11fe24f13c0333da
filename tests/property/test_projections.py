"""Projections are folds: persisted anywhere and continued, they end the same."""

import json
import tempfile
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events import decode_event, encode_event
from ledger.events.optout import PolicyFileFetched, SiteRegistered
from ledger.events.policy import PolicyAdopted
from ledger.log.views import Views
from ledger.projections import (
    PROJECTIONS,
    advance,
    begin,
    changes,
    document,
    rebuild,
    restore,
)
from ledger.projections.affected import affected
from ledger.projections.provider_status import decide
from ledger.projections.tables import Changes, Table
from ledger.projections.thresholds import band, exceeds
from ledger.projections.training_summary import draft
from tests.unit.projections import builders as make

FEW = st.integers(0, 2)
FLOP = st.integers(0, 10**26)
RUNS = st.sampled_from(["run", "second", "third"])
RECORDS = st.sampled_from(["a", "b", "c", "d"])
MAPS = st.sampled_from(["map", "other"])
ERASURES = st.sampled_from(["erasure", "later"])
WEIGHTS = st.sampled_from(["base", "w1", "w2", "w3"])
DIGESTS = WEIGHTS.map(make.digest)
MODELS = st.sampled_from(["acme", "acme-2"])

STARTED = st.builds(
    make.started,
    RUNS,
    purpose=st.sampled_from(["train", "retrain"]),
    model_name=MODELS,
    base_name=st.sampled_from(["base", "acme", "acme-2"]),
    base_sha256=st.one_of(DIGESTS, st.just("")),
    base_flop=st.one_of(FLOP.map(str), st.just("")),
    base_flop_estimable=st.booleans(),
    base_systemic_risk=st.booleans(),
    map_id=st.one_of(MAPS.map(make.ident), st.just("")),
)
DECIDED = st.builds(
    make.decided,
    RECORDS,
    decision=st.sampled_from(["accepted", "pending", "blocked"]),
    reasons=st.sampled_from([["licence"], ["scan_unknown", "basket"]]),
    source_kind=st.sampled_from(
        ["web", "licensed", "public_dataset", "user", "synthetic", "other"]
    ),
    scan_id=st.one_of(RECORDS.map(make.ident), st.just("")),
    licence_id=st.one_of(RECORDS.map(make.ident), st.just("")),
)
SCANNED = st.builds(
    make.scanned,
    RECORDS,
    site=RECORDS,
    verdict=st.sampled_from(["allowed", "reserved", "unknown"]),
    reasons=st.sampled_from([[], ["basket"], ["unreadable", "noai"]]),
    scanned_at_ms=st.integers(0, 2**53 - 1),
)
OTHERS = st.sampled_from(
    [
        SiteRegistered(site_id=make.ident("a"), commitment=make.digest("name")),
        PolicyFileFetched(
            site_id=make.ident("a"),
            channel="robots_txt",
            outcome="absent",
            http_status=404,
            body_sha256="",
            body_bytes=0,
            redirects=0,
            fetched_at_ms=0,
        ),
        PolicyAdopted(
            policy_sha256=make.digest("policy"),
            jurisdictions=["eu"],
            purpose="commercial",
            basket_version="2026-11-01",
            basket_relaxed=[],
        ),
    ]
)
EVENTS = st.one_of(
    STARTED,
    st.builds(make.metered, RUNS, FEW, forward=FLOP, rollout=FLOP),
    st.builds(
        make.saved,
        RUNS,
        shard=FEW,
        slice_=FEW,
        parent=WEIGHTS,
        weights=WEIGHTS,
        generation=FEW,
    ),
    st.builds(
        make.finished,
        RUNS,
        batches=FEW,
        adapters=st.dictionaries(FEW, WEIGHTS, min_size=1),
        forward=FLOP,
    ),
    st.builds(make.failed, RUNS, batches=FEW),
    st.builds(make.declared, MAPS),
    st.builds(make.assigned, RECORDS, FEW, FEW, map_=MAPS),
    DECIDED,
    SCANNED,
    OTHERS,
    st.builds(make.requested, ERASURES),
    st.builds(make.planned, ERASURES, records=FEW),
    st.builds(make.erased, RECORDS, RECORDS, erasure=ERASURES),
    st.builds(make.rolled_back, FEW, WEIGHTS, erasure=ERASURES),
    st.builds(make.keys_destroyed, ERASURES),
    st.builds(
        make.retrained, FEW, run=RUNS, before=WEIGHTS, after=WEIGHTS, erasure=ERASURES
    ),
    st.builds(make.weights_deleted, WEIGHTS, erasure=ERASURES),
    st.builds(make.verified, readable=FEW, erasure=ERASURES),
    st.builds(make.certified, ERASURES),
    st.builds(make.quarantined, RECORDS, RECORDS, scan=RECORDS, earlier=RECORDS),
    st.builds(
        make.reviewed,
        RECORDS,
        scan=RECORDS,
        outcome=st.sampled_from(["cleared", "upheld"]),
    ),
    st.builds(
        make.granted, RECORDS, sites=st.lists(RECORDS.map(make.ident), max_size=2)
    ),
    st.builds(make.revoked, RECORDS),
)
LEDGERS = st.lists(EVENTS, max_size=40)
NONE = {"all_of": Changes(gone=[], written=iter(()))}


@given(EVENTS)
def test_generated_events_obey_their_schema(event):
    """What the properties below are fed could stand in a ledger."""
    line = encode_event(event, salt="0" * 24)

    assert line == encode_event(decode_event(line), salt="0" * 24)


@given(LEDGERS, st.data())
def test_incremental_equals_rebuild(events, data):
    """Fold, persist as JSON at any point, load, go on: the same as from the start."""
    recorded = make.record(events)
    cut = data.draw(st.integers(0, len(recorded)))
    states = rebuild(recorded[:cut])
    kept = {
        projection.name: json.loads(
            json.dumps(projection.dump(states[projection.name]))
        )
        for projection in PROJECTIONS
    }
    loaded = {
        projection.name: projection.load(kept[projection.name])
        for projection in PROJECTIONS
    }

    assert rebuild(recorded) == advance(loaded, recorded[cut:])


def plain(states):
    """Every state as JSON, so that the order of its mappings counts too."""
    return json.dumps([one.dump(states[one.name]) for one in PROJECTIONS])


def follow(views, size, events):
    """Fold further events onto what the views file keeps; keep and return it."""
    snapshot = views.snapshot()
    seen = None if snapshot is None else views.cached(snapshot, "projections")
    states = begin() if seen is None else restore(json.loads(seen[1]), snapshot)
    states = advance(states, events)
    assert views.save_tables(
        "projections",
        size,
        document(states),
        changes(states),
        seen=seen,
        is_afresh=seen is None,
    )
    return states


@given(LEDGERS, st.data())
def test_tables_equal_rebuild(events, data):
    """Kept in the views file after each of three parts, the states are the same.

    So are those that are read back, in content and in order.
    """
    recorded = make.record(events)
    first, second = sorted(
        data.draw(st.tuples(*[st.integers(0, len(recorded))] * 2), label="cuts")
    )
    parts = (recorded[:first], recorded[first:second], recorded[second:], [])
    with tempfile.TemporaryDirectory() as folder:
        views = Views(Path(folder) / "acme.views")
        with closing(views):
            found = [
                plain(follow(views, size, part)) for size, part in enumerate(parts)
            ]

    ends = (first, second, len(recorded), len(recorded))
    assert [plain(rebuild(recorded[:end])) for end in ends] == found


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "delete", "keep", "again"]),
            st.sampled_from("abcd"),
            FEW,
        )
    )
)
def test_a_table_is_a_dict(steps):
    """Whatever is written, deleted and kept in between: content, order and length."""
    expected: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        views = Views(Path(folder) / "acme.views")
        with closing(views):
            views.save_tables("all", 0, 0, NONE, seen=None, is_afresh=True)
            table = Table("all_of", int, views.snapshot())
            for number, (step, key, value) in enumerate(steps):
                if step == "set":
                    expected[key] = table[key] = value
                elif step == "delete":
                    assert expected.pop(key, None) == table.pop(key, None)
                elif step == "again":
                    assert expected.setdefault(key, value) == table.setdefault(
                        key, value
                    )
                else:
                    seen = views.cached(views.snapshot(), "all")
                    changed = {"all_of": table.changes()}
                    assert views.save_tables(
                        "all", number, 0, changed, seen=seen, is_afresh=False
                    )
                    table = Table("all_of", int, views.snapshot())
                assert [*expected.items()] == [*table.items()]
                assert [*expected] == [*table]
                assert (len(expected), expected.get(key), key in expected) == (
                    len(table),
                    table.get(key),
                    key in table,
                )


@given(LEDGERS)
def test_dumps_are_deterministic(events):
    """The same events give the same bytes in the views file."""
    recorded = make.record(events)
    first, second = (
        json.dumps([p.dump(states[p.name]) for p in PROJECTIONS])
        for states in (rebuild(recorded), rebuild(recorded))
    )

    assert first == second


@given(LEDGERS)
def test_no_ledger_makes_a_no(events):
    """Whatever is recorded or left out, a draft never answers No by itself."""
    states = rebuild(make.record(events))
    status = decide(states["compute"])
    for model in status.models:
        summary = draft(
            model.model_name,
            sources=states["training_sources"],
            shards=states["shards"],
            compute=states["compute"],
            optout=states["optout"],
            status=status,
        )
        for field in summary.fields().values():
            assert field.value not in {"No", "no"}
            assert bool(field.value) == (field.status != "unknown")


@given(LEDGERS)
def test_live_counts_match_the_records(events):
    """The live count of each slice is the number of records that lie in it."""
    state = rebuild(make.record(events))["shards"]
    for map_id, shard_map in state.maps.items():
        counted: dict[tuple[int, int], int] = {}
        for places in state.places.values():
            if map_id in places:
                key = (places[map_id].shard, places[map_id].slice)
                counted[key] = counted.get(key, 0) + 1
        live = {
            (number, slice_): count
            for number, shard in shard_map.by_shard.items()
            for slice_, count in shard.live.items()
            if count
        }

        assert counted == live


@given(FLOP, FLOP)
def test_bands_agree_with_the_reported_value(value, base):
    """BELOW never goes with a value above a third, nor ABOVE with one at or below."""
    error = Fraction(3, 10)
    limit = Fraction(base, 3)
    found = band(value, limit, value_error=error, limit_error=error)

    assert (found, exceeds(value, limit)) not in {("BELOW", True), ("ABOVE", False)}
    assert (39 * value <= 7 * base) == (found == "BELOW")
    assert (21 * value > 13 * base) == (found == "ABOVE")


@given(LEDGERS, st.sets(RECORDS), st.sets(RECORDS))
def test_what_saw_two_sets_is_what_saw_either(events, some, others):
    """A set of records affects neither more nor less than its members do."""
    states = rebuild(make.record(events))
    one, two, both = (
        affected(states["shards"], states["compute"], [*map(make.ident, names)])
        for names in (some, others, some | others)
    )

    for part in ("shards", "runs", "weights", "served", "models"):
        found = {*getattr(one, part), *getattr(two, part)}
        assert found == {*getattr(both, part)}


def kinds(kind):
    """A type and all that it is made of."""
    yield kind
    for name in ("item_type", "key_type", "value_type"):
        if hasattr(kind, name):
            yield from kinds(getattr(kind, name))
    for part in getattr(kind, "types", ()):
        yield from kinds(part)
    for field in getattr(kind, "fields", ()):
        yield from kinds(field.type)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_no_state_holds_a_set(projection):
    """A set's order would tell a kept state from a rebuilt one; a dict's does not."""
    found = list(kinds(msgspec.inspect.type_info(projection.state)))

    assert not [
        one
        for one in found
        if isinstance(one, msgspec.inspect.SetType | msgspec.inspect.FrozenSetType)
    ]
