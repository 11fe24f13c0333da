"""Compute in the status: resumed trainings, and figures that were not measured here."""

from typing import Any

import msgspec

from ledger.projections import lineage
from ledger.projections.compute import ComputeState


def compute_facts(state: ComputeState) -> dict[str, Any]:
    """Trainings with all that goes on from them, and what others state.

    `executed_flop` is every phase of every run of a training; `surviving_flop` is that
    without the steps that a resumed run computed again.
    """
    return {
        "trainings": [_training(state, chain) for chain in lineage.chains(state)],
        "hosted": [
            {"hosted_id": hosted_id, "grade": "estimated", **msgspec.to_builtins(one)}
            for hosted_id, one in state.hosted.items()
        ],
        "attested": [
            {"grade": "attested", **msgspec.to_builtins(one)} for one in state.attested
        ],
    }


def _training(state: ComputeState, chain: list[str]) -> dict[str, Any]:
    executed = lineage.total(state, chain).executed()
    surviving = lineage.contributed(state, chain).executed()
    last = state.runs[chain[-1]]
    return {
        "runs": chain,
        "model": last.model_name,
        "status": last.status,
        "executed_flop": str(executed),
        "surviving_flop": str(surviving),
        "redone_flop": str(executed - surviving),
        "is_complete": not any(state.runs[run_id].faults for run_id in chain),
    }


def compute_lines(document: dict[str, Any]) -> list[str]:
    """Trainings that were resumed, and what others state, for a person."""
    return [
        *(
            f"resumed    {' > '.join(one['runs'])}: executed "
            f"{_flop(one['executed_flop'])}, surviving {_flop(one['surviving_flop'])}"
            for one in document["trainings"]
            if len(one["runs"]) > 1
        ),
        *(
            f"hosted     {one['hosted_id']} {one['model_name']}: "
            f"{one['vendor']} {one['vendor_base']}, {one['objective']}, "
            f"{one['tokens_billed']} tokens billed, "
            f"{_flop(one['flop'])} ({_how(one['estimate'])})"
            for one in document["hosted"]
        ),
        *(
            f"attested   {one['model_name']}: {_flop(one['flop'])} by {one['source']}, "
            f"file {one['file_sha256'][:16]}; not measured"
            for one in document["attested"]
        ),
    ]


def estimated_lines(model: dict[str, Any]) -> list[str]:
    """What a model's figures leave out."""
    if not model["estimated_from"]:
        return []
    return [
        (
            f"           an estimated part is not in these figures: "
            f"{_flop(model['estimated_flop'])}, hosted "
            f"{', '.join(model['estimated_from'])}"
        )
    ]


def hosted_line(one: dict[str, Any]) -> str:
    """The one-third rule for a vendor's training."""
    beside = len(one["measured_runs"]) + len(one["estimated_from"])
    note = f"; {beside} trainings below it are not in it" if beside else ""
    return (
        f"model      {one['model_name']}: one-third rule {one['outcome']} by an "
        f"estimate (limit {one['limit'] or 'none'}; event {one['event_id']}{note})"
    )


def _flop(text: str) -> str:
    return f"{float(text):.3g} FLOP" if text else "FLOP not known"


def _how(estimate: str) -> str:
    return {
        "none": "no estimate",
        "six_n_d": "estimated as 6 N D",
        "vendor_stated": "as the vendor states",
    }[estimate]
