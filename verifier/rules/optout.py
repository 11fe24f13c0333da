"""Policies, sites and scans: XEV-1 to XEV-4."""

import json
from binascii import unhexlify
from dataclasses import dataclass

from verifier.doubt import Doubt
from verifier.findings import Code, Violation
from verifier.rules.scan_verdict import (
    ACCESS,
    ASKED,
    PIRACY,
    Said,
    check_said,
    is_read,
    read_channels,
)
from verifier.rules.state import (
    BulkRules,
    Column,
    Handler,
    History,
    Policy,
    digest,
    refuse,
)
from verifier.schema.lines import Event
from verifier.schema.rights_tables import CLEAN_CHANNELS

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


def check_policy(state: History, policy: bytes) -> Policy:
    """Return the policy that an event cites (XEV-1)."""
    adopted = state.policies.get(policy)
    if adopted is None:
        refuse(
            Code.POLICY_UNKNOWN,
            1,
            expected="the digest of an earlier policy.adopted.v1",
            found=policy,
        )
    return adopted


def _adopted(state: History, event: Event, _at: int) -> None:
    jurisdictions = frozenset(json.loads(event["jurisdictions"]))
    policy = Policy(
        jurisdictions,
        event["purpose"].decode(),
        event["basket_version"].decode(),
        frozenset(json.loads(event["basket_relaxed"])),
    )
    if event["jurisdictions"].count(b",") >= len(jurisdictions):
        found = event["jurisdictions"]
        refuse(Code.POLICY_UNKNOWN, 1, expected="each jurisdiction once", found=found)
    if state.policies.setdefault(event["policy_sha256"], policy) != policy:
        refuse(
            Code.POLICY_UNKNOWN,
            1,
            expected="what the earlier policy.adopted.v1 of this digest says",
            found=event["policy_sha256"],
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
    scan_id = digest(event, "scan_id")
    status = _status(event["verdict"], event["reasons"])
    if not state.index.add_scan(scan_id, (status, digest(event, "site_id"))):
        refuse(Code.SCAN, 3, expected="a new scan_id", found=event["scan_id"])
    state.index.sources.scanned(scan_id, at)
    if event["access"] not in ACCESS:
        state.index.close_scans([scan_id])
    read = event["channels"], event["http_status"], event["access"], event["reasons"]
    said = Said._make(event[field] for field in Said._fields)
    check_said(said, read_channels(*read))


def _status(verdict: bytes, reasons: bytes) -> str:
    """Return the status of a scan that no person reviewed."""
    if PIRACY in reasons:
        return "piracy"
    if verdict == b"unknown" and _CLEARABLE.issuperset(json.loads(reasons)):
        return "clearable"
    return verdict.decode()


@dataclass(frozen=True, slots=True)
class _Scans:
    """The gist of many scans.

    Attributes:
        scans: their ids, in order.
        statuses: the status of each.
        sites: the site of each.
        closed: ids of those whose page is not open to everybody.
        policies: what they cite.
    """

    scans: list[bytes]
    statuses: list[str]
    sites: list[bytes]
    closed: list[bytes]
    policies: frozenset[bytes]


def _gather_scans(
    scans: Column,
    sites: Column,
    policies: Column,
    statuses: Column,
    accesses: Column,
    clean: Column,
    channels: Column,
    robots: Column,
    specs: Column,
    verdicts: Column,
    usages: Column,
    reasons: Column,
) -> _Scans | None:
    written = list(zip(robots, specs, verdicts, usages, reasons, strict=True))
    try:
        verdict = map(_read, clean, channels, statuses, accesses, reasons)
        for said, expected in set(zip(written, verdict, strict=True)):
            check_said(Said._make(said), expected)
    except Violation:
        return None
    known = {said: _status(said[2], said[4]) for said in set(written)}
    places = {site: unhexlify(site) for site in set(sites)}
    return _Scans(
        scans=list(map(unhexlify, scans)),
        statuses=list(map(known.__getitem__, written)),
        sites=list(map(places.__getitem__, sites)),
        closed=_closed(scans, accesses),
        policies=frozenset(policies),
    )


def _read(
    clean: bytes, channels: bytes, http_status: bytes, access: bytes, reasons: bytes
) -> str:
    """Return what `read_channels` would, sooner where there is nothing to find."""
    if clean and is_read(http_status, access) and ASKED in clean:
        return "allowed"
    return read_channels(clean or channels, http_status, access, reasons)


def _closed(scans: Column, accesses: Column) -> list[bytes]:
    """Return the scans whose page is not open to everybody: few, or none."""
    if set(accesses).issubset(ACCESS):
        return []
    pairs = zip(scans, accesses, strict=True)
    return [unhexlify(scan) for scan, access in pairs if access not in ACCESS]


def _apply_scans(state: History, gist: _Scans, at: int) -> None:
    for policy in gist.policies:
        check_policy(state, policy)
    if not all(map(state.index.has_site, set(gist.sites))):
        raise Doubt
    said = list(zip(gist.statuses, gist.sites, strict=True))
    state.index.add_scans(gist.scans, said)
    state.index.sources.scanned(b"".join(gist.scans), at)
    if gist.closed:
        state.index.close_scans(gist.closed)


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
            "robots_rfc9309",
            "spec_verdict",
            "verdict",
            "usages",
            "reasons",
        ),
        gather=_gather_scans,
        narrower=(("channels", CLEAN_CHANNELS),),
        apply=_apply_scans,
    ),
}
