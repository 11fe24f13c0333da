"""What to do next, for whoever reads a scan that is not all `allowed`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ledger.events.ingest import Decision, IngestReason
from producers.commands.words import counted
from producers.optout.vocabulary.causes import CAUSES
from producers.rights import Decided

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult

_STEPS: Final = {
    "cleared": "cleared by a person: ingest and rescan follow that; nothing to do",
    "upheld": "decided by a person, who said no: leave out, or enter a licence "
    "(tuneledger licence add)",
    "reserved": "reserved: leave out, or enter a licence (tuneledger licence add)",
    "not_open": "behind a login or a paywall: leave out, or get lawful access first; "
    "a licence comes after that",
    "review": "for a person to read: tuneledger review list",
    "refused_address": "at an address that is not public, which is never read: "
    "leave out",
    "dns": "whose host has no address: check the spelling, or leave out",
    "gone": "gone from the site (http_404, http_410): leave out",
    "unreadable": "could not be read: scan again in an hour, with --resume to skip "
    "what could; leave out what stays unread",
    "recent": "not allowed when scanned within the last day: scan without --resume "
    "to see why",
}
"""What each kind of URL asks for, in the order in which it is printed."""

_GONE: Final = {"http_404", "http_410"}


class NextSteps:
    """Counts the kinds of URLs that are not allowed, and why some could not be read."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._causes: set[str] = set()

    def take(self, result: "ScanResult", review: Decided | None) -> None:
        """Count a scan."""
        if result.verdict != "allowed":
            self._kinds[_kind(result, review)] += 1
            self._causes |= _causes(result)

    def lines(self, *, not_allowed: int) -> Iterator[str]:
        """One line for each kind, and one for what each cause means.

        Args:
            not_allowed: how many URLs are not allowed, those included that were not
                scanned again and so not counted here.
        """
        self._kinds["recent"] = not_allowed - self._kinds.total()
        for kind, step in _STEPS.items():
            if self._kinds[kind]:
                yield f"next: {counted(self._kinds[kind], 'URL')} {step}"
        if self._causes:
            yield "causes:"
        meanings: Mapping[str, str] = CAUSES
        for cause in sorted(self._causes):
            yield f"  {cause}: {meanings.get(cause, 'the status of the answer')}"


def ingest_steps(
    decisions: Mapping[Decision, int], reasons: Mapping[IngestReason, int]
) -> Iterator[str]:
    """One line for what waits, one for who is fenced, one where all was blocked."""
    if waiting := decisions.get("pending", 0):
        yield (
            f"next: {counted(waiting, 'record')} for a person: `tuneledger review "
            "list` names scans to read; for an unclear licence state a known one; "
            "then ingest the same file again: what was accepted is kept as it is"
        )
    if fenced := reasons.get("subject_fenced", 0):
        yield (
            f"next: {counted(fenced, 'record')} of persons who were erased, or asked "
            "to be: leave out"
        )
    blocked = decisions.get("blocked", 0) - fenced
    if blocked and not decisions.get("accepted"):
        yield (
            f"next: {counted(blocked, 'record')} blocked and none accepted: see the "
            "reasons above; `tuneledger scan --details URL` says what a site reserves"
        )


def _causes(result: "ScanResult") -> set[str]:
    """Why something of a URL is unread."""
    return {*result.causes.values(), result.page_cause} - {""}


def _kind(result: "ScanResult", review: Decided | None) -> str:
    if result.verdict == "reserved":
        return "not_open" if "not_open" in result.reasons else "reserved"
    if review is not None:
        return review.outcome
    if result.needs_review:
        return "review"
    return _unread_kind(result)


def _unread_kind(result: "ScanResult") -> str:
    """Whether asking again may help, by what kept us from reading."""
    causes = _causes(result)
    for cause in ("refused_address", "dns"):
        if cause in causes:
            return cause
    return "gone" if result.page_cause in _GONE else "unreadable"
