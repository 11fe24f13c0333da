"""Decisions on records: XEV-1, XEV-3, XEV-5, XEV-6, and XEV-19 and XEV-21 for them."""

from binascii import unhexlify
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from verifier.doubt import Doubt
from verifier.findings import Code
from verifier.rules.dataset import are_handled, check_sensitive, count_decisions
from verifier.rules.licence import Use, check_use, find_licence
from verifier.rules.optout import check_policy
from verifier.rules.review import check_in_time
from verifier.rules.sources import NOTHING
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

_ARTICLE_3 = b"tdm_article_3"
_ARTICLE_4 = b"tdm_article_4"
# What says who allowed it must name what was allowed.
_LICENSED = frozenset({b"licence", b"public_domain"})
# Source: Directive (EU) 2019/790, Article 3; CDPA 1988, section 29A.
_FOR_RESEARCH = frozenset({_ARTICLE_3, b"research_29a"})
# The scans that Article 4 may rest on; see `verifier.rules.index.Scan`.
_CLEAR = frozenset({"allowed", "cleared"})
_NO_ID = NOTHING.hex().encode()


class _Basis(NamedTuple):
    """What decides whether a decision may be what it is (XEV-6)."""

    policy: bytes
    decision: bytes
    eu_basis: bytes
    uk_basis: bytes
    licence: bytes
    licence_id: bytes
    has_commitment: bool


def _decided(state: History, event: Event, _at: int) -> None:
    policy = check_policy(state, event["policy_sha256"])
    _check_scan(state, event)
    if not state.index.add_record(
        digest(event, "record_id"), digest(event, "commitment")
    ):
        refuse(
            Code.RECORD_DECIDED_TWICE,
            5,
            expected="a record decided once",
            found=event["record_id"],
        )
    _check_basis(
        _Basis(
            event["policy_sha256"],
            event["decision"],
            event["eu_basis"],
            event["uk_basis"],
            event["licence"],
            event["licence_id"],
            has_commitment=bool(event["commitment"]),
        ),
        policy,
    )
    if event["licence_id"]:
        use = Use._make(event[field] for field in Use._fields)
        check_use(state, find_licence(state, use.licence_id), use)
    state.index.sources.cite(
        digest(event, "record_id"),
        digest(event, "scan_id") or NOTHING,
        digest(event, "licence_id"),
    )
    check_sensitive(event["sensitive"], event["action"], event["decision"])
    if event["dataset_id"]:
        count_decisions(state, {(event["dataset_id"], event["decision"]): 1})


def _check_scan(state: History, event: Event) -> None:
    """Check the scan that a decision cites, for the basis that rests on one."""
    basis, status, is_open = event["eu_basis"], "no scan", False
    scan_id = digest(event, "scan_id")
    if scan_id:
        scan = state.index.scan(scan_id)
        if scan is None:
            refuse(Code.SCAN, 3, expected="an earlier scan", found=event["scan_id"])
        status, is_open = scan[0], not state.index.is_closed(scan_id)
    if status == "piracy" and event["decision"] == b"accepted":
        _refuse("no record accepted from a site on a list of piracy sites", status)
    if basis == _ARTICLE_4 and status not in _CLEAR:
        _refuse(
            "a scan that is allowed or was cleared, and was not followed by a "
            "quarantine, for basis tdm_article_4",
            status,
        )
    if basis == _ARTICLE_4 and status == "cleared":
        check_in_time(state, scan_id)
    if basis == _ARTICLE_3 and not is_open:
        _refuse("a scan of a page with lawful access for basis tdm_article_3", status)


def _check_basis(basis: _Basis, policy: Policy) -> None:
    bases = {"eu": basis.eu_basis, "uk": basis.uk_basis}
    if not _LICENSED.isdisjoint(bases.values()) and not (
        basis.licence or basis.licence_id
    ):
        _refuse("a licence for basis licence or public_domain", "none")
    if policy.purpose != "research" and not _FOR_RESEARCH.isdisjoint(bases.values()):
        found = f"purpose {policy.purpose}"
        _refuse("a policy for research for a basis that holds for it only", found)
    is_accepted = basis.decision == b"accepted"
    if is_accepted != basis.has_commitment:
        _refuse(
            "a commitment exactly when the record is accepted",
            f"{basis.decision.decode()} with"
            f"{'' if basis.has_commitment else 'out'} a commitment",
        )
    if not is_accepted:
        return
    for jurisdiction in sorted(policy.jurisdictions):
        if bases[jurisdiction] == b"none":
            _refuse(f"a basis in {jurisdiction}, where the policy applies", "none")


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.DECISION_BASIS, 6, expected=expected, found=found)


