"""Projections of a ledger, kept in the views file and folded on from there."""

import contextlib
from itertools import takewhile

import msgspec

from ledger.checkpoint import parse_checkpoint
from ledger.log import Ledger
from ledger.projections import PROJECTIONS, States, advance, initial


def project(ledger: Ledger, *, size: int | None = None) -> States:
    """The state of every projection at the ledger's head, or as it was before.

    A kept state is used only when it is of this ledger's history: it carries the root
    that it was folded up to.

    Args:
        ledger: the ledger.
        size: fold only so many entries, and keep nothing.
    """
    states, start = _kept(ledger)
    if size is not None:
        states, start = (states, start) if start <= size else (initial(), 0)
        events = ledger.events(start)
        return advance(states, takewhile(lambda one: one.seq < size, events))
    head, _ = parse_checkpoint(ledger.newest_checkpoint())
    # Another process may append while we read: what is kept ends where its root does.
    states = advance(
        states, takewhile(lambda one: one.seq < head.size, ledger.events(start))
    )
    if start < head.size:
        ledger.views.save(
            "projections",
            head.size,
            {
                "root": head.root.hex(),
                "versions": {one.name: one.version for one in PROJECTIONS},
                "states": {one.name: one.dump(states[one.name]) for one in PROJECTIONS},
            },
        )
    return states


def _kept(ledger: Ledger) -> tuple[States, int]:
    """The kept states and their size, or the initial ones and 0."""
    kept = ledger.views.load("projections")
    if kept is None:
        return initial(), 0
    size, content = kept
    with contextlib.suppress(msgspec.ValidationError, KeyError, TypeError):
        root = ledger.root_at(size)
        versions = {one.name: one.version for one in PROJECTIONS}
        is_ours = root is not None and content["root"] == root.hex()
        if is_ours and content["versions"] == versions:
            return {
                one.name: one.load(content["states"][one.name]) for one in PROJECTIONS
            }, size
    return initial(), 0
