"""Erasures: XEV-13 to XEV-16, XEV-17 where weights are served, and XEV-22."""

import json
from typing import NoReturn

from verifier.findings import Code
from verifier.rules.erasure_request import find, refuse_order
from verifier.rules.state import Erasure, Handler, History, digest, refuse
from verifier.rules.training import check_usable
from verifier.schema.lines import Event

# An erasure's events in the order of docs/events.md (XEV-13).
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
_ONCE = ("planned", "certified")
_LEFT = ("records_readable", "blobs_left", "residue")


def _advance(state: History, event: Event, name: str) -> Erasure:
    """Return the erasure of an event, moved on to the event's stage."""
    erasure = find(state, event, name)
    stage = STAGES.index(name)
    if stage < erasure.stage or (stage == erasure.stage and name in _ONCE):
        refuse_order(f"nothing but what follows {STAGES[erasure.stage]}", name)
    if erasure.records_planned is None and name != "planned":
        refuse_order("planned", name)
    erasure.stage = stage
    return erasure


def _planned(state: History, event: Event, _at: int) -> None:
    if find(state, event, "planned").restricted:
        refuse_order("the restriction lifted", "planned")
    erasure = _advance(state, event, "planned")
    erasure.records_planned = int(event["records"])
    erasure.whole = {
        bytes.fromhex(one["weights_sha256"]) for one in json.loads(event["whole"])
    }
    state.condemned |= erasure.whole
    for hit in json.loads(event["hits"]):
        first = erasure.hits.get(hit["shard"], hit["slice_first"])
        erasure.hits[hit["shard"]] = min(first, hit["slice_first"])


def _records_erased(state: History, event: Event, at: int) -> None:
    erasure = _advance(state, event, "records_erased")
    if erasure.erased_at is None:
        erasure.erased_at = at
    for record_id in json.loads(event["record_ids"]):
        record = bytes.fromhex(record_id)
        index = state.index
        if not index.commitment(record) and not index.is_quarantined(record):
            refuse(
                Code.RECORDS_ERASED,
                14,
                expected="an accepted record that was not erased before",
                found=record_id,
            )
        for shard, slice_ in state.index.erase(record):
            if erasure.hits.get(shard, slice_ + 1) > slice_:
                refuse(
                    Code.RECORDS_ERASED,
                    14,
                    expected=f"a hit of shard {shard} from slice {slice_} on",
                    found=f"hits {sorted(erasure.hits.items())}",
                )
        erasure.records_erased += 1


def _rolled_back(state: History, event: Event, _at: int) -> None:
    erasure = find(state, event, "rolled_back")
    if not erasure.restricted:
        _advance(state, event, "rolled_back")
    check_usable(state, digest(event, "weights_sha256"), "served")


def _keys_destroyed(state: History, event: Event, at: int) -> None:
    erasure = _advance(state, event, "keys_destroyed")
    erasure.keys_destroyed = True
    if erasure.erased_at is None:
        erasure.erased_at = at
    if erasure.records_erased != erasure.records_planned:
        refuse(
            Code.RECORDS_ERASED,
            14,
            expected=f"the plan's {erasure.records_planned} records erased before",
            found=erasure.records_erased,
        )


def _shard_retrained(state: History, event: Event, _at: int) -> None:
    erasure = _advance(state, event, "shard_retrained")
    shard, weights = int(event["shard"]), digest(event, "weights_after_sha256")
    erasure.retrained.add(shard)
    run = state.runs.get(digest(event, "run_id"))
    if (
        run is None
        or run.ended != "run_finished"
        or run.purpose != "retrain"
        or run.erasure_id != digest(event, "erasure_id")
        or run.adapters.get(shard) != weights
    ):
        refuse(
            Code.SHARD_RETRAINED,
            16,
            expected="a finished retraining of this erasure with these weights",
            found=f"run {event['run_id'].decode()}, weights {weights.hex()}",
        )
    tokens = sum(cost[1] for at, cost in run.by_slice.items() if at[0] == shard)
    if int(event["tokens"]) != tokens:
        refuse(
            Code.SHARD_RETRAINED,
            16,
            expected=f"the {tokens} tokens that the run metered for the shard",
            found=event["tokens"],
        )
    check_usable(state, weights, "served")


