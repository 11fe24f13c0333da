"""The chapter of the story on a request that is refused, and on what is told."""

from tests.simulator import LedgerSimulator
from tests.tamper.chapters import ERASURE, Step, digest, ident

REFUSED = ident("refused erasure")


def answer(ledger: LedgerSimulator) -> list[Step]:
    """A request is extended, restricted, lifted and refused; recipients are told."""
    notice = digest("notice")

    def event(kind: str, erasure_id: str = REFUSED, **fields: object) -> dict:
        return ledger.event(f"erasure.{kind}.v1", erasure_id=erasure_id, **fields)

    events = [
        event(
            "requested",
            ground="objection",
            received_at_ms=ledger.now_ms,
            due_at_ms=ledger.now_ms + 2_592_000_000,
            fence_commitment=digest("another fence"),
        ),
        event(
            "extended",
            due_at_ms=ledger.now_ms + 7_776_000_000,
            reason="complexity",
            notice_commitment=notice,
        ),
        event("restricted", cause="legal_claims"),
        event("restriction_lifted", notice_commitment=notice),
        event("refused", ground="legal_claims", notice_commitment=notice),
        event(
            "measure_taken",
            ERASURE,
            measure="output_filter",
            evidence_sha256=digest("report"),
            until_ms=ledger.now_ms,
        ),
        event(
            "recipients_notified",
            ERASURE,
            recipients=3,
            notified=2,
            impossible=1,
            list_commitment=digest("list"),
        ),
        ledger.event(
            "erasure.lines_redacted.v1",
            redaction_id=ident("redaction"),
            reason="retention",
            erasure_id="",
            # The story puts in what it names when it is built.
            entry=0,
            places=[0],
        ),
    ]
    return [Step("eraser", events)]
