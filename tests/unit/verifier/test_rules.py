"""Rules across events, one at a time: what they refuse, and what they leave behind."""

from contextlib import closing
from dataclasses import fields

import pytest

from tests.simulator import encode
from verifier.doubt import Doubt
from verifier.findings import Violation
from verifier.format.tree import leaf_hash, root_of_leaves
from verifier.rules import BULK, HANDLERS, training
from verifier.rules.index import Index
from verifier.rules.register import Licence
from verifier.rules.state import Erasure, History, Run, ShardMap
from verifier.schema.model_tables import FLOP_FIELDS

A, B, C = "aa" * 16, "bb" * 16, "cc" * 16
ONE, TWO = "11" * 32, "22" * 32
POLICY = b"99" * 32


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.fixture
def state():
    """A policy, two accepted records of a map with two shards and three slices."""
    with closing(Index()) as index:
        state = History(index)
        state.policies[POLICY] = frozenset({"eu", "uk"})
        state.maps[raw(A)] = ShardMap(0, 2, 3)
        index.add_site(raw(A))
        index.add_scan(raw(A), ("allowed", raw(A)))
        index.add_record(raw(A), raw(ONE))
        index.add_record(raw(B), raw(TWO))
        yield state


def tell(state: History, name: str, at: int = 50, **values) -> str:
    """Code and rule of what an event is refused for, empty where it is not."""
    event = {}
    for field, value in values.items():
        is_text = isinstance(value, str)
        event[field] = value.encode() if is_text else encode(value)
    try:
        HANDLERS[f"{name}.v1"](state, event, at)
    except Violation as violation:
        return f"{violation.code.name} {violation.rule}"
    return ""


def begin_run(state: History, **changes) -> Run:
    """A run of both shards that goes on."""
    values = {
        "at": 10,
        "shard_map": ShardMap(0, 2, 3),
        "shards": frozenset({0, 1}),
        "purpose": "train",
        "erasure_id": b"",
        "base": b"",
        "generation": 1,
        "assigned": 0,
    }
    run = state.runs[raw(A)] = Run(**values | changes)
    return run


def begin_erasure(state: History, **changes) -> Erasure:
    """An erasure of one record that hits shard 1 from slice 1 on."""
    values = {"stage": 1, "records_planned": 1, "hits": {1: 1}} | changes
    erasure = state.erasures[raw(A)] = Erasure(**values)
    return erasure


STAGES = (
    "requested",
    "planned",
    "records_erased",
    "rolled_back",
    "keys_destroyed",
    "shard_retrained",
    "weights_deleted",
    "verified",
    "certified",
)
DETAILS = {
    "requested": {},
    "planned": {"records": 1, "hits": []},
    "records_erased": {"record_ids": [A]},
    "rolled_back": {"weights_sha256": ""},
    "keys_destroyed": {},
    "weights_deleted": {"weights": []},
    "verified": {"records_readable": 0, "blobs_left": 0},
    "certified": {},
}


def test_erasure_is_requested_once(state):
    """It begins with nothing planned or done (XEV-13)."""
    nothing = (0, None, {}, 0, None, False, set(), False)

    assert "" == tell(state, "erasure.requested", erasure_id=A)
    assert nothing == tuple(
        getattr(state.erasures[raw(A)], field.name) for field in fields(Erasure)
    )
    assert "ERASURE_ORDER XEV-13" == tell(state, "erasure.requested", erasure_id=A)


@pytest.mark.parametrize("name", [name for name in DETAILS if name != "requested"])
def test_stage_of_no_erasure(state, name):
    """Each follows a request (XEV-13)."""
    assert "ERASURE_ORDER XEV-13" == tell(
        state, f"erasure.{name}", erasure_id=A, **DETAILS[name]
    )


@pytest.mark.parametrize("name", DETAILS)
@pytest.mark.parametrize("stage", range(9))
def test_order_of_stages(state, name, stage):
    """Nothing goes back; a plan and a certificate come once (XEV-13)."""
    begin_erasure(state, stage=stage, hits={}, keys_destroyed=True, verified_clean=True)
    if name == "keys_destroyed":
        state.erasures[raw(A)].records_erased = 1
    place = STAGES.index(name)
    is_once = name in ("planned", "certified")
    is_late = name == "requested" or place < stage or (is_once and place == stage)
    told = tell(state, f"erasure.{name}", erasure_id=A, **DETAILS[name])

    assert ("ERASURE_ORDER XEV-13" if is_late else "") == told
    assert (stage if is_late else place) == state.erasures[raw(A)].stage


@pytest.mark.parametrize("name", [n for n in DETAILS if n not in STAGES[:2]])
def test_stage_before_the_plan(state, name):
    """Nothing is done without a plan (XEV-13)."""
    begin_erasure(state, stage=0, records_planned=None)

    assert "ERASURE_ORDER XEV-13" == tell(
        state, f"erasure.{name}", erasure_id=A, **DETAILS[name]
    )


def test_plan(state):
    """It says how many records, and the first slice of each shard that is hit."""
    erasure = begin_erasure(state, stage=0, records_planned=None, hits={})
    hits = [{"shard": 1, "slice_first": n} for n in (2, 1, 3)]
    hits.append({"shard": 0, "slice_first": 4})
    told = tell(state, "erasure.planned", erasure_id=A, records=7, hits=hits)

    assert ("", 7, {0: 4, 1: 1}) == (told, erasure.records_planned, erasure.hits)


