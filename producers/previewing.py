"""What an ingest would decide, without writing anything.

A module of the composition, as `producers.wiring` is. No site is asked: a record whose
decision depends on a scan is counted as one that needs it.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ledger import Ledger
from ledger.disk.places import ledger_file
from ledger.events.policy import Jurisdiction
from ledger.log.ledger import system_clock_ms
from ledger.vault.fences import Fences
from ledger.vault.names import Names
from ledger.vault.vault import Vault
from ledger.workspace.settings import load_settings
from producers.datasets import classified
from producers.ingest import (
    IngestPolicy,
    InputRecord,
    Register,
    Ruling,
    decide,
    in_register,
    read_licence,
)
from producers.ingest.decide import needs_scan, tighten
from producers.ingest.run import facts_of, licence_cause
from producers.ingest.screening import NO_DATASET
from producers.ingest.sources import Source, Unreadable, distinct
from producers.policies import policy_of
from producers.screen import check_required, screen_port
from producers.urls import origin_of

Foreseen = Literal["accepted", "pending", "blocked", "needs_scan", "kept", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would become of one row.

    Attributes:
        place: where it stands.
        name: the record's own id; empty for what is none.
        outcome: what would be decided, or why nothing would.
        rule: the rule; empty where none is asked.
        reasons: why.
        detail: the cause in words, for a person.
    """

    place: str
    name: str
    outcome: Foreseen
    rule: str = ""
    reasons: tuple[str, ...] = ()
    detail: str = ""


def preview(
    folder: Path,
    source: Source,
    *,
    shunned: Callable[[str], bool],
    dataset: str = "",
    jurisdictions: Sequence[Jurisdiction] = (),
) -> Iterator[Preview]:
    """Decide on each row of a source, one after the other.

    Args:
        folder: the workspace.
        source: the input.
        shunned: whether a URL's site is on a list of piracy sites.
        dataset: the dataset that it is; empty for none.
        jurisdictions: decide for these instead of the settings'.

    Raises:
        InputError: the input or the settings cannot be read, or the dataset was never
            classified.
        NotALedgerError: the folder is no workspace.
    """
    with contextlib.ExitStack() as stack:
        view = _View(folder, stack, shunned, dataset, jurisdictions)
        for item in distinct(source.items()):
            if isinstance(item, Unreadable):
                yield Preview(
                    place=item.place, name="", outcome="unreadable", detail=item.rule
                )
            else:
                yield replace(view.foresee(item.record), place=item.place)


class _View:
    """A workspace that is only looked at."""

    def __init__(
        self,
        folder: Path,
        stack: contextlib.ExitStack,
        shunned: Callable[[str], bool],
        dataset: str,
        jurisdictions: Sequence[Jurisdiction],
    ) -> None:
        settings = load_settings(folder)
        path = ledger_file(folder)
        ledger = stack.enter_context(Ledger.open(path))
        self._vault = Vault(path.with_suffix(".vault"), is_writable=False)
        stack.callback(self._vault.close)
        self._fences = Fences(path.with_suffix(".fences"), is_writable=False)
        stack.callback(self._fences.close)
        self._names = Names(self._vault)
        self._policy: IngestPolicy = policy_of(settings, jurisdictions)
        check_required(self._policy, settings.sensitive_required)
        events = (one.event for one in ledger.events(stream="policy"))
        self._granted = in_register(events)
        self._register = Register(self._granted, self._policy.jurisdictions)
        self._shunned = shunned
        self._consent_review = NO_DATASET.consent_review
        if dataset:
            newest = classified(ledger, self._vault, dataset)
            self._consent_review = newest.consent_review
        self._screen = screen_port(self._policy)
        self._now_ms = system_clock_ms()

    def foresee(self, record: InputRecord) -> Preview:
        """What would become of a record; its place is filled in by the caller."""
        if self._vault.knows(record.id):
            return Preview(place="", name=record.id, outcome="kept")
        facts = facts_of(record, read_licence(record.licence).standing)
        is_shunned = bool(record.url) and self._shunned(record.url)
        if needs_scan(
            facts, has_url=bool(record.url), is_shunned=is_shunned, policy=self._policy
        ):
            return Preview(
                place="",
                name=record.id,
                outcome="needs_scan",
                detail="the site has to be asked",
            )
        if self._granted and facts.standing not in {"licence", "public_domain"}:
            sites = [self._names.find_site(origin_of(record.url))] if record.url else []
            found = self._register.find(sites, record.licence, self._now_ms)
            facts = replace(facts, register=found)
        return self._judge(record, decide(facts, None, self._policy))

    def _judge(self, record: InputRecord, ruling: Ruling) -> Preview:
        """The ruling with what is found in the text, and with the fences."""
        found: Counter[str] = Counter()
        if ruling.decision != "blocked":
            screened = self._screen(record)
            found.update({one.kind: one.count for one in screened.findings})
            ruling = tighten(
                ruling,
                self._policy,
                action=screened.action,
                consent_review=self._consent_review,
            )
        is_fenced = any(map(self._fences.is_fenced, record.subjects))
        if ruling.decision == "accepted" and is_fenced:
            ruling = replace(
                ruling,
                decision="blocked",
                rule="subject_fenced",
                reasons=("subject_fenced",),
            )
        counts = ", ".join(f"{count} {kind}" for kind, count in found.items())
        details = (licence_cause(record, ruling), counts)
        return Preview(
            place="",
            name=record.id,
            outcome=ruling.decision,
            rule=ruling.rule,
            reasons=ruling.reasons,
            detail="; ".join(filter(None, details)),
        )
