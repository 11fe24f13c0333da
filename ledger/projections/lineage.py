"""Which runs a model's weights descend from, and what they cost together.

A lineage may span platforms: a run may start from what a vendor trained, and a vendor
from what was trained here. The links between the two are names, for no digest spans
them.
"""

from collections.abc import Collection, Iterable

from ledger.projections.compute_state import ComputeState, Flop, Run


def surviving(state: ComputeState) -> set[str]:
    """Runs whose compute is in some finished model.

    These are the finished runs, and every failed or open run that one of them went on
    from, directly or over others.
    """
    finished = [key for key, run in state.runs.items() if run.status == "finished"]
    return ancestors(state, finished)


def ancestors(state: ComputeState, run_ids: Iterable[str]) -> set[str]:
    """The runs `run_ids` and all that they descend from in this ledger."""
    return _walk(state, run_ids, ())[0]


def hosted_in(state: ComputeState, run_ids: Iterable[str]) -> set[str]:
    """The vendors' trainings that some runs descend from, by id."""
    return _walk(state, run_ids, ())[1]


def below_hosted(state: ComputeState, hosted_id: str) -> tuple[set[str], set[str]]:
    """What a vendor's training descends from: runs here, and vendors' others."""
    runs, hosted = _walk(state, (), (hosted_id,))
    return runs, hosted - {hosted_id}


def total(state: ComputeState, run_ids: Iterable[str]) -> Flop:
    """FLOP by phase that some runs executed, each once."""
    result = Flop()
    for run_id in set(run_ids):
        result.add(state.runs[run_id].flop)
    return result


def contributed(state: ComputeState, run_ids: Collection[str]) -> Flop:
    """FLOP by phase of some runs without what a resumed run computed again.

    A run that another one of them goes on from counts as far as that one starts: so a
    training that was stopped and resumed counts as one that ran through.
    """
    result = Flop()
    wanted = set(run_ids)
    for run_id in wanted:
        run = state.runs[run_id]
        is_resumed = run.resumed_by in wanted
        result.add(_survived(state, run) if is_resumed else run.flop)
    return result


def chains(state: ComputeState) -> list[list[str]]:
    """Every run with those that go on from it, in order of the first one's start."""
    found = []
    for run_id, run in state.runs.items():
        if run.resumes not in state.runs:
            chain = [run_id]
            while after := state.runs[chain[-1]].resumed_by:
                chain.append(after)
            found.append(chain)
    return found


def unfinished(state: ComputeState) -> list[str]:
    """Runs that neither finished nor failed, in order of their start."""
    return [run_id for run_id, run in state.runs.items() if run.status == "open"]


def _survived(state: ComputeState, run: Run) -> Flop:
    """What of a run is in the one that goes on from it."""
    after = state.runs[run.resumed_by]
    if not run.is_sharded:
        return run.snapshots.get(after.resumed_from, Flop())
    again = set()
    while True:
        again.update(after.trained)
        if not after.resumed_by:
            break
        after = state.runs[after.resumed_by]
    result = Flop()
    for place in set(run.trained) - again:
        result.add(run.by_place.get(place, Flop()))
    return result


def _walk(
    state: ComputeState, run_ids: Iterable[str], hosted_ids: Iterable[str]
) -> tuple[set[str], set[str]]:
    """All runs and vendors' trainings below these, themselves included."""
    runs: set[str] = set()
    hosted: set[str] = set()
    waiting, waiting_hosted = list(run_ids), list(hosted_ids)
    while waiting or waiting_hosted:
        if waiting:
            run_id = waiting.pop()
            if run_id not in runs:
                runs.add(run_id)
                run = state.runs[run_id]
                waiting += run.parents
                if run.base.name != run.model_name:
                    waiting_hosted += _hosted_as(state, run.base.name)
            continue
        hosted_id = waiting_hosted.pop()
        if hosted_id not in hosted:
            hosted.add(hosted_id)
            base = state.hosted[hosted_id].vendor_base
            waiting_hosted += _hosted_as(state, base)
            waiting += [
                run_id
                for run_id, run in state.runs.items()
                if run.model_name == base and run.status == "finished"
            ]
    return runs, hosted


def _hosted_as(state: ComputeState, name: str) -> list[str]:
    """The vendors' trainings whose result is called so here, or at the vendor."""
    return [
        hosted_id
        for hosted_id, one in state.hosted.items()
        if name in {one.model_name, one.vendor_model}
    ]
