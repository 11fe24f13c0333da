"""Events against the verifier's rules, one at a time and as bulk."""

import re

from tests.simulator import encode
from verifier.doubt import Doubt
from verifier.findings import Violation
from verifier.rules import BULK, HANDLERS
from verifier.rules.register import Licence
from verifier.rules.sources import NOTHING
from verifier.rules.state import Erasure, History, Run, ShardMap
from verifier.schema.model_tables import FLOP_FIELDS

A, B, C = "aa" * 16, "bb" * 16, "cc" * 16
ONE, TWO = "11" * 32, "22" * 32
POLICY, RESEARCH = b"99" * 32, b"88" * 32
OPEN, CLOSED = "0a" * 16, "0b" * 16
HELD = 0, 2**50
"""From when to when a licence holds, unless a test is about that."""
OLD, LISTED = "0c" * 16, "0d" * 16


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


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


def add_weights(state: History, weights: str, **place) -> None:
    values = {"map_number": 0, "shard": 0, "slice_": 0, "at": 20, "run_at": 10}
    state.index.weights.add(raw(weights), **values | place)


def add_scan(state: History, scan: str, status: str, *, at: int = 40) -> None:
    """A scan of site A, by event `at`; those of the history are by events 1, 2 ..."""
    state.index.add_scan(raw(scan), (status, raw(A)))
    state.index.sources.scanned(raw(scan), at)


def cite(state: History, record: str, *, scan: str = "", licence: str = "") -> None:
    """A record's decision cited these."""
    state.index.sources.cite(raw(record), raw(scan) or NOTHING, raw(licence) or NOTHING)


AFRESH = {"reexecutable": True, "resumes_run_id": "", "resumes_sha256": ""}
"""What a run says that goes on from no other."""

FLOP = dict.fromkeys(FLOP_FIELDS, "0")
END = FLOP | {"completeness": "complete", "reasons": []}


def gathered(events: list[dict], name: str = "training.steps_metered"):
    """The gist of a bulk of events."""
    rules = BULK[f"{name}.v1"]
    narrower = dict(rules.narrower)
    rows: list[list[bytes]] = []
    for event in events:
        row: list[bytes] = []
        for field in rules.fields:
            value = event[field]
            written = value.encode() if isinstance(value, str) else encode(value)
            if field in narrower:
                is_narrow = re.fullmatch(narrower[field].json().encode(), written)
                row += [written, b""] if is_narrow else [b"", written]
            else:
                row.append(written)
        rows.append(row)
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


def decided(**changes) -> dict:
    event = {
        "record_id": C,
        "dataset_id": "",
        "decision": "accepted",
        "policy_sha256": POLICY.decode(),
        "licence": "CC0-1.0",
        "licence_id": "",
        "scan_id": A,
        "eu_basis": "tdm_article_4",
        "uk_basis": "public_domain",
        "sensitive": [],
        "action": "none",
        "commitment": ONE,
    }
    return event | changes


def grant(state: History) -> None:
    train_in_eu = frozenset({"train", "commercial"}), frozenset(), frozenset({"eu"})
    add = state.index.register.add_licence
    add(raw(A), Licence("content", *train_in_eu, frozenset({raw(A)}), *HELD))
    add(raw(C), Licence("content", *train_in_eu, frozenset({raw(B)}), *HELD))
