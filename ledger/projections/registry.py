"""Every projection, folded in one pass."""

from collections.abc import Iterable
from typing import Any, Final

from ledger.projections import (
    compute,
    erasures,
    licences,
    optout,
    shards,
    training_sources,
)
from ledger.projections.base import Projection, Recorded

PROJECTIONS: Final[tuple[Projection[Any], ...]] = (
    optout.PROJECTION,
    licences.PROJECTION,
    shards.PROJECTION,
    compute.PROJECTION,
    training_sources.PROJECTION,
    erasures.PROJECTION,
)
"""In the order in which `status` shows them. Provider status and training summary are
functions of these states, since they keep nothing of their own."""

States = dict[str, Any]
"""State of each projection by name."""


def initial() -> States:
    """The states of a ledger without events."""
    return {projection.name: projection.initial() for projection in PROJECTIONS}


def advance(states: States, events: Iterable[Recorded]) -> States:
    """Fold further events, in the ledger's order, into `states`, in place.

    Args:
        states: a state for every projection; not to be used again but through the
            result.
        events: the events after the last that was folded, no gap, none twice.
    """
    folds = [(projection.name, projection.apply) for projection in PROJECTIONS]
    for recorded in events:
        for name, apply in folds:
            states[name] = apply(states[name], recorded)
    return states


def rebuild(events: Iterable[Recorded]) -> States:
    """The states after all events of a ledger, from its first."""
    return advance(initial(), events)