def test_time_of_an_erasure(state):
    """It is that of its first event that erased something."""
    erasure = begin_erasure(state, records_planned=2, hits={})
    tell(state, "erasure.records_erased", 70, erasure_id=A, record_ids=[A])
    tell(state, "erasure.records_erased", 80, erasure_id=A, record_ids=[B])

    assert "" == tell(state, "erasure.keys_destroyed", 90, erasure_id=A)
    assert (70, 2, True) == (
        erasure.erased_at,
        erasure.records_erased,
        erasure.keys_destroyed,
    )


def test_time_of_an_erasure_of_no_record(state):
    """It is that of the destruction of its keys."""
    erasure = begin_erasure(state, records_planned=0, hits={})

    assert "" == tell(state, "erasure.keys_destroyed", 90, erasure_id=A)
    assert 90 == erasure.erased_at


@pytest.mark.parametrize(("record", "told"), [(A, ""), (C, "RECORDS_ERASED XEV-14")])
def test_record_is_erased(state, record, told):
    """Only an accepted one, and only once (XEV-14)."""
    begin_erasure(state, hits={})
    event = {"erasure_id": A, "record_ids": [record]}

    assert told == tell(state, "erasure.records_erased", **event)
    assert "RECORDS_ERASED XEV-14" == tell(state, "erasure.records_erased", **event)


def test_quarantined_record_is_erased(state):
    """It has no commitment any more, and is erased all the same (XEV-14)."""
    begin_erasure(state, hits={})
    state.index.quarantine(raw(A))

    assert "" == tell(state, "erasure.records_erased", erasure_id=A, record_ids=[A])


@pytest.mark.parametrize(
    ("hits", "told"),
    [
        ({1: 1}, ""),
        ({1: 0}, ""),
        ({1: 2}, "RECORDS_ERASED XEV-14"),
        ({0: 0}, "RECORDS_ERASED XEV-14"),
    ],
)
def test_hits_of_an_erased_record(state, hits, told):
    """The plan hits the slice of each of its assignments, or one below (XEV-14)."""
    begin_erasure(state, hits=hits)
    state.index.assign((raw(A), 0, 1, 1, 5, raw(ONE)))
    add_weights(state, TWO, shard=1, slice_=1)

    assert told == tell(state, "erasure.records_erased", erasure_id=A, record_ids=[A])


def add_weights(state: History, weights: str, **place) -> None:
    values = {"map_number": 0, "shard": 0, "slice_": 0, "at": 20, "run_at": 10}
    state.index.weights.add(raw(weights), **values | place)


def test_keys_are_destroyed_after_all_records(state):
    """Not before the last one of the plan (XEV-14)."""
    begin_erasure(state)

    assert "RECORDS_ERASED XEV-14" == tell(
        state, "erasure.keys_destroyed", erasure_id=A
    )


@pytest.mark.parametrize(
    ("counts", "is_clean"),
    [((0, 0), True), ((1, 0), False), ((0, 1), False)],
    ids=["clean", "readable", "left"],
)
def test_check_of_an_erasure(state, counts, is_clean):
    """Clean is where nothing is readable and nothing left; the newest one counts."""
    erasure = begin_erasure(state, verified_clean=not is_clean)
    readable, left = counts
    tell(
        state,
        "erasure.verified",
        erasure_id=A,
        records_readable=readable,
        blobs_left=left,
    )

    assert is_clean == erasure.verified_clean


def retrain(state: History, **changes) -> Run:
    values = {"purpose": "retrain", "erasure_id": raw(A), "ended": "run_finished"}
    run = begin_run(state, **values | changes)
    run.adapters = {1: raw(TWO)}
    run.by_slice = {(0, 1): [1, 1], (1, 0): [2, 20], (1, 2): [3, 300]}
    return run


@pytest.mark.parametrize(
    ("changes", "more", "told"),
    [
        ({}, {}, ""),
        ({}, {"tokens": 319}, "SHARD_RETRAINED XEV-16"),
        ({}, {"tokens": 321}, "SHARD_RETRAINED XEV-16"),
        ({}, {"run_id": B}, "SHARD_RETRAINED XEV-16"),
        ({}, {"shard": 0, "tokens": 1}, "SHARD_RETRAINED XEV-16"),
        ({}, {"weights_after_sha256": ONE}, "SHARD_RETRAINED XEV-16"),
        ({"ended": ""}, {}, "SHARD_RETRAINED XEV-16"),
        ({"ended": "run_failed"}, {}, "SHARD_RETRAINED XEV-16"),
        ({"purpose": "train"}, {}, "SHARD_RETRAINED XEV-16"),
        ({"erasure_id": raw(B)}, {}, "SHARD_RETRAINED XEV-16"),
    ],
    ids=str,
)
def test_retrained_shard(state, changes, more, told):
    """By a finished retraining of this erasure, with its tokens (XEV-16)."""
    erasure = begin_erasure(state)
    retrain(state, **changes)
    event = {"erasure_id": A, "run_id": A, "shard": 1, "tokens": 320}
    event |= {"weights_after_sha256": TWO} | more

    assert told == tell(state, "erasure.shard_retrained", **event)
    assert {event["shard"]} == erasure.retrained


