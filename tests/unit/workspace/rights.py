"""Scans of pages, and records that rest on them, in an office without a network."""

from dataclasses import dataclass

from ledger.events.ingest import RecordDecided
from ledger.events.optout import SiteRegistered
from ledger.events.policy import PolicyAdopted
from ledger.intake import Intake
from tests.unit.projections.builders import decided as decision
from tests.unit.projections.builders import digest, ident, read, scanned

SITE = "https://jane.example"
PAGE, OTHER_PAGE = f"{SITE}/diary", f"{SITE}/letters"
BODY = "0b" * 32
REASONS = {"reserved": "robots_disallow", "unknown": "terms_of_use"}


@dataclass(frozen=True)
class Page:
    """What the vault must know of a record to keep it."""

    id: str
    text: str
    url: str = PAGE
    licence: str = ""
    subjects: tuple[str, ...] = ()


def policy(workspace):
    """The digest of a policy of both jurisdictions, adopted on first use."""
    event = PolicyAdopted(
        policy_sha256=digest("policy"),
        jurisdictions=["eu", "uk"],
        basket_version="2025-01-01",
        basket_relaxed=[],
    )
    workspace.adopt(event, b"a policy")
    return event.policy_sha256


def scan(workspace, name, *, url=PAGE, verdict="allowed", **changes):
    """Append the scan of a page; return its id."""
    site = workspace.names.site(SITE)
    url_commitment, response_commitment = workspace.names.commit_scan(
        ident(name), [url], BODY
    )
    facts = {
        "url_commitment": url_commitment,
        "response_commitment": response_commitment,
        "policy_sha256": policy(workspace),
        "channels": [read(verdict=verdict)],
        "verdict": verdict,
        "reasons": [REASONS[verdict]] if verdict in REASONS else [],
    }
    event = scanned(name, **(facts | {"site_id": site.site_id} | changes))
    registered = SiteRegistered(site_id=site.site_id, commitment=site.commitment)
    workspace.append_scan([registered, event])
    return event.scan_id


def decide(workspace, name, **changes) -> RecordDecided:
    """Keep a record, and decide on it as accepted under a licence of its own."""
    record_id = ident(name)
    page = Page(id=name, text=f"The text of {name}.")
    kept = Intake(workspace).keep(record_id, page)
    facts = {
        "policy_sha256": policy(workspace),
        "commitment": kept.commitment,
        "size_log2": kept.size_log2,
    }
    event = decision(name, **(facts | changes))
    Intake(workspace).append_decisions([event])
    return event
