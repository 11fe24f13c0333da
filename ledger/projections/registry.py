"""Every projection, folded in one pass."""

from collections.abc import Iterable
from typing import Any, Final

from ledger.projections import (
    compute,
    erasures,
    licences,
    optout,
    privacy,
    serving,
    shards,
    training_sources,
)
from ledger.projections.base import Projection, Recorded
from ledger.projections.tables import Changes, NoRows, Rows, Table

PROJECTIONS: Final[tuple[Projection[Any], ...]] = (
    optout.PROJECTION,
    licences.PROJECTION,
    shards.PROJECTION,
    compute.PROJECTION,
    training_sources.PROJECTION,
    erasures.PROJECTION,
    serving.PROJECTION,
    privacy.PROJECTION,
)
"""In the order in which `status` shows them. Provider status and training summary are
functions of these states, since they keep nothing of their own."""

TABLES: Final = frozenset(
    one.table(field) for one in PROJECTIONS for field in one.tables
)
"""Names of all tables in which states are kept."""

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


def begin() -> States:
    """The states of a ledger without events, with mappings that tell their changes."""
    return {one.name: one.over(one.initial(), NoRows()) for one in PROJECTIONS}


def document(states: States) -> dict[str, Any]:
    """All but the tables, as plain values."""
    return {
        "versions": {one.name: one.version for one in PROJECTIONS},
        "states": {one.name: one.document(states[one.name]) for one in PROJECTIONS},
    }


def restore(plain: dict[str, Any], rows: Rows) -> States | None:
    """The states of a document and its tables; None where it is of other versions.

    Raises:
        KeyError: `plain` is no document of this kind.
        TypeError: nor is it here.
        msgspec.ValidationError: a state in it is none of its projection.
    """
    if plain["versions"] != {one.name: one.version for one in PROJECTIONS}:
        return None
    return {
        one.name: one.over(one.load(plain["states"][one.name]), rows)
        for one in PROJECTIONS
    }


def changes(states: States) -> dict[str, Changes]:
    """What is to be written to each table, by its name."""
    return {
        name: mapping.changes()
        for one in PROJECTIONS
        for name, mapping in one.mappings(states[one.name]).items()
        if isinstance(mapping, Table)
    }


def pending(states: States) -> int:
    """How many changed rows states hold in memory, be it not all states."""
    return sum(
        mapping.pending()
        for one in PROJECTIONS
        if one.name in states
        for mapping in one.mappings(states[one.name]).values()
        if isinstance(mapping, Table)
    )