@pytest.mark.parametrize("how", ["deleted", "tainted"])
def test_weights_that_must_not_be_used(state, how):
    """What is deleted or saw an erased record is neither served nor trained on."""
    if how == "deleted":
        state.index.weights.delete(raw(TWO))
    else:
        state.index.assign((raw(B), 0, 0, 0, 5, raw(TWO)))
        add_weights(state, TWO)
        state.index.erase(raw(B))
    begin_erasure(state, stage=3)
    retrain(state)
    back = {"erasure_id": A, "weights_sha256": TWO}
    after = {"erasure_id": A, "run_id": A, "shard": 1, "tokens": 320}

    assert ["WEIGHTS_DELETED XEV-17"] * 2 == [
        tell(state, "erasure.rolled_back", **back),
        tell(state, "erasure.shard_retrained", weights_after_sha256=TWO, **after),
    ]


def test_deleted_weights(state):
    """All that the event lists are deleted, and no others."""
    begin_erasure(state)
    tell(state, "erasure.weights_deleted", erasure_id=A, weights=[ONE])

    assert [True, False] == [
        state.index.weights.is_deleted(raw(one)) for one in (ONE, TWO)
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"keys_destroyed": False}, "CERTIFICATE XEV-15"),
        ({"verified_clean": False}, "CERTIFICATE XEV-15"),
        ({"retrained": set()}, "CERTIFICATE XEV-15"),
        ({"retrained": {0, 1}}, "CERTIFICATE XEV-15"),
        ({"hits": {1: 0}}, "CERTIFICATE XEV-15"),
        ({"hits": {1: 1, 0: 0}, "retrained": {0, 1}}, ""),
        ({"erased_at": 21}, ""),
        ({"erased_at": 31}, "CERTIFICATE XEV-15"),
    ],
    ids=str,
)
def test_certificate(state, changes, told):
    """Keys destroyed, shards retrained, old weights deleted, and a clean check."""
    values = {"keys_destroyed": True, "verified_clean": True, "retrained": {1}}
    begin_erasure(state, **values | {"erased_at": 30} | changes)
    add_weights(state, ONE, shard=1, slice_=0)
    add_weights(state, TWO, shard=1, slice_=1)
    add_weights(state, "33" * 32, shard=1, slice_=1, at=30)
    state.index.weights.delete(raw(TWO))

    assert told == tell(state, "erasure.certified", erasure_id=A)


FLOP = dict.fromkeys(FLOP_FIELDS, "0")
BATCH = {
    "run_id": A,
    "batch": 2,
    "shard": 1,
    "slice": 2,
    "step_first": 7,
    "steps": 5,
    "tokens": 2 * 3 * 4 + 5 * 6 * 1,
    "shapes": [
        {"batch": 2, "sequence": 3, "steps": 4},
        {"batch": 5, "sequence": 6, "steps": 1},
    ],
    **FLOP,
}


def going(state: History, **changes) -> Run:
    """A run with two batches of seven steps."""
    return begin_run(state, batches=2, sums=[7, *[0] * 9], **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"batch": 1},
        {"batch": 3},
        {"step_first": 6},
        {"step_first": 8},
        {"steps": 4},
        {"steps": 6},
        {"tokens": 53},
        {"tokens": 55},
        {"shard": 2},
        {"slice": 3},
    ],
    ids=str,
)
def test_batch_that_does_not_follow(state, changes):
    """Numbers, steps and tokens follow from the run so far and the shapes (XEV-9)."""
    going(state)

    assert "METERING XEV-9" == tell(state, "training.steps_metered", **BATCH | changes)


def test_batch(state):
    """It is added to the sums, and to those of its slice."""
    run = going(state)
    flop = {name: str(number) for number, name in enumerate(FLOP_FIELDS, 1)}

    assert "" == tell(state, "training.steps_metered", **BATCH | flop)
    assert (3, [12, 54, *range(1, 9)]) == (run.batches, run.sums)
    assert {(1, 2): [5, 54]} == run.by_slice


@pytest.mark.parametrize(
    ("shard", "slice_", "told"),
    [(0, 0, ""), (1, 0, "METERING XEV-9"), (0, 1, "METERING XEV-9")],
)
def test_batch_of_a_run_without_shards(state, shard, slice_, told):
    """All of it is slice 0 of shard 0 (XEV-9)."""
    going(state, shard_map=None, shards=frozenset())
    event = BATCH | {"shard": shard, "slice": slice_}

    assert told == tell(state, "training.steps_metered", **event)


def batches(count: int = 2, **changes) -> list[dict]:
    """Batches that follow one another, the first with changes."""
    found = []
    for number in range(count):
        later = {"batch": 2 + number, "step_first": 7 + 5 * number}
        found.append(BATCH | later)
    found[0].update(changes)
    return found


def gathered(events: list[dict], name: str = "training.steps_metered"):
    """The gist of a bulk of events."""
    rules = BULK[f"{name}.v1"]
    rows = [
        [
            event[field].encode()
            if isinstance(event[field], str)
            else encode(event[field])
            for field in rules.fields
        ]
        for event in events
    ]
    return rules.gather(*zip(*rows, strict=True))


def apply(state: History, gist, name: str = "training.steps_metered") -> None:
    BULK[f"{name}.v1"].apply(state, gist, 50)


