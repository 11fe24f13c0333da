"""Records whose source was found to reserve them later: XEV-20."""

import json
from typing import NoReturn

from verifier.findings import Code
from verifier.rules.state import Handler, History, digest, refuse
from verifier.schema.lines import Event


def _quarantined(state: History, event: Event, _at: int) -> None:
    index = state.index
    scan, earlier = digest(event, "scan_id"), digest(event, "earlier_scan_id")
    said = index.scan(scan)
    if said is None or said[0] == "allowed":
        _refuse("an earlier scan whose verdict is not allowed", event["scan_id"])
    before = index.scan(earlier)
    if earlier == scan or before is None:
        _refuse("another earlier scan as earlier_scan_id", event["earlier_scan_id"])
    if before[1] != said[1]:
        _refuse("two scans of one site", event["earlier_scan_id"])
    for record_id in json.loads(event["record_ids"]):
        record = bytes.fromhex(record_id)
        if not index.commitment(record):
            _refuse(
                "an accepted record that was neither erased nor quarantined before",
                record_id,
            )
        index.quarantine(record)


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.QUARANTINE, 20, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {"optout.records_quarantined.v1": _quarantined}
