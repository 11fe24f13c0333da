"""Policies, sites and scans: XEV-1 to XEV-4."""

import json
import re
from binascii import unhexlify
from dataclasses import dataclass

from verifier.doubt import Doubt
from verifier.findings import Code
from verifier.rules.state import BulkRules, Column, Handler, History, digest, refuse
from verifier.schema.lines import Event

# A channel that states a reservation against training, and is not reserved itself.
_PASSED_OVER = re.compile(
    rb'"verdict":"(?:allowed|unknown)",'
    rb'"stated":\[[^]]*"usage":"train","preference":"disallow"'
)
# How a page is reached that lawful access is had to.
_ACCESS = (b"open", b"licensed")
# A scan that is unknown for these alone may be cleared by a person (XEV-18).
_CLEARABLE = frozenset(
    {
        "linked_rights",
        "malformed_signal",
        "terms_of_use",
        "unknown_dialect",
        "unknown_preference",
    }
)


def check_policy(state: History, policy: bytes) -> frozenset[str]:
    """Return the jurisdictions of the policy that an event cites (XEV-1)."""
    jurisdictions = state.policies.get(policy)
    if jurisdictions is None:
        refuse(
            Code.POLICY_UNKNOWN,
            1,
            expected="the digest of an earlier policy.adopted.v1",
            found=policy,
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
    check_policy(state, event["policy_sha256"])
    _check_site(state, event, at)
    verdict, reasons = event["verdict"].decode(), event["reasons"]
    said = _status(verdict, reasons), digest(event, "site_id")
    if not state.index.add_scan(digest(event, "scan_id"), said):
        refuse(Code.SCAN, 3, expected="a new scan_id", found=event["scan_id"])
    channels = event["channels"]
    expected = _strictest(channels, event["http_status"], event["access"])
    if verdict != expected:
        refuse(
            Code.SCAN_VERDICT,
            4,
            expected=f"verdict {expected}, which its channels and page lead to",
            found=verdict,
        )
    if not _is_explained(verdict, reasons):
        refuse(
            Code.SCAN_VERDICT,
            4,
            expected="reasons exactly when the verdict is not allowed",
            found=f"{verdict} with {reasons.decode()}",
        )
    if _PASSED_OVER.search(channels):
        refuse(
            Code.SCAN_VERDICT,
            4,
            expected="reserved for each channel that states disallow for train",
            found="another verdict of one",
        )


def _strictest(channels: bytes, http_status: bytes, access: bytes) -> str:
    """Return the verdict that a scan must have.

    A page was read when its status is 200 to 299. Source: RFC 9110, section 15.3.
    """
    if b'"verdict":"reserved"' in channels:
        return "reserved"
    if b'"verdict":"unknown"' in channels:
        return "unknown"
    was_read = 200 <= int(http_status) <= 299 and access in _ACCESS
    return "allowed" if was_read else "unknown"


def _is_explained(verdict: str, reasons: bytes) -> bool:
    return (reasons == b"[]") == (verdict == "allowed")


def _status(verdict: str, reasons: bytes) -> str:
    """Return the status of a scan that no person reviewed."""
    if verdict == "unknown" and _CLEARABLE.issuperset(json.loads(reasons)):
        return "clearable"
    return verdict


@dataclass(frozen=True, slots=True)
class _Scans:
    """The gist of many scans: id, status and site of each, in order, and policies."""

    scans: list[bytes]
    statuses: list[str]
    sites: list[bytes]
    policies: frozenset[bytes]


def _gather_scans(
    scans: Column,
    sites: Column,
    policies: Column,
    statuses: Column,
    accesses: Column,
    channels: Column,
    verdicts: Column,
    reasons: Column,
) -> _Scans | None:
    stating = [said for said in channels if b'"disallow"' in said]
    if any(map(_PASSED_OVER.search, stating)):
        return None
    strictest = map(_strictest, channels, statuses, accesses)
    written = list(zip(verdicts, strictest, reasons, strict=True))
    kinds = {}
    for kind in set(written):
        verdict, expected, why = kind
        if verdict.decode() != expected or not _is_explained(expected, why):
            return None
        kinds[kind] = _status(expected, why)
    places = {site: unhexlify(site) for site in set(sites)}
    return _Scans(
        scans=list(map(unhexlify, scans)),
        statuses=list(map(kinds.__getitem__, written)),
        sites=list(map(places.__getitem__, sites)),
        policies=frozenset(policies),
    )


def _apply_scans(state: History, gist: _Scans, _at: int) -> None:
    for policy in gist.policies:
        check_policy(state, policy)
    if not all(map(state.index.has_site, set(gist.sites))):
        raise Doubt
    said = list(zip(gist.statuses, gist.sites, strict=True))
    state.index.add_scans(gist.scans, said)


HANDLERS: dict[str, Handler] = {
    "policy.adopted.v1": _adopted,
    "optout.site_registered.v1": _registered,
    "optout.policy_file_fetched.v1": _check_site,
    "optout.url_scanned.v1": _scanned,
}
BULK: dict[str, BulkRules] = {
    "optout.url_scanned.v1": BulkRules(
        fields=(
            "scan_id",
            "site_id",
            "policy_sha256",
            "http_status",
            "access",
            "channels",
            "verdict",
            "reasons",
        ),
        gather=_gather_scans,
        apply=_apply_scans,
    ),
}