def is_doubtful(state: History, events: list[dict], name: str) -> bool:
    """Whether a bulk of events is left to the plain pass."""
    gist = gathered(events, name)
    try:
        return gist is None or apply(state, gist, name) is not None
    except (Doubt, Violation):
        return True


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bulk_of_batches(state, count):
    """Together they do what they do one after the other, bulk after bulk."""
    events = batches(6, shard=0, flop_forward="9")
    single = going(state)
    for event in events:
        assert "" == tell(state, "training.steps_metered", **event)
    together = going(state)
    for first in range(0, 6, count):
        apply(state, gathered(events[first : first + count]))

    assert single == together
    assert {(0, 2): [5, 54], (1, 2): [25, 270]} == together.by_slice


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": B},
        {"batch": 1},
        {"step_first": 6},
        {"steps": 4},
        {"tokens": 53},
        {"shapes": []},
    ],
    ids=str,
)
def test_bulk_of_batches_that_do_not_follow(changes):
    """Where one does not follow from the others, there is no gist."""
    assert gathered(batches()) is not None
    assert None is gathered(batches(**changes))


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"ended": "run_failed"}, {}),
        ({"batches": 1}, {}),
        ({"sums": [6, *[0] * 9]}, {}),
        ({}, {"shard": 2}),
        ({}, {"slice": 3}),
        ({"shard_map": None, "shards": frozenset()}, {"slice": 1, "shard": 0}),
        ({"shard_map": None, "shards": frozenset()}, {"slice": 0, "shard": 1}),
    ],
    ids=str,
)
def test_bulk_of_batches_that_the_run_does_not_fit(state, changes, event):
    """A batch that the run refuses is a reason to doubt."""
    run = going(state)
    for name, value in changes.items():
        setattr(run, name, value)
    gist = gathered([one | event for one in batches()])

    with pytest.raises(Doubt):
        apply(state, gist)


def test_bulk_of_batches_of_no_run(state):
    """So is a run that never began."""
    with pytest.raises(Doubt):
        apply(state, gathered(batches()))


def test_bulk_of_batches_without_shards(state):
    """All of them are slice 0 of shard 0."""
    run = going(state, shard_map=None, shards=frozenset())
    apply(state, gathered([one | {"shard": 0, "slice": 0} for one in batches()]))

    assert {(0, 0): [10, 108]} == run.by_slice


START = {
    "run_id": A,
    "purpose": "train",
    "erasure_id": "",
    "base_sha256": "",
    "map_id": A,
    "shards": [0, 1],
    "slices": 3,
    "generation": 4,
}


def test_start_of_a_run(state):
    """What it says is kept, and how much was assigned before."""
    state.index.assign((raw(A), 0, 0, 0, 5, raw(ONE)))

    assert "" == tell(state, "training.run_started", 60, **START)
    assert state.runs[raw(A)] == Run(
        at=60,
        shard_map=ShardMap(0, 2, 3),
        shards=frozenset({0, 1}),
        purpose="train",
        erasure_id=b"",
        base=b"",
        generation=4,
        assigned=1,
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"erasure_id": A}, "RUN_LIFE XEV-8"),
        ({"purpose": "retrain"}, "RUN_LIFE XEV-8"),
        ({"purpose": "retrain", "erasure_id": B}, "RUN_LIFE XEV-8"),
        ({"purpose": "retrain", "erasure_id": A}, ""),
        ({"map_id": B}, "RUN_LIFE XEV-8"),
        ({"map_id": ""}, "RUN_LIFE XEV-8"),
        ({"map_id": "", "shards": []}, "RUN_LIFE XEV-8"),
        ({"map_id": "", "slices": 0}, "RUN_LIFE XEV-8"),
        ({"map_id": "", "shards": [], "slices": 0}, ""),
        ({"shards": [2]}, "RUN_LIFE XEV-8"),
        ({"shards": [0, 2]}, "RUN_LIFE XEV-8"),
        ({"shards": []}, ""),
        ({"slices": 2}, "RUN_LIFE XEV-8"),
        ({"slices": 4}, "RUN_LIFE XEV-8"),
        ({"base_sha256": ONE}, ""),
        ({"base_sha256": TWO}, "WEIGHTS_DELETED XEV-17"),
    ],
    ids=str,
)
def test_terms_of_a_start(state, changes, told):
    """Erasure, map and weights are those that are there (XEV-8, XEV-17)."""
    begin_erasure(state)
    state.index.weights.delete(raw(TWO))

    assert told == tell(state, "training.run_started", **START | changes)


def test_run_starts_once(state):
    """And ends once: nothing follows it (XEV-8)."""
    tell(state, "training.run_started", **START)
    end = {"run_id": A, "batches": 0}

    assert "RUN_LIFE XEV-8" == tell(state, "training.run_started", **START)
    assert "" == tell(state, "training.run_failed", **end)
    assert "run_failed" == state.runs[raw(A)].ended
    assert "RUN_LIFE XEV-8" == tell(state, "training.run_failed", **end)


@pytest.mark.parametrize("batches_", [1, 3])
def test_end_counts_the_batches(state, batches_):
    """As many as were metered (XEV-10)."""
    begin_run(state, batches=2)

    assert "RUN_TOTALS XEV-10" == tell(
        state, "training.run_failed", run_id=A, batches=batches_
    )


