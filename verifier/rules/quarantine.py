"""Records whose basis was found to be gone later: XEV-20."""

import json
from typing import NoReturn

from verifier.findings import Code
from verifier.rules.state import Handler, History, digest, refuse
from verifier.schema.lines import Event

# What a scan is after records that rested on it were quarantined (XEV-6).
_STATUS_AFTER = {
    "allowed": "once_allowed",
    "clearable": "once_clearable",
    "cleared": "once_clearable",
}
_ALLOWED = ("allowed", _STATUS_AFTER["allowed"])


def _quarantined(state: History, event: Event, _at: int) -> None:
    if event["licence_id"]:
        _check_licence(state, event)
    else:
        _check_scans(state, event)
    index = state.index
    name = "licence_id" if event["licence_id"] else "earlier_scan_id"
    cause = digest(event, name)
    for record_id in json.loads(event["record_ids"]):
        record = bytes.fromhex(record_id)
        if not index.commitment(record):
            _refuse(
                "an accepted record that was neither erased nor quarantined before",
                record_id,
            )
        scan, licence = index.sources.of_record(record)
        if cause != (licence if event["licence_id"] else scan):
            _refuse(f"records whose decisions cite this {name}", record_id)
        index.quarantine(record)
    if not event["licence_id"]:
        _spend(state, digest(event, "earlier_scan_id"))


def _check_licence(state: History, event: Event) -> None:
    """Check a cause that is a licence."""
    if event["scan_id"] or event["earlier_scan_id"]:
        _refuse("either two scans or a licence as the cause", "both")
    if not state.index.register.is_revoked(digest(event, "licence_id")):
        _refuse("a licence that was granted and revoked before", event["licence_id"])


def _check_scans(state: History, event: Event) -> None:
    """Check a cause that is a scan."""
    scan, earlier = digest(event, "scan_id"), digest(event, "earlier_scan_id")
    said = state.index.scan(scan)
    if said is None or said[0] in _ALLOWED:
        _refuse("an earlier scan whose verdict is not allowed", event["scan_id"])
    before = state.index.scan(earlier)
    if earlier == scan or before is None:
        _refuse("another earlier scan as earlier_scan_id", event["earlier_scan_id"])
    if not state.index.sources.is_later(scan, earlier):
        _refuse("scan_id after earlier_scan_id", event["scan_id"])
    if before[1] != said[1]:
        _refuse("two scans of one site", event["earlier_scan_id"])


def _spend(state: History, earlier: bytes) -> None:
    """Let no later decision rest on a scan."""
    scan = state.index.scan(earlier)
    if scan is not None and scan[0] in _STATUS_AFTER:
        state.index.set_scan(earlier, (_STATUS_AFTER[scan[0]], scan[1]))


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.QUARANTINE, 20, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {"optout.records_quarantined.v1": _quarantined}
