"""Policies, sites and scans: XEV-1 to XEV-4."""

import json
from binascii import unhexlify
from dataclasses import dataclass

from verifier.doubt import Doubt
from verifier.findings import Code
from verifier.rules.state import BulkRules, Column, Handler, History, digest, refuse
from verifier.schema import Event

# Verdict written, verdict that channels and page lead to, whether there is no reason.
_SOUND = {
    (b"allowed", "allowed", True),
    (b"reserved", "reserved", False),
    (b"unknown", "unknown", False),
}


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
    verdict = event["verdict"].decode()
    if not state.index.add_scan(digest(event, "scan_id"), verdict):
        refuse(Code.SCAN, 3, expected="a new scan_id", found=event["scan_id"])
    expected = _strictest(event["channels"], event["http_status"])
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


def _strictest(channels: bytes, http_status: bytes) -> str:
    """Return the verdict that a scan must have.

    A page was read when its status is 200 to 299. Source: RFC 9110, section 15.3.
    """
    if b'"verdict":"reserved"' in channels:
        return "reserved"
    if b'"verdict":"unknown"' in channels:
        return "unknown"
    return "allowed" if 200 <= int(http_status) <= 299 else "unknown"


@dataclass(frozen=True, slots=True)
class _Scans:
    """The gist of many scans: ids and verdicts in order, and all that they cite."""

    scans: list[bytes]
    verdicts: list[str]
    sites: list[bytes]
    policies: frozenset[bytes]


def _gather_scans(
    scans: Column,
    sites: Column,
    policies: Column,
    statuses: Column,
    channels: Column,
    verdicts: Column,
    reasons: Column,
) -> _Scans | None:
    strictest = list(map(_strictest, channels, statuses))
    without_reason = map(b"[]".__eq__, reasons)
    if not _SOUND.issuperset(zip(verdicts, strictest, without_reason, strict=True)):
        return None
    return _Scans(
        scans=list(map(unhexlify, scans)),
        verdicts=strictest,
        sites=list(map(unhexlify, set(sites))),
        policies=frozenset(policies),
    )


def _apply_scans(state: History, gist: _Scans, _at: int) -> None:
    for policy in gist.policies:
        check_policy(state, policy)
    if not all(map(state.index.has_site, gist.sites)):
        raise Doubt
    state.index.add_scans(gist.scans, gist.verdicts)


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
            "channels",
            "verdict",
            "reasons",
        ),
        gather=_gather_scans,
        apply=_apply_scans,
    ),
}
