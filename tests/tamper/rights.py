"""The chapter of the story in which persons and rights holders have their say."""

from tests.simulator import LedgerSimulator
from tests.tamper.chapters import (
    BASE,
    RECORDS,
    Step,
    digest,
    ident,
    metered,
    plan_registered,
    record_decided,
    run_finished,
    run_started,
    slice_trained,
    url_scanned,
)

LICENCE, MODEL_LICENCE = ident("licence"), ident("model licence")
# Scan 8 is reserved and of site 0; scan 9 is unknown.
RESERVED, UNKNOWN = ident("scan", 8), ident("scan", 9)
SITE = ident("site", 0)
RESCANNED = 10
QUARANTINED = RECORDS[0]
CLEAN_RUN = ident("clean run")


def reviewed(ledger: LedgerSimulator, number: int, **more) -> dict:
    """A person cleared the scan that no parser decides."""
    fields = {
        "review_id": ident("review", number),
        "scan_id": UNKNOWN,
        "outcome": "cleared",
        "note_commitment": digest("note"),
        "expires_at_ms": ledger.now_ms + 31_536_000_000,
        "decided_at_ms": ledger.now_ms,
        **more,
    }
    return ledger.event("review.decided.v1", **fields)


def licensed(ledger: LedgerSimulator, licence: str = LICENCE, **more) -> dict:
    """A licence of one site, over the scan that is reserved."""
    fields = {
        "licence_id": licence,
        "covers": "content",
        "expression": "",
        "text_sha256": digest("licence text"),
        "proof_sha256": digest("contract"),
        "permits": ["train", "commercial"],
        "conditions": ["naming"],
        "users_max": 0,
        "jurisdictions": ["eu", "uk"],
        "sites": [SITE],
        "overrides": [RESERVED],
        "model": "",
        "starts_at_ms": ledger.now_ms,
        "expires_at_ms": ledger.now_ms + 31_536_000_000,
        **more,
    }
    return ledger.event("licence.granted.v1", **fields)


def hear(ledger: LedgerSimulator) -> list[Step]:
    """A review and two licences; two records rest on them; one is quarantined."""
    model = {"covers": "model", "model": "acme/base", "sites": [], "overrides": []}
    said = [
        reviewed(ledger, 0),
        licensed(ledger),
        licensed(ledger, MODEL_LICENCE, **model),
        ledger.event(
            "licence.revoked.v1",
            licence_id=MODEL_LICENCE,
            reason="ended",
            revoked_at_ms=ledger.now_ms,
        ),
    ]
    decided = [
        record_decided(ledger, 200, "accepted")
        | {"reasons": ["review_cleared"], "scan_id": UNKNOWN},
        record_decided(ledger, 201, "accepted")
        | {
            "reasons": ["licence_register"],
            "licence_id": LICENCE,
            "scan_id": RESERVED,
            "eu_basis": "licence",
        },
    ]
    quarantined = ledger.event(
        "optout.records_quarantined.v1",
        scan_id=ident("scan", RESCANNED),
        earlier_scan_id=ident("scan", 0),
        licence_id="",
        record_ids=[QUARANTINED],
    )
    return [
        Step("governance", said),
        Step("ingest", decided),
        Step("scanner", [url_scanned(ledger, RESCANNED, "reserved"), quarantined]),
        Step("trainer", train_without(ledger)),
    ]


def train_without(ledger: LedgerSimulator) -> list[dict]:
    """A run over the shard of the quarantined record, which leaves it out."""
    events = [
        run_started(ledger, CLEAN_RUN, [0]),
        plan_registered(ledger, CLEAN_RUN),
    ]
    parent = BASE
    for slice_ in (0, 1):
        events.append(metered(ledger, CLEAN_RUN, slice_, 0, slice_))
        events.append(
            slice_trained(
                ledger,
                CLEAN_RUN,
                0,
                slice_,
                gone=[QUARANTINED],
                parent_sha256=parent,
            )
        )
        parent = events[-1]["weights_sha256"]
    events.append(run_finished(ledger, CLEAN_RUN, 2, [0]))
    return events
