"""What a run goes on from: XEV-25 at its start."""

from typing import NoReturn

from verifier.findings import Code
from verifier.rules.state import History, Run, digest, refuse
from verifier.schema.lines import Event


def check_resumed(state: History, event: Event, run: Run) -> None:
    """Check what a starting run says that it goes on from, and take it over.

    Args:
        state: the history before it.
        event: `training.run_started.v1`.
        run: the run, as far as that event alone says.

    Raises:
        Violation: XEV-25.
    """
    if run.shard_map is not None and event["reexecutable"] != b"true":
        refuse_resumed("reexecutable true for a run with a map", event["reexecutable"])
    snapshot = digest(event, "resumes_sha256")
    if not event["resumes_run_id"]:
        if snapshot:
            refuse_resumed("no resumes_sha256 without a resumes_run_id", snapshot.hex())
        return
    resumed = state.runs.get(digest(event, "resumes_run_id"))
    if resumed is None or resumed.ended != "run_failed":
        refuse_resumed("an earlier run that failed", event["resumes_run_id"])
    if resumed.is_resumed:
        refuse_resumed("a run that no other resumes", event["resumes_run_id"])
    resumed.is_resumed = True
    same = (resumed.shard_map, resumed.shards, resumed.base)
    if same != (run.shard_map, run.shards, run.base):
        refuse_resumed("map, shards and base of the run that it resumes", "others")
    # What it trained to the end is finished with by whoever goes on (XEV-12). It is
    # moved: a chain of many runs must not hold as many copies.
    run.trained, resumed.trained = resumed.trained, {}
    if run.shard_map is not None:
        if snapshot:
            refuse_resumed("no resumes_sha256 for a run with a map", snapshot.hex())
    elif not state.index.weights.is_snapshot(snapshot, resumed.at):
        refuse_resumed(
            "a snapshot of the run that it resumes", snapshot.hex() or "none"
        )


def refuse_resumed(expected: str, found: object) -> NoReturn:
    """Raise the violation of XEV-25."""
    refuse(Code.RESUMED, 25, expected=expected, found=found)
