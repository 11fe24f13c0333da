"""Scans of pages, and records that rest on them, in an office without a network."""

from dataclasses import dataclass

from ledger.events.ingest import RecordDecided
from ledger.events.optout import SiteRegistered
from ledger.events.policy import PolicyAdopted
from ledger.workspace.governance import Governance
from producers.ingesting import open_intake
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.projections.builders import decided as decision
from tests.unit.projections.builders import digest, granted, ident, read, scanned

DAY_MS = 24 * 3600 * 1000
NEXT_YEAR_MS = NOW_MS + 365 * DAY_MS
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
        purpose="commercial",
        basket_version="2025-01-01",
        basket_relaxed=[],
    )
    workspace.adopt(event, b"a policy")
    return event.policy_sha256


def scan(workspace, name, *, url=PAGE, verdict="allowed", append=None, **changes):
    """Append the scan of a page, as `append` does; return its id."""
    site = workspace.names.site(SITE)
    url_commitment, response_commitment = workspace.names.commit_scan(
        ident(name), [url] if isinstance(url, str) else url, BODY
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
    (append or workspace.append_scan)([registered, event])
    return event.scan_id


def decide(workspace, name, **changes) -> RecordDecided:
    """Keep a record, and decide on it as accepted under a licence of its own."""
    record_id = ident(name)
    page = Page(id=name, text=f"The text of {name}.")
    [kept] = open_intake(workspace).keep([(record_id, page)])
    facts = {
        "policy_sha256": policy(workspace),
        "commitment": kept.commitment,
        "size_log2": kept.size_log2,
    }
    event = decision(name, **(facts | changes))
    open_intake(workspace).append_decisions([event])
    return event


def research(workspace):
    """The digest of a policy for research, adopted."""
    event = PolicyAdopted(
        policy_sha256=digest("research"),
        jurisdictions=["eu", "uk"],
        purpose="research",
        basket_version="2025-01-01",
        basket_relaxed=[],
    )
    workspace.adopt(event, b"a policy for research")
    return event.policy_sha256


def review(workspace, scan_id, outcome="cleared", *, until=NEXT_YEAR_MS, note=""):
    """Decide about a scan."""
    return Governance(workspace).decide_review(
        scan_id, outcome, expires_at_ms=until, note=note
    )


def grant(workspace, name="licence", **changes):
    """Enter a licence that holds now: of the scanned site, where there is one."""
    site_id = workspace.names.find_site(SITE)
    facts = {
        "sites": [site_id] if site_id else [],
        "starts_at_ms": NOW_MS - DAY_MS,
        "expires_at_ms": NEXT_YEAR_MS,
    }
    event = granted(name, **(facts | changes))
    Governance(workspace).grant_licence(event)
    return event.licence_id
