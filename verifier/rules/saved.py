"""What a run saves besides its slices, and its privacy: XEV-25."""

from typing import NoReturn

from verifier.findings import Code
from verifier.rules.resumed import refuse_resumed
from verifier.rules.state import Handler, History, digest, refuse
from verifier.rules.training import running
from verifier.rules.weights import SNAPSHOT
from verifier.schema.lines import Event

# A chance of 1, in 10^-9, and one in 10^-12.
_RATE_PPB_MAX, _DELTA_PPT_MAX = 10**9, 10**12
# Gaussian noise gives no epsilon at a delta of 0. Source: Dwork and Roth 2014,
# appendix A, doi:10.1561/0400000042.
_POSITIVE = ("noise_multiplier_ppm", "clip_norm_ppm", "sample_rate_ppb", "delta_ppt")


def _saved(state: History, event: Event, _at: int) -> None:
    run = running(state, event)
    if run.shard_map is not None:
        refuse_resumed("a snapshot of a run without a map", event["run_id"])
    expected = run.batches, run.sums[0]
    found = int(event["batches"]), int(event["steps"])
    if found != expected:
        refuse_resumed(
            "{} batches and {} steps so far".format(*expected),
            "{} and {}".format(*found),
        )
    state.index.weights.save(digest(event, "weights_sha256"), SNAPSHOT, run.at)


def _accounted(state: History, event: Event, _at: int) -> None:
    run = running(state, event)
    shard, slice_ = int(event["shard"]), int(event["slice"])
    if run.shard_map is None or shard not in run.shards:
        _refuse("a shard of the run", shard)
    if slice_ >= run.shard_map.slices:
        _refuse(f"a slice below {run.shard_map.slices}", slice_)
    if not state.index.weights.close_privacy(run.at, shard, slice_):
        _refuse(
            "one account of a slice in a run, before its slice_trained",
            f"another of shard {shard}, slice {slice_}",
        )
    steps = run.by_slice.get((shard, slice_), [0])[0]
    if int(event["steps"]) != steps:
        _refuse(f"the {steps} steps that were metered for the slice", event["steps"])
    for name in _POSITIVE:
        if event[name] == b"0":
            _refuse(f"{name} above 0", 0)
    for name, most in (
        ("sample_rate_ppb", _RATE_PPB_MAX),
        ("delta_ppt", _DELTA_PPT_MAX),
    ):
        if int(event[name]) > most:
            _refuse(f"{name} at most {most}", event[name])


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.PRIVACY, 25, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {
    "training.snapshot_saved.v1": _saved,
    "training.privacy_accounted.v1": _accounted,
}
