"""Refuses decisions that the verifier would find, given what stands in the ledger.

A review or a licence must hold at the time that the submission will claim: the verifier
has no other clock that it could hold them against.

Source: docs/spec.md, XEV-6, XEV-19 and XEV-21.
"""

from collections import Counter
from collections.abc import Sequence

from ledger.errors import InputError
from ledger.events import Event
from ledger.events.ingest import DatasetRead, RecordDecided
from ledger.projections import licences
from ledger.projections.licences import LicencesState
from ledger.projections.optout import OptoutState
from ledger.projections.reviewed import cleared_until

_NOT_ACCEPTED = frozenset({"block", "review"})


def check_decisions(
    events: Sequence[Event],
    optout: OptoutState,
    register: LicencesState,
    now_ms: int,
) -> None:
    """Check what decisions rest on, and what was read; other events are left alone.

    Args:
        events: of one submission, in order.
        optout: scans, policies and datasets before it.
        register: licences before it.
        now_ms: Unix milliseconds.

    Raises:
        InputError: a decision rests on a scan that is neither allowed nor cleared, on a
            licence that does not carry it, on research under a policy for something
            else, or is not one that its dataset or its text allows; or the counts of a
            dataset are not those of its decisions.
    """
    new: Counter[tuple[str, str]] = Counter()
    for event in events:
        if isinstance(event, RecordDecided):
            wrong = (
                _wrong_basis(event, optout)
                or _wrong_scan(event, optout, now_ms)
                or _wrong_licence(event, optout, register, now_ms)
                or _wrong_source(event, optout)
            )
            if wrong:
                message = f"record {event.record_id}: expected {wrong}"
                raise InputError(message)
            new[event.dataset_id, event.decision] += 1
        elif isinstance(event, DatasetRead):
            _check_read(event, optout, new)


def _wrong_basis(event: RecordDecided, optout: OptoutState) -> str:
    """What the bases of a decision lack beside a clear scan; empty for nothing."""
    bases = {event.eu_basis, event.uk_basis}
    is_named = event.licence or event.licence_id
    if bases & {"licence", "public_domain"} and not is_named:
        return "a licence for basis licence or public_domain, found none"
    if bases & {"tdm_article_3", "research_29a"}:
        purpose = optout.purposes.get(event.policy_sha256, "none")
        if purpose != "research":
            return f"a policy for research, found purpose {purpose}"
    if event.eu_basis == "tdm_article_3":
        scan = optout.by_scan.get(event.scan_id)
        if scan is None or not scan.is_lawful:
            return "a scan that shows lawful access for basis tdm_article_3"
    return ""


def _wrong_scan(event: RecordDecided, optout: OptoutState, now_ms: int) -> str:
    """What is wrong with the scan that is cited; empty for nothing.

    Article 4 rests on one. No basis carries a text of a site on a list of piracy sites.
    """
    scan = optout.by_scan.get(event.scan_id)
    if event.decision == "accepted" and scan is not None and scan.is_piracy:
        return "no text of a site on a list of piracy sites"
    if event.eu_basis != "tdm_article_4":
        return ""
    found = "no scan" if scan is None else f"verdict {scan.verdict}"
    if event.scan_id in optout.spent:
        found = "one that quarantined records rested on"
    elif scan is not None and (
        scan.verdict == "allowed" or now_ms < cleared_until(optout, event.scan_id)
    ):
        return ""
    return (
        "a scan that is allowed or was cleared for basis tdm_article_4, found " + found
    )


def _wrong_licence(
    event: RecordDecided, optout: OptoutState, register: LicencesState, now_ms: int
) -> str:
    """What is wrong with the licence that is cited; empty for nothing."""
    if not event.licence_id:
        return ""
    licence = register.licences.get(event.licence_id)
    if licence is None:
        return f"a licence of the register, found {event.licence_id!r}"
    scan = optout.by_scan.get(event.scan_id)
    bases = {"eu": event.eu_basis, "uk": event.uk_basis}
    missing = [
        name
        for name, basis in bases.items()
        if basis == "licence" and name not in licence.jurisdictions
    ]
    wrong = ""
    if licence.revoked_by:
        wrong = f"one that event {licence.revoked_by} revoked"
    elif not licences.is_in_force(licence, now_ms):
        wrong = "one that has not begun or has ended"
    elif not licences.is_basis(licence):
        wrong = "one that does not permit to train on content for gain"
    elif missing:
        wrong = f"one that does not hold in {', '.join(missing)}"
    elif scan is not None and licence.sites and scan.site_id not in licence.sites:
        wrong = "one of other sites"
    return f"a licence that carries the decision, found {wrong}" if wrong else ""


def _wrong_source(event: RecordDecided, optout: OptoutState) -> str:
    """What its dataset or its text holds against a decision; empty for nothing."""
    kinds = [found.kind for found in event.sensitive]
    is_accepted = event.decision == "accepted"
    if len(set(kinds)) != len(kinds) or bool(kinds) == (event.action == "none"):
        return "each class once, and an action exactly where one was found"
    if is_accepted and event.action in _NOT_ACCEPTED:
        return f"a record that is not accepted, found action {event.action}"
    if not event.dataset_id:
        return ""
    dataset = optout.datasets.get(event.dataset_id)
    if dataset is None:
        return f"a classified dataset, found {event.dataset_id}"
    if is_accepted and dataset.consent_review == "pending":
        return "no record accepted before the consent review of its dataset"
    return ""


def _check_read(
    event: DatasetRead, optout: OptoutState, new: Counter[tuple[str, str]]
) -> None:
    """Check the counts of a dataset; `new` are the decisions not recorded yet."""
    dataset = optout.datasets.get(event.dataset_id)
    if dataset is None:
        message = f"expected a classified dataset, found {event.dataset_id}"
        raise InputError(message)
    for name in ("accepted", "pending", "blocked"):
        expected = dataset.decided.get(name, 0) + new[event.dataset_id, name]
        found = getattr(event, name)
        if found != expected:
            message = (
                f"dataset {event.dataset_id}: expected {expected} {name}, found {found}"
            )
            raise InputError(message)