@dataclass(frozen=True, slots=True)
class _Decisions:
    """The gist of a bulk of decisions.

    Attributes:
        records: the ids, in order.
        commitments: theirs; empty unless accepted.
        bases: the different bases that occur.
        scans_clear: scans that must be allowed or cleared.
        scans_open: scans whose page must be open.
        scans: other scans that must be there.
        scans_taken: those of them that records are accepted on.
        scans_cited, licences_cited: what each record cites; see `Sources.cite`.
        uses: what is taken from licences.
        decided: how many there are of each dataset and decision.
    """

    records: list[bytes]
    commitments: list[bytes]
    bases: frozenset[_Basis]
    scans_clear: list[bytes]
    scans_open: list[bytes]
    scans: list[bytes]
    scans_taken: list[bytes]
    scans_cited: bytes
    licences_cited: bytes
    uses: frozenset[Use]
    decided: Counter[tuple[bytes, bytes]]


def _gather_decisions(
    records: Column,
    datasets: Column,
    decisions: Column,
    policies: Column,
    licences: Column,
    licence_ids: Column,
    scans: Column,
    eu_bases: Column,
    uk_bases: Column,
    sensitive: Column,
    actions: Column,
    commitments: Column,
) -> _Decisions | None:
    clear = _scans_of(_ARTICLE_4, scans, eu_bases)
    open_ = _scans_of(_ARTICLE_3, scans, eu_bases)
    if b"" in clear or b"" in open_:
        return None
    if not are_handled(sensitive, actions, decisions):
        return None
    others = {*scans} - clear - {b""}
    said = map(bool, commitments)
    rows = zip(
        policies,
        decisions,
        eu_bases,
        uk_bases,
        licences,
        licence_ids,
        said,
        strict=True,
    )
    return _Decisions(
        records=list(map(unhexlify, records)),
        commitments=list(map(unhexlify, commitments)),
        bases=frozenset(map(_Basis._make, set(rows))),
        scans_clear=list(map(unhexlify, clear)),
        scans_open=list(map(unhexlify, open_)),
        scans=list(map(unhexlify, others)),
        scans_taken=list(
            map(unhexlify, others and others & _scans_of(b"accepted", scans, decisions))
        ),
        scans_cited=_joined(scans),
        licences_cited=_joined(licence_ids) if any(licence_ids) else b"",
        uses=_uses(licence_ids, scans, policies, eu_bases, uk_bases),
        decided=_count(datasets, decisions),
    )


def _scans_of(wanted: bytes, scans: Column, said: Column) -> set[bytes]:
    """Return the scans of the decisions that say something."""
    if wanted not in said:
        return set()
    return {scan for scan, found in zip(scans, said, strict=True) if found == wanted}


def _joined(ids: Column) -> bytes:
    """Return ids one after the other, `NOTHING` for empty ones."""
    if b"" in ids:
        ids = tuple(one or _NO_ID for one in ids)
    return unhexlify(b"".join(ids))


def _uses(
    licences: Column,
    scans: Column,
    policies: Column,
    eu_bases: Column,
    uk_bases: Column,
) -> frozenset[Use]:
    if not any(licences):
        return frozenset()
    rows = set(zip(licences, scans, policies, eu_bases, uk_bases, strict=True))
    return frozenset(Use._make(row) for row in rows if row[0])


def _count(datasets: Column, decisions: Column) -> Counter[tuple[bytes, bytes]]:
    if not any(datasets):
        return Counter()
    found = Counter(zip(datasets, decisions, strict=True))
    return Counter({key: count for key, count in found.items() if key[0]})


def _apply_decisions(state: History, gist: _Decisions, _at: int) -> None:
    for basis in gist.bases:
        _check_basis(basis, check_policy(state, basis.policy))
    clear = state.index.scans(gist.scans_clear)
    for scan_id, scan in zip(gist.scans_clear, clear, strict=True):
        if scan is None or scan[0] not in _CLEAR:
            raise Doubt
        if scan[0] == "cleared":
            check_in_time(state, scan_id)
    if None in state.index.scans(gist.scans):
        raise Doubt
    if any(map(state.index.is_closed, gist.scans_open)):
        raise Doubt
    taken = state.index.scans(gist.scans_taken)
    if any(scan is not None and scan[0] == "piracy" for scan in taken):
        raise Doubt
    state.index.add_records(gist.records, gist.commitments)
    state.index.sources.cite(
        b"".join(gist.records), gist.scans_cited, gist.licences_cited
    )
    licences = {use.licence_id for use in gist.uses}
    found = {licence: find_licence(state, licence) for licence in licences}
    for use in gist.uses:
        check_use(state, found[use.licence_id], use)
    count_decisions(state, gist.decided)


HANDLERS: dict[str, Handler] = {"ingest.record_decided.v1": _decided}
BULK: dict[str, BulkRules] = {
    "ingest.record_decided.v1": BulkRules(
        fields=(
            "record_id",
            "dataset_id",
            "decision",
            "policy_sha256",
            "licence",
            "licence_id",
            "scan_id",
            "eu_basis",
            "uk_basis",
            "sensitive",
            "action",
            "commitment",
        ),
        gather=_gather_decisions,
        apply=_apply_decisions,
    ),
}
