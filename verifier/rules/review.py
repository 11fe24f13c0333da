"""What persons decided about scans: XEV-18."""

from verifier.findings import Code
from verifier.rules.state import Handler, History, digest, refuse
from verifier.schema.lines import Event

_STATUS_AFTER = {b"cleared": "cleared", b"upheld": "clearable"}
# A person may speak of it again, and it stays what it is (XEV-6).
_SPENT = "once_clearable"


def check_in_time(state: History, scan_id: bytes) -> None:
    """Check that a clearance holds by the claimed time of what rests on it.

    That time is believed against whoever claims it, and for nothing else.

    Raises:
        Violation: XEV-18.
    """
    until = state.index.register.cleared_until(scan_id)
    if state.claimed_at_ms >= until:
        refuse(
            Code.REVIEW,
            18,
            expected=f"a claimed time before the clearance ends, {until}",
            found=state.claimed_at_ms,
        )


def _decided(state: History, event: Event, _at: int) -> None:
    index = state.index
    if not index.register.add_review(digest(event, "review_id")):
        refuse(
            Code.REVIEW, 18, expected="a review decided once", found=event["review_id"]
        )
    scan_id = digest(event, "scan_id")
    scan = index.scan(scan_id)
    if scan is None:
        refuse(Code.REVIEW, 18, expected="an earlier scan", found=event["scan_id"])
    status, site = scan
    if status not in {*_STATUS_AFTER.values(), _SPENT}:
        refuse(
            Code.REVIEW,
            18,
            expected="a scan that is unknown only for reasons that a person may clear",
            found=status,
        )
    if status != _SPENT:
        index.set_scan(scan_id, (_STATUS_AFTER[event["outcome"]], site))
        if event["outcome"] == b"cleared":
            index.register.clear(scan_id, int(event["expires_at_ms"]))
    if int(event["expires_at_ms"]) <= int(event["decided_at_ms"]):
        refuse(
            Code.REVIEW,
            18,
            expected=f"expires_at_ms above {int(event['decided_at_ms'])}",
            found=event["expires_at_ms"],
        )


HANDLERS: dict[str, Handler] = {"review.decided.v1": _decided}
