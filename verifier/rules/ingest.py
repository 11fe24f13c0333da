"""Decisions on records: XEV-1, XEV-3, XEV-5 and XEV-6."""

from verifier.findings import Code
from verifier.rules.optout import check_policy
from verifier.rules.state import Handler, History, digest, refuse
from verifier.schema import Event


def _decided(state: History, event: Event, _at: int) -> None:
    jurisdictions = check_policy(state, event)
    verdict = _scan_verdict(state, event)
    if not state.index.add_record(
        digest(event, "record_id"), digest(event, "commitment")
    ):
        refuse(
            Code.RECORD_DECIDED_TWICE,
            5,
            expected="a record decided once",
            found=event["record_id"],
        )
    if event["eu_basis"] == b"tdm_article_4" and verdict != "allowed":
        refuse(
            Code.DECISION_BASIS,
            6,
            expected="a scan with verdict allowed for basis tdm_article_4",
            found=verdict,
        )
    _check_acceptance(event, jurisdictions)


def _scan_verdict(state: History, event: Event) -> str:
    """Return the verdict of the cited scan, "no scan" where none is cited."""
    if not event["scan_id"]:
        return "no scan"
    verdict = state.index.scan_verdict(digest(event, "scan_id"))
    if verdict is None:
        refuse(Code.SCAN, 3, expected="an earlier scan", found=event["scan_id"])
    return verdict


def _check_acceptance(event: Event, jurisdictions: frozenset[str]) -> None:
    if (event["decision"] == b"accepted") != bool(event["commitment"]):
        refuse(
            Code.DECISION_BASIS,
            6,
            expected="a commitment exactly when the record is accepted",
            found=f"{event['decision'].decode()}, '{event['commitment'].decode()}'",
        )
    if event["decision"] != b"accepted":
        return
    for jurisdiction in sorted(jurisdictions):
        if event[f"{jurisdiction}_basis"] == b"none":
            refuse(
                Code.DECISION_BASIS,
                6,
                expected=f"a basis in {jurisdiction}, where the policy applies",
                found="none",
            )


HANDLERS: dict[str, Handler] = {"ingest.record_decided.v1": _decided}
