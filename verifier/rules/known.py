"""What is said of models beside their runs: XEV-26."""

import json
from typing import NoReturn

from verifier.findings import Code
from verifier.rules.evaluated import check_outcome
from verifier.rules.state import Handler, History, Run, digest, refuse
from verifier.schema.lines import Event

# Operations of a forward and a backward pass for each parameter and token.
# Source: Kaplan and others 2020, section 2.1, arXiv:2001.08361.
_SIX = 6


def check_new(state: History, event: Event, name: str) -> None:
    """Check that an id occurs once.

    Raises:
        Violation: XEV-26.
    """
    if not state.index.models.add_id(name, digest(event, name)):
        _refuse(f"a {name} that occurs once", event[name])


def _evaluated(state: History, event: Event, _at: int) -> None:
    check_new(state, event, "evaluation_id")
    run = _run_of(state, event)
    listed = [bytes.fromhex(weights) for weights in json.loads(event["weights"])]
    known = state.index.weights
    own = [known.is_of_run(weights, run.at) for weights in listed]
    for weights, is_own in zip(listed, own, strict=True):
        if not is_own and (
            run.shard_map is None or not known.is_of_map(weights, run.shard_map.number)
        ):
            _refuse("weights of the run, or of others under its map", weights.hex())
    if not any(own):
        _refuse("some weights of the run", "none")
    check_outcome(state, event)


def _replayed(state: History, event: Event, _at: int) -> None:
    check_new(state, event, "replay_id")
    run, weights = _run_of(state, event), digest(event, "weights_sha256")
    shard, slice_ = int(event["shard"]), int(event["slice"])
    if not state.index.weights.is_of_slice(
        weights, run_at=run.at, shard=shard, slice_=slice_
    ):
        _refuse(
            f"weights that the run trained slice {slice_} of shard {shard} to",
            weights.hex(),
        )


def _attested(state: History, event: Event, _at: int) -> None:
    check_new(state, event, "attestation_id")
    if event["trained_run"]:
        _run_of(state, event)


def _hosted(state: History, event: Event, _at: int) -> None:
    check_new(state, event, "hosted_id")
    if bool(event["flop"]) == (event["estimate"] == b"none"):
        _refuse("a flop exactly where there is an estimate", event["flop"] or "none")
    if event["estimate"] == b"six_n_d":
        expected = _SIX * int(event["parameters"] or 0) * int(event["tokens_billed"])
        if not event["parameters"] or int(event["flop"]) != expected:
            _refuse(f"6 times parameters times tokens, {expected}", event["flop"])
    if bool(event["base_flop"]) == (event["base_flop_source"] == b"unknown"):
        _refuse(
            "a base_flop exactly where its source is known",
            event["base_flop"] or "none",
        )


def _run_of(state: History, event: Event) -> Run:
    run = state.runs.get(digest(event, "trained_run"))
    if run is None:
        _refuse("a run that was started", event["trained_run"])
    return run


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.MODEL_SAID, 26, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {
    "model.evaluated.v1": _evaluated,
    "model.replayed.v1": _replayed,
    "model.compute_attested.v1": _attested,
    "model.hosted_run_recorded.v1": _hosted,
}