def end(state: History, adapters: list[tuple[int, str]], **changes) -> str:
    listed = [{"shard": s, "weights_sha256": weights} for s, weights in adapters]
    event = {"run_id": A, "batches": 0, "steps": 0, "tokens": 0, **FLOP}
    return tell(state, "training.run_finished", **event | changes, adapters=listed)


@pytest.mark.parametrize("name", ["steps", "tokens", *FLOP_FIELDS])
def test_end_adds_up(state, name):
    """Each amount is the sum over the batches (XEV-10)."""
    begin_run(state, shards=frozenset())

    assert "RUN_TOTALS XEV-10" == end(state, [], **{name: "1"})


@pytest.mark.parametrize(
    ("adapters", "told"),
    [
        ([(0, ONE), (1, TWO)], ""),
        ([(1, TWO), (0, ONE)], ""),
        ([(0, ONE)], "ADAPTERS XEV-12"),
        ([(0, ONE), (1, ONE)], "ADAPTERS XEV-12"),
        ([(0, ONE), (1, TWO), (1, TWO)], "ADAPTERS XEV-12"),
        ([(0, ONE), (1, TWO), (2, TWO)], "ADAPTERS XEV-12"),
    ],
)
def test_adapters_of_a_run(state, adapters, told):
    """For each shard once the weights of its last slice (XEV-12)."""
    run = begin_run(state, trained={0: raw(ONE), 1: raw(TWO)})

    assert told == end(state, adapters)
    assert {shard: raw(weights) for shard, weights in adapters} == run.adapters


def test_adapters_of_shards_that_were_not_trained(state):
    """Each shard of the run must be among them (XEV-12)."""
    begin_run(state, trained={0: raw(ONE)})

    assert "ADAPTERS XEV-12" == end(state, [(0, ONE)])


@pytest.mark.parametrize(("shard", "told"), [(0, ""), (1, "ADAPTERS XEV-12")])
def test_adapters_of_a_run_without_shards(state, shard, told):
    """All of them are shard 0 (XEV-12)."""
    begin_run(state, shard_map=None, shards=frozenset())

    assert told == end(state, [(shard, ONE)])


def test_finished_with_deleted_weights(state):
    """They are in use again (XEV-17)."""
    begin_run(state, shard_map=None, shards=frozenset())
    state.index.weights.delete(raw(ONE))

    assert "WEIGHTS_DELETED XEV-17" == end(state, [(0, TWO), (0, ONE)])


def train(state: History, **changes) -> str:
    """A slice is trained on record A, which is in slice 1 of shard 1."""
    state.index.assign((raw(A), 0, 1, 1, 5, raw(ONE)))
    state.index.assign((raw(B), 0, 1, 2, 6, raw(TWO)))
    add_weights(state, TWO, shard=1, slice_=0)
    run = state.runs.get(raw(A)) or begin_run(state)
    run.by_slice = {(1, 1): [5, 54]}
    event = {
        "run_id": A,
        "shard": 1,
        "slice": 1,
        "generation": 1,
        "parent_sha256": TWO,
        "weights_sha256": "33" * 32,
        "records": 1,
        "records_root": leaf_hash(raw(ONE)).hex(),
        "steps": 5,
        "tokens": 54,
    }
    return tell(state, "training.slice_trained", 70, **event | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"shard": 2},
        {"slice": 3},
        {"generation": 0},
        {"generation": 2},
        {"parent_sha256": ONE},
        {"records": 0},
        {"records": 2},
        {"records_root": ONE},
        {"steps": 4},
        {"steps": 6},
        {"tokens": 53},
        {"tokens": 55},
        {"slice": 0},
    ],
    ids=str,
)
def test_slice_that_is_another(state, changes):
    """Place, records, costs and parent follow from what was before (XEV-11)."""
    assert "SLICE_TRAINED XEV-11" == train(state, **changes)


def test_trained_slice(state):
    """Its weights are known from then on, by their place and their run's time."""
    assert "" == train(state)
    assert raw("33" * 32) == state.index.weights.newest(map_number=0, shard=1, slice_=1)
    assert {} == state.runs[raw(A)].trained
    assert [(1, 1)] == state.index.erase(raw(A))


def test_last_slice(state):
    """Its weights are those of the shard."""
    run = begin_run(state)
    add_weights(state, TWO, shard=1, slice_=1)
    both = root_of_leaves([leaf_hash(raw(ONE)), leaf_hash(raw(TWO))]).hex()
    last = {"slice": 2, "records": 2, "records_root": both, "steps": 0, "tokens": 0}

    assert "" == train(state, **last)
    assert {1: raw("33" * 32)} == run.trained


def test_slice_above_the_last(state):
    """It is no slice of the map, though all that it says would fit (XEV-11)."""
    add_weights(state, TWO, shard=1, slice_=2)
    both = root_of_leaves([leaf_hash(raw(ONE)), leaf_hash(raw(TWO))]).hex()
    above = {"slice": 3, "records": 2, "records_root": both, "steps": 0, "tokens": 0}

    assert "SLICE_TRAINED XEV-11" == train(state, **above)


def test_first_slice_follows_the_base(state):
    """Slice 0 begins from the weights that the run began from (XEV-11)."""
    run = begin_run(state, base=raw(ONE))
    empty = root_of_leaves([]).hex()
    first = {"slice": 0, "records": 0, "records_root": empty, "steps": 0, "tokens": 0}

    assert "" == train(state, parent_sha256=ONE, **first)
    assert "SLICE_TRAINED XEV-11" == train(state, parent_sha256=TWO, **first)
    assert {} == run.trained


