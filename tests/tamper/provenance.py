"""The chapter of the story on datasets, research, and a licence that ends."""

from tests.simulator import LedgerSimulator
from tests.tamper.chapters import Step, digest, ident, record_decided
from tests.tamper.rights import RESERVED, licensed

DATASET, UNREVIEWED = ident("dataset"), ident("unreviewed dataset")
RESEARCH = digest("research policy")
ENDED_LICENCE = ident("ended licence")
UNLICENSED = ident("record", 301)


def classified(ledger: LedgerSimulator, dataset: str, review: str) -> dict:
    """A dataset, and whether somebody checked that its use is allowed."""
    return ledger.event(
        "ingest.dataset_classified.v1",
        dataset_id=dataset,
        format="jsonl",
        mapping_sha256="",
        classification="internal",
        personal_data="incidental",
        consent_review=review,
        review_commitment=digest("consent review") if review == "done" else "",
    )


def come_from(ledger: LedgerSimulator) -> list[Step]:
    """A dataset is read under a policy for research; a licence is revoked."""
    policy = ledger.event(
        "policy.adopted.v1",
        policy_sha256=RESEARCH,
        jurisdictions=["eu", "uk"],
        purpose="research",
        basket_version="2026-11-01",
        basket_relaxed=[],
    )
    ending = licensed(ledger, ENDED_LICENCE, sites=[], overrides=[])
    for_research = record_decided(ledger, 300, "accepted") | {
        "dataset_id": DATASET,
        "policy_sha256": RESEARCH,
        "scan_id": RESERVED,
        "licence": "",
        "eu_basis": "tdm_article_3",
        "uk_basis": "research_29a",
        "sensitive": [{"kind": "email", "count": 2}, {"kind": "health", "count": 1}],
        "action": "redact",
    }
    by_licence = record_decided(ledger, 301, "accepted") | {
        "dataset_id": DATASET,
        "licence": "",
        "licence_id": ENDED_LICENCE,
        "scan_id": "",
        "eu_basis": "licence",
    }
    waiting = {"dataset_id": UNREVIEWED, "scan_id": ""}
    read = {"dataset_id": DATASET, "accepted": 2, "pending": 0, "blocked": 0}
    revoked = ledger.event(
        "licence.revoked.v1",
        licence_id=ENDED_LICENCE,
        reason="breach",
        revoked_at_ms=ledger.now_ms,
    )
    quarantined = ledger.event(
        "optout.records_quarantined.v1",
        scan_id="",
        earlier_scan_id="",
        licence_id=ENDED_LICENCE,
        record_ids=[UNLICENSED],
    )
    return [
        Step("governance", [policy, ending]),
        Step(
            "ingest",
            [
                classified(ledger, DATASET, "pending"),
                classified(ledger, DATASET, "done"),
                classified(ledger, UNREVIEWED, "pending"),
                for_research,
                by_licence,
                record_decided(ledger, 302, "pending") | waiting,
                ledger.event("ingest.dataset_read.v1", **read, unreadable=1),
            ],
        ),
        Step("governance", [revoked]),
        Step("scanner", [quarantined]),
    ]
