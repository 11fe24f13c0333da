"""Decisions on records: XEV-1, XEV-3, XEV-5, XEV-6, and XEV-19 for their licences."""

from binascii import unhexlify
from dataclasses import dataclass
from typing import NamedTuple

from verifier.doubt import Doubt
from verifier.findings import Code
from verifier.rules.licence import Use, check_use, find_licence
from verifier.rules.optout import check_policy
from verifier.rules.state import BulkRules, Column, Handler, History, digest, refuse
from verifier.schema.lines import Event

_RESTS_ON_SCAN = b"tdm_article_4"
# The scans that it may rest on; see `verifier.rules.index.Scan`.
_CLEAR = frozenset({"allowed", "cleared"})


class _Basis(NamedTuple):
    """What decides whether a decision may be what it is (XEV-6)."""

    policy: bytes
    decision: bytes
    eu_basis: bytes
    uk_basis: bytes
    has_commitment: bool


def _decided(state: History, event: Event, _at: int) -> None:
    jurisdictions = check_policy(state, event["policy_sha256"])
    status = _scan_status(state, event)
    if not state.index.add_record(
        digest(event, "record_id"), digest(event, "commitment")
    ):
        refuse(
            Code.RECORD_DECIDED_TWICE,
            5,
            expected="a record decided once",
            found=event["record_id"],
        )
    if event["eu_basis"] == _RESTS_ON_SCAN and status not in _CLEAR:
        refuse(
            Code.DECISION_BASIS,
            6,
            expected="a scan that is allowed, or was cleared, for basis tdm_article_4",
            found=status,
        )
    _check_acceptance(
        _Basis(
            event["policy_sha256"],
            event["decision"],
            event["eu_basis"],
            event["uk_basis"],
            has_commitment=bool(event["commitment"]),
        ),
        jurisdictions,
    )
    if event["licence_id"]:
        use = Use._make(event[field] for field in Use._fields)
        check_use(state, find_licence(state, use.licence_id), use)


def _scan_status(state: History, event: Event) -> str:
    """Return the status of the cited scan, "no scan" where none is cited."""
    if not event["scan_id"]:
        return "no scan"
    scan = state.index.scan(digest(event, "scan_id"))
    if scan is None:
        refuse(Code.SCAN, 3, expected="an earlier scan", found=event["scan_id"])
    return scan[0]


def _check_acceptance(basis: _Basis, jurisdictions: frozenset[str]) -> None:
    is_accepted = basis.decision == b"accepted"
    if is_accepted != basis.has_commitment:
        refuse(
            Code.DECISION_BASIS,
            6,
            expected="a commitment exactly when the record is accepted",
            found=f"{basis.decision.decode()} with"
            f"{'' if basis.has_commitment else 'out'} a commitment",
        )
    if not is_accepted:
        return
    bases = {"eu": basis.eu_basis, "uk": basis.uk_basis}
    for jurisdiction in sorted(jurisdictions):
        if bases[jurisdiction] == b"none":
            refuse(
                Code.DECISION_BASIS,
                6,
                expected=f"a basis in {jurisdiction}, where the policy applies",
                found="none",
            )


@dataclass(frozen=True, slots=True)
class _Decisions:
    """The gist of a bulk of decisions.

    Attributes:
        records: the ids, in order.
        commitments: theirs; empty unless accepted.
        bases: the different bases that occur.
        scans_clear: scans that must be allowed or cleared.
        scans: other scans that must be there.
        uses: what is taken from licences.
    """

    records: list[bytes]
    commitments: list[bytes]
    bases: frozenset[_Basis]
    scans_clear: list[bytes]
    scans: list[bytes]
    uses: frozenset[Use]


def _gather_decisions(
    records: Column,
    decisions: Column,
    policies: Column,
    licences: Column,
    scans: Column,
    eu_bases: Column,
    uk_bases: Column,
    commitments: Column,
) -> _Decisions | None:
    need = {
        scan
        for scan, basis in zip(scans, eu_bases, strict=True)
        if basis == _RESTS_ON_SCAN
    }
    if b"" in need:
        return None
    said = map(bool, commitments)
    bases = set(zip(policies, decisions, eu_bases, uk_bases, said, strict=True))
    return _Decisions(
        records=list(map(unhexlify, records)),
        commitments=list(map(unhexlify, commitments)),
        bases=frozenset(map(_Basis._make, bases)),
        scans_clear=list(map(unhexlify, need)),
        scans=list(map(unhexlify, {*scans} - need - {b""})),
        uses=_uses(licences, scans, eu_bases, uk_bases),
    )


def _uses(
    licences: Column, scans: Column, eu_bases: Column, uk_bases: Column
) -> frozenset[Use]:
    if not any(licences):
        return frozenset()
    rows = set(zip(licences, scans, eu_bases, uk_bases, strict=True))
    return frozenset(Use._make(row) for row in rows if row[0])


def _apply_decisions(state: History, gist: _Decisions, _at: int) -> None:
    for basis in gist.bases:
        _check_acceptance(basis, check_policy(state, basis.policy))
    clear = {scan and scan[0] for scan in state.index.scans(gist.scans_clear)}
    if not clear <= _CLEAR:
        raise Doubt
    if None in state.index.scans(gist.scans):
        raise Doubt
    state.index.add_records(gist.records, gist.commitments)
    licences = {use.licence_id for use in gist.uses}
    found = {licence: find_licence(state, licence) for licence in licences}
    for use in gist.uses:
        check_use(state, found[use.licence_id], use)


HANDLERS: dict[str, Handler] = {"ingest.record_decided.v1": _decided}
BULK: dict[str, BulkRules] = {
    "ingest.record_decided.v1": BulkRules(
        fields=(
            "record_id",
            "decision",
            "policy_sha256",
            "licence_id",
            "scan_id",
            "eu_basis",
            "uk_basis",
            "commitment",
        ),
        gather=_gather_decisions,
        apply=_apply_decisions,
    ),
}
