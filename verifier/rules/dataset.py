"""Datasets, and what was found in the texts of their records: XEV-21."""

import re
from binascii import unhexlify
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NoReturn

from verifier.findings import Code, Violation
from verifier.rules.state import Dataset, Handler, History, digest, refuse
from verifier.schema.lines import Event

_KIND = re.compile(rb'"kind":"([a-z_]+)"')
_NOT_ACCEPTED = (b"block", b"review")
_DECISIONS = ("accepted", "pending", "blocked")


def count_decisions(state: History, decided: Mapping[tuple[bytes, bytes], int]) -> None:
    """Check decisions against their datasets, and count them.

    Args:
        state: the state before them.
        decided: how many there are, by dataset and decision as they are written; none
            of them without a dataset.
    """
    for (dataset_id, decision), count in decided.items():
        dataset = state.datasets.get(unhexlify(dataset_id))
        if dataset is None:
            _refuse("a dataset that was classified before", dataset_id)
        if dataset.is_pending and decision == b"accepted":
            _refuse("no record accepted before the consent review", dataset_id)
        dataset.decided[decision.decode()] += count


def check_sensitive(sensitive: bytes, action: bytes, decision: bytes) -> None:
    """Check what was found in a text against what was done about it."""
    kinds = _KIND.findall(sensitive)
    if len(kinds) != len(set(kinds)):
        _refuse_sensitive("each class once", sensitive)
    if bool(kinds) == (action == b"none"):
        expected = "an action exactly where something was found"
        _refuse_sensitive(expected, f"{action.decode()} for {sensitive.decode()}")
    if decision == b"accepted" and action in _NOT_ACCEPTED:
        _refuse_sensitive("a record that is not accepted", f"action {action.decode()}")


def are_handled(
    sensitive: Iterable[bytes], actions: Iterable[bytes], decisions: Iterable[bytes]
) -> bool:
    """Return whether `check_sensitive` has nothing against any of many decisions."""
    try:
        for found in set(zip(sensitive, actions, decisions, strict=True)):
            check_sensitive(*found)
    except Violation:
        return False
    return True


def _classified(state: History, event: Event, _at: int) -> None:
    dataset = state.datasets.setdefault(
        digest(event, "dataset_id"), Dataset(is_pending=False)
    )
    dataset.is_pending = event["consent_review"] == b"pending"


def _read(state: History, event: Event, _at: int) -> None:
    dataset = state.datasets.get(digest(event, "dataset_id"))
    if dataset is None:
        _refuse("a dataset that was classified before", event["dataset_id"])
    said = Counter({name: int(event[name]) for name in _DECISIONS})
    if said != dataset.decided:
        counts = ", ".join(f"{dataset.decided[name]} {name}" for name in _DECISIONS)
        found = ", ".join(f"{said[name]} {name}" for name in _DECISIONS)
        _refuse(f"the decisions so far: {counts}", found)


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.DATASET, 21, expected=expected, found=found)


def _refuse_sensitive(expected: str, found: object) -> NoReturn:
    refuse(Code.SENSITIVE, 21, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {
    "ingest.dataset_classified.v1": _classified,
    "ingest.dataset_read.v1": _read,
}
