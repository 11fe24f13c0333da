"""The register of licences, and what decisions take from it: XEV-19."""

import json
from binascii import unhexlify
from typing import NamedTuple, NoReturn

from verifier.findings import Code
from verifier.rules.register import Licence
from verifier.rules.state import Handler, History, digest, refuse
from verifier.schema.lines import Event

# What a licence must permit for a decision to rest on it.
_NEEDED = frozenset({"train", "commercial"})


class Use(NamedTuple):
    """What a decision takes from a licence, as its fields are written."""

    licence_id: bytes
    scan_id: bytes
    policy_sha256: bytes
    eu_basis: bytes
    uk_basis: bytes


def find_licence(state: History, licence_id: bytes) -> Licence:
    """Return the licence that a decision rests on: of content, to train for gain."""
    licence = state.index.register.licence(unhexlify(licence_id))
    if licence is None:
        _refuse_use("a licence that was granted and not revoked before", licence_id)
    if licence.covers != "content" or not licence.permits >= _NEEDED:
        permits = ", ".join(sorted(licence.permits))
        _refuse_use("a licence of content that permits train and commercial", permits)
    if "non_commercial" in licence.conditions:
        _refuse_use("a licence without the condition non_commercial", licence_id)
    # Believed against whoever claims it, and for nothing else.
    claimed = state.claimed_at_ms
    if not licence.starts_at_ms <= claimed < licence.expires_at_ms:
        held = f"{licence.starts_at_ms} to {licence.expires_at_ms}"
        _refuse_use(f"a claimed time while the licence holds, {held}", claimed)
    return licence


def check_use(state: History, licence: Licence, use: Use) -> None:
    """Check jurisdictions and site of a decision that rests on a licence."""
    for jurisdiction, basis in (("eu", use.eu_basis), ("uk", use.uk_basis)):
        if basis == b"licence" and jurisdiction not in licence.jurisdictions:
            held = ", ".join(sorted(licence.jurisdictions))
            _refuse_use(f"a licence that holds in {jurisdiction}", held)
    # Where a reservation has no meaning in law, nobody scans.
    policy = state.policies.get(use.policy_sha256)
    is_scanned = policy is None or policy.reads_scans
    if licence.sites and (use.scan_id or is_scanned):
        scan = state.index.scan(unhexlify(use.scan_id))
        if scan is None or scan[1] not in licence.sites:
            _refuse_use(
                "a scan of a site that the licence names", use.scan_id or "none"
            )


def _granted(state: History, event: Event, _at: int) -> None:
    sites = frozenset(map(bytes.fromhex, json.loads(event["sites"])))
    content = Licence(
        covers=event["covers"].decode(),
        permits=frozenset(json.loads(event["permits"])),
        conditions=frozenset(json.loads(event["conditions"])),
        jurisdictions=frozenset(json.loads(event["jurisdictions"])),
        sites=sites,
        starts_at_ms=int(event["starts_at_ms"]),
        expires_at_ms=int(event["expires_at_ms"]),
    )
    if not state.index.register.add_licence(digest(event, "licence_id"), content):
        _refuse("a licence granted once", event["licence_id"])
    if int(event["expires_at_ms"]) <= int(event["starts_at_ms"]):
        starts = int(event["starts_at_ms"])
        _refuse(f"expires_at_ms above {starts}", event["expires_at_ms"])
    if not event["expression"] and not event["text_sha256"]:
        _refuse("an expression or the digest of a text", "neither")
    if (content.covers == "model") != bool(event["model"]):
        _refuse("the name of a model exactly where it covers one", event["model"])
    for site in sorted(sites):
        if not state.index.has_site(site):
            _refuse("sites that were registered before", site.hex())
    for scan in json.loads(event["overrides"]):
        if state.index.scan(bytes.fromhex(scan)) is None:
            _refuse("overrides of earlier scans", scan)


def _revoked(state: History, event: Event, _at: int) -> None:
    if not state.index.register.revoke(digest(event, "licence_id")):
        _refuse(
            "a licence that was granted and not revoked before", event["licence_id"]
        )


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.LICENCE, 19, expected=expected, found=found)


def _refuse_use(expected: str, found: object) -> NoReturn:
    refuse(Code.LICENCE_USE, 19, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {
    "licence.granted.v1": _granted,
    "licence.revoked.v1": _revoked,
}
