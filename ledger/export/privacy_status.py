"""Differential privacy in the status: what one row is hidden by, map by map."""

from decimal import ROUND_CEILING, Decimal
from typing import Any

import msgspec

from ledger.projections import States
from ledger.projections.privacy import MapPrivacy, privacy_of

_HUNDREDTH = Decimal("0.01")


def privacy_facts(states: States) -> dict[str, Any]:
    """The differential privacy of every map that was trained with it.

    `accountant` is what the epsilons without `stated_` are worked out by: Renyi
    divergences of whole orders, from the events alone.
    """
    return {"privacy": [_facts(one) for one in maps_with_privacy(states)]}


def maps_with_privacy(states: States) -> list[MapPrivacy]:
    """Every map that was trained with differential privacy, in part at least."""
    return privacy_of(states["privacy"], states["shards"], states["compute"])


def _facts(one: MapPrivacy) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return {"mechanism": "dp_sgd", "unit": "row", "accountant": "renyi", **plain}


def privacy_lines(document: dict[str, Any]) -> list[str]:
    """The same for a person."""
    return [
        f"privacy    {one['map_id']}: a row in the weights in service: "
        f"{_said(one['in_service'])}; in all weights ever trained: "
        f"{_said(one['ever_trained'])}"
        for one in document["privacy"]
    ]


def _said(bound: dict[str, Any]) -> str:
    if not bound["shards"]:
        return "nothing"
    if bound["without"]:
        return f"no bound ({bound['without']} of {bound['shards']} shards have none)"
    if not bound["epsilon"]:
        return "nothing was learnt"
    rounded = Decimal(bound["epsilon"]).quantize(_HUNDREDTH, rounding=ROUND_CEILING)
    return f"epsilon {rounded} at delta {bound['delta']}"