def _weights_deleted(state: History, event: Event, _at: int) -> None:
    _advance(state, event, "weights_deleted")
    for weights in json.loads(event["weights"]):
        state.index.weights.delete(bytes.fromhex(weights))


def _verified(state: History, event: Event, _at: int) -> None:
    erasure = _advance(state, event, "verified")
    counts = [int(event[name]) for name in _LEFT]
    erasure.verified_clean = not any(counts)


def _measure_taken(state: History, event: Event, _at: int) -> None:
    _check_planned(state, event, "measure_taken")


def _recipients_notified(state: History, event: Event, _at: int) -> None:
    _check_planned(state, event, "recipients_notified")
    known = int(event["recipients"])
    dealt_with = int(event["notified"]) + int(event["impossible"])
    if dealt_with > known:
        refuse_order(f"at most {known} recipients notified or not", dealt_with)


def _lines_redacted(state: History, event: Event, _at: int) -> None:
    """Check the cause; which lines are named is taken note of before (XEV-22)."""
    erasure_id = digest(event, "erasure_id")
    if (event["reason"] == b"erasure") != bool(erasure_id):
        _refuse_redaction("an erasure_id exactly for the reason erasure", erasure_id)
    if erasure_id and erasure_id not in state.erasures:
        _refuse_redaction("an erasure that was requested", event["erasure_id"])


def _refuse_redaction(expected: str, found: object) -> NoReturn:
    refuse(Code.REDACTION, 22, expected=expected, found=found)


def _check_planned(state: History, event: Event, name: str) -> None:
    """Check an event that may come at any time after the plan."""
    if find(state, event, name).records_planned is None:
        refuse_order("planned", name)


def _certified(state: History, event: Event, _at: int) -> None:
    erasure = _advance(state, event, "certified")
    erasure.certified = True
    if not erasure.keys_destroyed:
        _refuse_certificate("keys_destroyed", "none")
    if erasure.retrained != set(erasure.hits):
        _refuse_certificate(
            f"shards {sorted(erasure.hits)} retrained", sorted(erasure.retrained)
        )
    if not erasure.verified_clean:
        _refuse_certificate("nothing readable, left or found", "otherwise")
    for weights in sorted(erasure.whole):
        if not state.index.weights.is_deleted(weights):
            _refuse_certificate("the weights of whole models deleted", weights.hex())
    before = erasure.erased_at or 0
    for shard, first in erasure.hits.items():
        left = state.index.weights.undeleted(
            shard=shard, slice_first=first, before=before
        )
        if left is not None:
            _refuse_certificate(f"the old weights of shard {shard} deleted", left.hex())
        merged = state.index.models.undeleted(
            shard=shard, slice_first=first, before=before
        )
        if merged is not None:
            _refuse_certificate(
                f"what shard {shard} was merged into deleted", merged.hex()
            )


def _refuse_certificate(expected: str, found: object) -> NoReturn:
    refuse(Code.CERTIFICATE, 15, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {
    "erasure.planned.v1": _planned,
    "erasure.records_erased.v1": _records_erased,
    "erasure.rolled_back.v1": _rolled_back,
    "erasure.keys_destroyed.v1": _keys_destroyed,
    "erasure.shard_retrained.v1": _shard_retrained,
    "erasure.weights_deleted.v1": _weights_deleted,
    "erasure.measure_taken.v1": _measure_taken,
    "erasure.recipients_notified.v1": _recipients_notified,
    "erasure.verified.v1": _verified,
    "erasure.certified.v1": _certified,
    "erasure.lines_redacted.v1": _lines_redacted,
}
