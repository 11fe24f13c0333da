"""How a request for erasure is answered: what XEV-13 allows outside the order."""

from typing import NoReturn

from verifier.findings import Code
from verifier.rules.state import Erasure, Handler, History, digest, refuse
from verifier.schema.lines import Event


def find(state: History, event: Event, name: str) -> Erasure:
    """Return the erasure of an event, which was requested and not refused.

    Only the lifting of a restriction may follow a refusal.
    """
    erasure = state.erasures.get(digest(event, "erasure_id"))
    if erasure is None:
        refuse_order("an erasure that was requested", event["erasure_id"])
    if erasure.refused and name != "restriction_lifted":
        refuse_order("nothing but restriction_lifted after refused", name)
    return erasure


def refuse_order(expected: str, found: object) -> NoReturn:
    """Raise the violation of XEV-13."""
    refuse(Code.ERASURE_ORDER, 13, expected=expected, found=found)


def _requested(state: History, event: Event, _at: int) -> None:
    erasure_id = digest(event, "erasure_id")
    if erasure_id in state.erasures:
        refuse_order("an erasure requested once", event["erasure_id"])
    state.erasures[erasure_id] = Erasure(due_at_ms=int(event["due_at_ms"]))


def _extended(state: History, event: Event, _at: int) -> None:
    erasure = find(state, event, "extended")
    due_at_ms = int(event["due_at_ms"])
    if erasure.extended:
        refuse_order("extended once", "extended")
    if erasure.certified:
        refuse_order("extended before certified", "extended")
    if due_at_ms <= erasure.due_at_ms:
        refuse_order(f"due_at_ms after {erasure.due_at_ms}", due_at_ms)
    erasure.extended = True
    erasure.due_at_ms = due_at_ms


def _restricted(state: History, event: Event, _at: int) -> None:
    erasure = find(state, event, "restricted")
    _check_unplanned(erasure, "restricted")
    if erasure.restricted:
        refuse_order("the earlier restriction lifted", "restricted")
    erasure.restricted = True


def _lifted(state: History, event: Event, _at: int) -> None:
    erasure = find(state, event, "restriction_lifted")
    if not erasure.restricted:
        refuse_order("restricted", "restriction_lifted")
    erasure.restricted = False


def _refused(state: History, event: Event, _at: int) -> None:
    erasure = find(state, event, "refused")
    _check_unplanned(erasure, "refused")
    erasure.refused = True


def _check_unplanned(erasure: Erasure, name: str) -> None:
    if erasure.records_planned is not None:
        refuse_order(f"{name} before planned", name)


HANDLERS: dict[str, Handler] = {
    "erasure.requested.v1": _requested,
    "erasure.extended.v1": _extended,
    "erasure.restricted.v1": _restricted,
    "erasure.restriction_lifted.v1": _lifted,
    "erasure.refused.v1": _refused,
}
