"""A plan as plain values, and as text."""

from typing import Any

from producers.placement.bounded import DIMENSIONS
from producers.placement.plan import Plan, PlannedShard


def plan_document(plan: Plan, *, batch: int) -> dict[str, Any]:
    """A plan as plain values; bytes stand for tokens, and shares have no unit.

    Args:
        plan: what would be.
        batch: how many erasures are retrained together in the second figure.
    """
    slices = len(plan.shards[0].tokens)
    return {
        "shards": len(plan.shards),
        "slices": slices,
        "load_per_mille": plan.load_per_mille,
        "load": [_shard(plan, shard) for shard in plan.shards],
        "largest_unit": None
        if plan.largest is None
        else {
            "bytes": plan.largest.size,
            "erasures": plan.largest.erasures,
            "records": len(plan.largest.record_ids),
            "bytes_over_mean": _rounded(plan.largest.size / plan.mean("tokens")),
        },
        "units_larger_than_the_bound": [
            {
                "unit_id": unit.unit_id,
                "bytes": unit.size,
                "erasures": unit.erasures,
                "records": len(unit.record_ids),
            }
            for unit in plan.too_large
        ],
        "erasure_tokens": round(plan.cost.single()),
        "erasure_share": _rounded(plan.cost.single_share()),
        "erasure_share_if_even": _rounded(plan.expected),
        "batch": batch,
        "batch_share": _rounded(plan.cost.batch_share(batch)),
        "full_retrain_tokens": plan.cost.everything(),
        "training_factor": _rounded(plan.cost.training_factor()),
    }


def plan_text(document: dict[str, Any]) -> str:
    """A plan's document as lines."""
    shards, slices = document["shards"], document["slices"]
    bound = document["load_per_mille"] / 1000
    lines = [
        f"S = {shards}, R = {slices}, bound {bound:.2f} x the mean",
        "  shard  units       bytes  /mean  erasures  /mean",
    ]
    lines += [_line(number, load) for number, load in enumerate(document["load"])]
    largest = document["largest_unit"]
    if largest is not None:
        lines.append(
            f"  largest unit: {largest['records']} records, {largest['bytes']} bytes, "
            f"{largest['bytes_over_mean']:.2f} x a shard's mean"
        )
    lines += [
        f"  larger than the bound alone: unit {unit['unit_id']}, "
        f"{unit['records']} records, {unit['bytes']} bytes, "
        f"{unit['erasures']} expected erasures"
        for unit in document["units_larger_than_the_bound"]
    ]
    return "\n".join([*lines, *_costs(document)])


def _costs(document: dict[str, Any]) -> list[str]:
    whole = "of a full sharded retrain"
    one, even = document["erasure_share"], document["erasure_share_if_even"]
    tokens, full = document["erasure_tokens"], document["full_retrain_tokens"]
    factor, batch = document["training_factor"], document["batch"]
    return [
        f"  one erasure: {tokens} tokens, {one:.3f} {whole} ({even:.3f} if all even)",
        f"  {batch} erasures together: {document['batch_share']:.3f} {whole}",
        f"  training: {full} tokens, {factor:.2f} x one pass without slices",
    ]


def _shard(plan: Plan, shard: PlannedShard) -> dict[str, Any]:
    tokens, erasures = (_rounded(plan.over_mean(shard, name)) for name in DIMENSIONS)
    return {
        "units": shard.units,
        "bytes": sum(shard.tokens),
        "bytes_by_slice": list(shard.tokens),
        "bytes_over_mean": tokens,
        "erasures": shard.erasures,
        "erasures_over_mean": erasures,
        "over_the_bound": list(shard.over),
    }


def _line(number: int, load: dict[str, Any]) -> str:
    over = load["over_the_bound"]
    said = f"  past the bound in {' and '.join(over)}" if over else ""
    return (
        f"  {number:>5}  {load['units']:>5}  {load['bytes']:>10}  "
        f"{load['bytes_over_mean']:>5.2f}  {load['erasures']:>8}  "
        f"{load['erasures_over_mean']:>5.2f}{said}"
    )


def _rounded(share: Any) -> float:
    return round(float(share), 4)
