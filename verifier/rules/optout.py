"""Policies, sites and scans: XEV-1 to XEV-4."""

import json

from verifier.findings import Code
from verifier.rules.state import Handler, History, digest, refuse
from verifier.schema import Event


def check_policy(state: History, event: Event) -> frozenset[str]:
    """Return the jurisdictions of the policy that an event cites (XEV-1)."""
    jurisdictions = state.policies.get(event["policy_sha256"])
    if jurisdictions is None:
        refuse(
            Code.POLICY_UNKNOWN,
            1,
            expected="the digest of an earlier policy.adopted.v1",
            found=event["policy_sha256"],
        )
    return jurisdictions


def _adopted(state: History, event: Event, _at: int) -> None:
    state.policies[event["policy_sha256"]] = frozenset(
        json.loads(event["jurisdictions"])
    )


def _registered(state: History, event: Event, _at: int) -> None:
    if not state.index.add_site(digest(event, "site_id")):
        refuse(Code.SITE, 2, expected="a site registered once", found=event["site_id"])


def _check_site(state: History, event: Event, _at: int) -> None:
    if not state.index.has_site(digest(event, "site_id")):
        refuse(Code.SITE, 2, expected="a registered site", found=event["site_id"])


def _scanned(state: History, event: Event, at: int) -> None:
    check_policy(state, event)
    _check_site(state, event, at)
    verdict = event["verdict"].decode()
    if not state.index.add_scan(digest(event, "scan_id"), verdict):
        refuse(Code.SCAN, 3, expected="a new scan_id", found=event["scan_id"])
    expected = _strictest(event)
    if verdict != expected:
        refuse(
            Code.SCAN_VERDICT,
            4,
            expected=f"verdict {expected}, which its channels and page lead to",
            found=verdict,
        )
    if (event["reasons"] == b"[]") != (verdict == "allowed"):
        refuse(
            Code.SCAN_VERDICT,
            4,
            expected="reasons exactly when the verdict is not allowed",
            found=f"{verdict} with {event['reasons'].decode()}",
        )


def _strictest(event: Event) -> str:
    """Return the verdict that a scan must have.

    A page was read when its status is 200 to 299. Source: RFC 9110, section 15.3.
    """
    channels = event["channels"]
    if b'"verdict":"reserved"' in channels:
        return "reserved"
    if b'"verdict":"unknown"' in channels:
        return "unknown"
    return "allowed" if 200 <= int(event["http_status"]) <= 299 else "unknown"


HANDLERS: dict[str, Handler] = {
    "policy.adopted.v1": _adopted,
    "optout.site_registered.v1": _registered,
    "optout.policy_file_fetched.v1": _check_site,
    "optout.url_scanned.v1": _scanned,
}