def test_slice_of_a_run_without_shards(state):
    """It has no slices (XEV-11)."""
    begin_run(state, shard_map=None, shards=frozenset())

    assert "SLICE_TRAINED XEV-11" == train(state, shard=0)


def test_slice_from_deleted_weights(state):
    """Its parent is in use (XEV-17)."""
    state.index.weights.delete(raw(TWO))

    assert "WEIGHTS_DELETED XEV-17" == train(state)


@pytest.mark.parametrize("most", [0, 1, 2, 100])
def test_records_are_counted_in_any_memory(state, monkeypatch, most):
    """However many leaves are kept, number and root are the same."""
    monkeypatch.setattr(training, "STOCK_MAX", most)

    assert "" == train(state)
    assert most == 0 or len(state.stock) == min(2, most + 1)


@pytest.mark.parametrize(("most", "kept"), [(1, 1), (2, 1), (3, 3)])
def test_counts_in_memory(state, monkeypatch, most, kept):
    """Where there are as many as the limit, all of them give way to the next."""
    monkeypatch.setattr(training, "COUNTED_MAX", most)
    train(state)
    train(state, slice=0)
    train(state, shard=0, slice=0)

    assert kept == len(state.counted)


SCAN = {
    "scan_id": B,
    "site_id": A,
    "policy_sha256": POLICY.decode(),
    "http_status": 200,
    "access": "open",
    "channels": [],
    "verdict": "allowed",
    "reasons": [],
}
RESERVED = {"verdict": "reserved"}
UNKNOWN = {"verdict": "unknown", "reasons": ["not_open"]}
SCANS = [
    ({}, ""),
    ({"http_status": 299}, ""),
    ({"http_status": 199}, "SCAN_VERDICT XEV-4"),
    ({"http_status": 300}, "SCAN_VERDICT XEV-4"),
    ({"http_status": 199} | UNKNOWN, ""),
    ({"http_status": 300} | UNKNOWN, ""),
    (UNKNOWN, "SCAN_VERDICT XEV-4"),
    ({"access": "licensed"}, ""),
    ({"access": "paywall"}, "SCAN_VERDICT XEV-4"),
    ({"access": "paywall"} | UNKNOWN, ""),
    ({"channels": [{"verdict": "unknown"}]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [{"verdict": "unknown"}]} | UNKNOWN, ""),
    ({"channels": [{"verdict": "unknown"}, {"verdict": "reserved"}]} | UNKNOWN,
     "SCAN_VERDICT XEV-4"),
    ({"channels": [RESERVED], "verdict": "reserved", "reasons": ["noai"]}, ""),
    ({"channels": [RESERVED], "verdict": "reserved"},
     "SCAN_VERDICT XEV-4"),
    ({"reasons": ["noai"]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [{"verdict": "allowed", "stated": [
        {"usage": "train", "preference": "disallow"}]}]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [{"verdict": "allowed", "stated": [
        {"usage": "search", "preference": "disallow"}]}]}, ""),
    ({"site_id": B}, "SITE XEV-2"),
    ({"policy_sha256": ONE}, "POLICY_UNKNOWN XEV-1"),
    ({"scan_id": A}, "SCAN XEV-3"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "told"), SCANS, ids=str)
def test_scan(state, changes, told):
    """Its verdict is the strictest of its channels, and of how the page was read."""
    assert told == tell(state, "optout.url_scanned", **SCAN | changes)


@pytest.mark.parametrize(("changes", "told"), SCANS, ids=str)
def test_bulk_of_scans(state, changes, told):
    """A bulk doubts exactly where one of its scans is refused."""
    events = [SCAN | {"scan_id": C}, SCAN | changes]

    assert bool(told) == is_doubtful(state, events, "optout.url_scanned")


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        (["linked_rights", "terms_of_use"], "clearable"),
        (["unknown_dialect", "unknown_preference", "malformed_signal"], "clearable"),
        (["linked_rights", "not_open"], "unknown"),
    ],
)
def test_status_of_an_unknown_scan(state, reasons, status):
    """A person may clear it where a person may clear each of its reasons."""
    event = SCAN | UNKNOWN | {"reasons": reasons, "access": "login"}
    tell(state, "optout.url_scanned", **event)
    apply(state, gathered([event | {"scan_id": C}], "optout.url_scanned"),
          "optout.url_scanned")  # fmt: skip

    assert [(status, raw(A))] * 2 == [state.index.scan(raw(one)) for one in (B, C)]


def decided(**changes) -> dict:
    event = {
        "record_id": C,
        "decision": "accepted",
        "policy_sha256": POLICY.decode(),
        "licence_id": "",
        "scan_id": A,
        "eu_basis": "tdm_article_4",
        "uk_basis": "public_domain",
        "commitment": ONE,
    }
    return event | changes


