"""Pure folds of the ledger's events, and the decisions that are derived from them."""

from ledger.projections.base import Projection, Recorded
from ledger.projections.registry import (
    PROJECTIONS,
    States,
    advance,
    initial,
    rebuild,
)

__all__ = [
    "PROJECTIONS",
    "Projection",
    "Recorded",
    "States",
    "advance",
    "initial",
    "rebuild",
]
