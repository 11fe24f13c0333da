"""Pure folds of the ledger's events, and the decisions that are derived from them."""

from ledger.projections.base import Projection, Recorded
from ledger.projections.registry import (
    PROJECTIONS,
    TABLES,
    States,
    advance,
    begin,
    changes,
    document,
    initial,
    pending,
    rebuild,
    restore,
)

__all__ = [
    "PROJECTIONS",
    "TABLES",
    "Projection",
    "Recorded",
    "States",
    "advance",
    "begin",
    "changes",
    "document",
    "initial",
    "pending",
    "rebuild",
    "restore",
]