NOT_ACCEPTED = {"decision": "blocked", "commitment": ""}
DECISIONS = [
    ({}, ""),
    ({"scan_id": "", "eu_basis": "public_domain"}, ""),
    ({"scan_id": B, "eu_basis": "public_domain"}, "SCAN XEV-3"),
    ({"scan_id": B}, "SCAN XEV-3"),
    ({"scan_id": ""}, "DECISION_BASIS XEV-6"),
    ({"policy_sha256": ONE}, "POLICY_UNKNOWN XEV-1"),
    ({"record_id": A}, "RECORD_DECIDED_TWICE XEV-5"),
    ({"commitment": ""}, "DECISION_BASIS XEV-6"),
    ({"decision": "blocked"}, "DECISION_BASIS XEV-6"),
    (NOT_ACCEPTED, ""),
    (NOT_ACCEPTED | {"uk_basis": "none"}, ""),
    ({"uk_basis": "none"}, "DECISION_BASIS XEV-6"),
    ({"eu_basis": "none"}, "DECISION_BASIS XEV-6"),
    ({"licence_id": B}, "LICENCE_USE XEV-19"),
    ({"licence_id": A}, ""),
    ({"licence_id": A, "eu_basis": "licence"}, ""),
    ({"licence_id": A, "uk_basis": "licence"}, "LICENCE_USE XEV-19"),
    ({"licence_id": C}, "LICENCE_USE XEV-19"),
]


def grant(state: History) -> None:
    train_in_eu = frozenset({"train", "commercial"}), frozenset(), frozenset({"eu"})
    add = state.index.register.add_licence
    add(raw(A), Licence("content", *train_in_eu, frozenset({raw(A)})))
    add(raw(C), Licence("content", *train_in_eu, frozenset({raw(B)})))


@pytest.mark.parametrize(("changes", "told"), DECISIONS, ids=str)
def test_decision(state, changes, told):
    """What a record was accepted on is there, and holds where the policy applies."""
    grant(state)

    assert told == tell(state, "ingest.record_decided", **decided(**changes))


@pytest.mark.parametrize("scan", ["reserved", "unknown", "clearable"])
def test_decision_on_a_scan_that_is_not_clear(state, scan):
    """Article 4 asks for one that is allowed, or was cleared (XEV-6)."""
    state.index.add_scan(raw(B), (scan, raw(A)))
    state.index.add_scan(raw(C), ("cleared", raw(A)))

    assert "DECISION_BASIS XEV-6" == tell(
        state, "ingest.record_decided", **decided(scan_id=B)
    )
    assert "" == tell(
        state, "ingest.record_decided", **decided(scan_id=C, record_id="dd" * 16)
    )


@pytest.mark.parametrize(("changes", "told"), DECISIONS, ids=str)
def test_bulk_of_decisions(state, changes, told):
    """A bulk doubts exactly where one of its decisions is refused."""
    grant(state)
    events = [decided(record_id="dd" * 16), decided(**changes)]

    assert bool(told) == is_doubtful(state, events, "ingest.record_decided")
    assert told or raw(ONE) == state.index.commitment(raw("dd" * 16))


ASSIGNED = {"map_id": A, "record_id": A, "shard": 1, "slice": 2}
ASSIGNMENTS = [
    ({}, ""),
    ({"map_id": B}, "ASSIGNMENT XEV-7"),
    ({"shard": 2}, "ASSIGNMENT XEV-7"),
    ({"slice": 3}, "ASSIGNMENT XEV-7"),
    ({"record_id": C}, "ASSIGNMENT XEV-7"),
    ({"record_id": B}, "ASSIGNMENT XEV-7"),
]


@pytest.mark.parametrize(("changes", "told"), ASSIGNMENTS, ids=str)
def test_assignment(state, changes, told):
    """Of an accepted record, once in a map, to a place that the map has (XEV-7)."""
    tell(state, "shards.record_assigned", **ASSIGNED | {"record_id": B})

    assert told == tell(state, "shards.record_assigned", **ASSIGNED | changes)


@pytest.mark.parametrize(("changes", "told"), ASSIGNMENTS, ids=str)
def test_bulk_of_assignments(state, changes, told):
    """A bulk doubts exactly where one of its assignments is refused."""
    events = [ASSIGNED | {"record_id": B}, ASSIGNED | changes]
    gist = gathered(events, "shards.record_assigned")
    try:
        apply(state, gist, "shards.record_assigned")
    except Doubt:
        assert told
    else:
        assert not told
        rows = state.index.stock(map_number=0, shard=1, before=52)
        assert [(2, raw(ONE)), (2, raw(TWO))] == list(rows)
        rows = state.index.stock(map_number=0, shard=1, before=51)
        assert [(2, raw(TWO))] == list(rows)


def test_assignment_of_a_quarantined_record(state):
    """It is told from one that never was accepted (XEV-20)."""
    state.index.quarantine(raw(A))

    assert "QUARANTINE XEV-20" == tell(state, "shards.record_assigned", **ASSIGNED)


def test_map(state):
    """Each gets the next number, and is declared once (XEV-7)."""
    event = {"map_id": B, "shards": 5, "slices": 6}

    assert "" == tell(state, "shards.map_declared", **event)
    assert ShardMap(1, 5, 6) == state.maps[raw(B)]
    assert "ASSIGNMENT XEV-7" == tell(state, "shards.map_declared", **event)


