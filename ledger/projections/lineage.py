"""Which runs a model's weights descend from, and what they cost together."""

from collections.abc import Iterable

from ledger.projections.compute import ComputeState, Flop


def surviving(state: ComputeState) -> set[str]:
    """Runs whose compute is in some finished model.

    These are the finished runs, and every failed or open run that one of them went on
    from, directly or over others.
    """
    finished = [key for key, run in state.runs.items() if run.status == "finished"]
    return ancestors(state, finished)


def ancestors(state: ComputeState, run_ids: Iterable[str]) -> set[str]:
    """The runs `run_ids` and all that they descend from in this ledger."""
    seen: set[str] = set()
    waiting = list(run_ids)
    while waiting:
        run_id = waiting.pop()
        if run_id not in seen:
            seen.add(run_id)
            waiting.extend(state.runs[run_id].parents)
    return seen


def total(state: ComputeState, run_ids: Iterable[str]) -> Flop:
    """FLOP by phase over some runs, each once."""
    result = Flop()
    for run_id in set(run_ids):
        result.add(state.runs[run_id].flop)
    return result


def unfinished(state: ComputeState) -> list[str]:
    """Runs that neither finished nor failed, in order of their start."""
    return [run_id for run_id, run in state.runs.items() if run.status == "open"]