QUARANTINED = {"scan_id": B, "earlier_scan_id": A, "record_ids": [A]}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"scan_id": A, "earlier_scan_id": B}, "QUARANTINE XEV-20"),
        ({"scan_id": C}, "QUARANTINE XEV-20"),
        ({"earlier_scan_id": B}, "QUARANTINE XEV-20"),
        ({"earlier_scan_id": C}, "QUARANTINE XEV-20"),
        ({"record_ids": [C]}, "QUARANTINE XEV-20"),
        ({"record_ids": [A, A]}, "QUARANTINE XEV-20"),
    ],
    ids=str,
)
def test_quarantine(state, changes, told):
    """Of accepted records, for a scan after the one they rest on (XEV-20)."""
    state.index.add_scan(raw(B), ("reserved", raw(A)))

    assert told == tell(state, "optout.records_quarantined", **QUARANTINED | changes)


REVIEW = {"review_id": A, "scan_id": B, "outcome": "cleared",
          "decided_at_ms": 5, "expires_at_ms": 6}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "changes", "told", "after"),
    [
        ("clearable", {}, "", "cleared"),
        ("cleared", {}, "", "cleared"),
        ("clearable", {"outcome": "upheld"}, "", "clearable"),
        ("cleared", {"outcome": "upheld"}, "", "clearable"),
        ("unknown", {}, "REVIEW XEV-18", "unknown"),
        ("reserved", {}, "REVIEW XEV-18", "reserved"),
        ("clearable", {"expires_at_ms": 5}, "REVIEW XEV-18", "cleared"),
        ("clearable", {"scan_id": C}, "REVIEW XEV-18", "clearable"),
    ],
)
def test_review(state, status, changes, told, after):
    """Of a scan that a person may clear, for some time (XEV-18)."""
    state.index.add_scan(raw(B), (status, raw(A)))

    assert told == tell(state, "review.decided", **REVIEW | changes)
    assert (after, raw(A)) == state.index.scan(raw(B))
    assert "REVIEW XEV-18" == tell(state, "review.decided", **REVIEW)


GRANTED = {
    "licence_id": A,
    "covers": "content",
    "expression": "MIT",
    "text_sha256": "",
    "permits": ["train"],
    "conditions": [],
    "jurisdictions": ["eu"],
    "sites": [A],
    "overrides": [A],
    "model": "",
    "starts_at_ms": 5,
    "expires_at_ms": 6,
}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"expires_at_ms": 5}, "LICENCE XEV-19"),
        ({"expression": ""}, "LICENCE XEV-19"),
        ({"expression": "", "text_sha256": ONE}, ""),
        ({"text_sha256": ONE}, ""),
        ({"model": "m"}, "LICENCE XEV-19"),
        ({"covers": "model"}, "LICENCE XEV-19"),
        ({"covers": "model", "model": "m"}, ""),
        ({"sites": [A, B]}, "LICENCE XEV-19"),
        ({"overrides": [A, B]}, "LICENCE XEV-19"),
        ({"sites": [], "overrides": []}, ""),
    ],
    ids=str,
)
def test_licence(state, changes, told):
    """Of something, for some time, of sites and scans that are there (XEV-19)."""
    assert told == tell(state, "licence.granted", **GRANTED | changes)
    assert "LICENCE XEV-19" == tell(state, "licence.granted", **GRANTED)


def test_licence_is_revoked_once(state):
    """And only after it was granted (XEV-19)."""
    grant(state)

    assert ["LICENCE XEV-19", "", "LICENCE XEV-19"] == [
        tell(state, "licence.revoked", licence_id=one) for one in (B, A, A)
    ]


@pytest.mark.parametrize(
    ("changes", "scan", "told"),
    [
        ({}, A, ""),
        ({"covers": "model"}, A, "LICENCE_USE XEV-19"),
        ({"permits": frozenset({"commercial"})}, A, "LICENCE_USE XEV-19"),
        ({"permits": frozenset({"train"})}, A, "LICENCE_USE XEV-19"),
        ({"conditions": frozenset({"non_commercial"})}, A, "LICENCE_USE XEV-19"),
        ({"conditions": frozenset({"naming"})}, A, ""),
        ({"sites": frozenset()}, A, ""),
        ({"sites": frozenset({raw(B)})}, A, "LICENCE_USE XEV-19"),
        ({"sites": frozenset({raw(B)})}, "", ""),
        ({"jurisdictions": frozenset({"uk"})}, A, "LICENCE_USE XEV-19"),
    ],
    ids=str,
)
def test_use_of_a_licence(state, changes, scan, told):
    """For training, where it holds, and of the sites that it names (XEV-19)."""
    licence = Licence(
        covers="content",
        permits=frozenset({"train", "commercial"}),
        conditions=frozenset(),
        jurisdictions=frozenset({"eu"}),
        sites=frozenset({raw(A)}),
    )
    state.index.register.add_licence(raw(B), licence._replace(**changes))
    event = decided(licence_id=B, scan_id=scan, eu_basis="licence")

    assert told == tell(state, "ingest.record_decided", **event)


def test_site_is_registered_once(state):
    """And only its files are fetched (XEV-2)."""
    assert ["SITE XEV-2", "", "SITE XEV-2", ""] == [
        tell(state, name, site_id=B)
        for name in (
            "optout.policy_file_fetched",
            "optout.site_registered",
            "optout.site_registered",
            "optout.policy_file_fetched",
        )
    ]


def test_policy_says_where_it_applies(state):
    """The newest adoption of a policy counts."""
    for listed in (["uk"], ["eu"]):
        tell(state, "policy.adopted", policy_sha256=ONE, jurisdictions=listed)

    assert frozenset({"eu"}) == state.policies[ONE.encode()]
