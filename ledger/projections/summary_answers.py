"""What the events can answer of the training-summary template, and no more."""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.projections.optout import OptoutState
from ledger.projections.privacy import Bound
from ledger.projections.signal_names import SIGNAL_NAMES
from ledger.projections.summary_facts import Facts
from ledger.projections.training_sources import UNDECIDED, utc
from ledger.rules.summary import SummaryTemplate

_KINDS: Final = {
    "public_dataset": ("2.1.a", "2.1.b"),
    "licensed": ("2.2.1.a", "2.2.1.b"),
    "synthetic": ("2.5.a", "2.5.b"),
    "other": ("2.6.a", ""),
}
"""Source kinds whose records answer a question of section 2, and its modality field."""

_INGEST: Final = ("ingest.record_decided.v1", "shards.record_assigned.v1")
_SCANS: Final = ("optout.url_scanned.v1",)
_CRAWLER: Final = "tuneledger"
"""What a site sees and can address: the user agent is this with a version, and so is
the product token in robots.txt. `UrlScanned.scanner` names the rules instead."""
_PRIVACY: Final = ("training.privacy_accounted.v1",)
_TRAINING: Final = (
    "training.run_started.v1",
    "training.slice_trained.v1",
    "training.run_finished.v1",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger has to say on one field.

    Attributes:
        value: the answer; empty where it stays unknown and only the note helps.
        note: what it leaves open.
        events: types of the events that it was derived from.
    """

    value: str
    note: str = ""
    events: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["ledger", "unknown"]:
        """Ledger where there is an answer."""
        return "ledger" if self.value else "unknown"


Answers = dict[str, Answer]


def ledger_answers(facts: Facts, template: SummaryTemplate) -> Answers:
    """Every field that the ledger answers or has a note on; the rest is unknown."""
    return {
        **_general(facts, template),
        **_sources(facts),
        **_crawls(facts),
        **_processing(facts),
    }


def _general(facts: Facts, template: SummaryTemplate) -> Answers:
    answers = {
        "H.2": Answer(
            utc(facts.last_at_ms, "%d/%m/%y"),
            f"date of the newest event, {facts.last_event}",
        ),
        "1.2.a": Answer(facts.model_name, "as the runs name it", _TRAINING[:1]),
        "1.2.b": _dependencies(facts),
    }
    if facts.tokens_unique is not None:
        answers["1.3.a"] = Answer(
            "Text", "other modalities are not recorded in this ledger", _TRAINING
        )
        answers["1.3.b"] = Answer(
            f"Text: {template.text_tokens.of(facts.tokens_unique)}",
            "unique tokens of the slices in service, after erasures and filters"
            + (f"; {facts.shards_waiting} shards wait" if facts.shards_waiting else ""),
            _TRAINING,
        )
    if facts.months:
        answers["1.3.d"] = Answer(
            _month(max(facts.months)),
            "month of the newest ingest decision; whether training goes on with new "
            "data is not recorded",
            _INGEST,
        )
    return answers


def _dependencies(facts: Facts) -> Answer:
    if not facts.bases:
        return Answer("", "no run of this model has finished")
    names = [
        f"{base.name} (weights SHA-256 {base.sha256}, licence "
        f"{base.licence or 'not stated'})"
        if base.sha256
        else "none: trained from scratch"
        for base in facts.bases
    ]
    note = "the base's provider and the link to its Summary are not recorded"
    return Answer("; ".join(dict.fromkeys(names)), note, _TRAINING[:1])


def _sources(facts: Facts) -> Answers:
    answers: Answers = {}
    for kind, (question, modality) in _KINDS.items():
        if facts.kinds.get(kind):
            answers[question] = Answer(
                "Yes", f"{kind} records are in the training set", _INGEST
            )
            if modality:
                answers[modality] = Answer("Text", "", _INGEST)
    if facts.kinds.get("user"):
        note = (
            "user records are in the training set; whether from the model or from "
            "other services is not recorded"
        )
        answers["2.4.a"] = Answer("", note, _INGEST)
        answers["2.4.b"] = Answer("", note, _INGEST)
        answers["2.4.d"] = Answer("Text", "", _INGEST)
    if facts.kinds.get(UNDECIDED):
        answers["2.6.c"] = Answer(
            "", f"{facts.kinds[UNDECIDED]} assigned records have no ingest decision"
        )
    return answers


def _rules(facts: Facts) -> str:
    """The versions of the rules that pages were read by."""
    return ", ".join(sorted(facts.optout.scanners))


def _crawls(facts: Facts) -> Answers:
    if not facts.optout.scanners:
        return {}
    verdicts = ", ".join(
        f"{tally.total} {verdict}"
        for verdict, tally in sorted(facts.optout.scans.items())
    )
    answers = {
        "2.3.a": Answer("Yes", "URLs were fetched and scanned", _SCANS),
        "2.3.b": Answer(_CRAWLER, f"by the rules {_rules(facts)}", _SCANS),
        "2.3.d": Answer(
            f"The opt-out signals of field 3.1.b were read for URLs: {verdicts}",
            "captchas and paywalls are not recorded",
            _SCANS,
        ),
    }
    if facts.kinds.get("web"):
        answers["2.3.g"] = Answer("Text", "", _INGEST)
        answers["2.3.h"] = Answer(
            "",
            f"{len(facts.sites)} sites; their names are in the vault",
            (*_SCANS, *_INGEST),
        )
    periods = {
        scanner: sorted(month for month in months if month)
        for scanner, months in sorted(facts.crawls.items())
    }
    spans = [
        f"{scanner}: {_month(months[0])} to {_month(months[-1])}"
        for scanner, months in periods.items()
        if months
    ]
    if spans:
        answers["2.3.e"] = Answer("; ".join(spans), "", (*_SCANS, *_INGEST))
    return answers


def _processing(facts: Facts) -> Answers:
    evidence = f"append-only ledger, events up to {facts.last_event}"
    erased = f"; {facts.erased} records erased on request (Article 17 GDPR)"
    answers = {
        "3.3.a": Answer(
            f"The evidence is an {evidence}"
            + (erased if facts.erased else "")
            + "".join(map(_privacy, facts.privacy)),
            events=_PRIVACY if facts.privacy else (),
        )
    }
    if facts.optout.channels:
        read = [
            said for name, said in SIGNAL_NAMES.items() if name in facts.optout.channels
        ]
        answers["3.1.b"] = Answer(
            "Opt-out signals read by the scans: "
            + ", ".join(dict.fromkeys(read))
            + _excluded(facts.optout),
            "of the whole ledger; measures of third parties are not recorded",
            (*_SCANS, "ingest.record_decided.v1"),
        )
    if facts.policies:
        answers["3.1.c"] = Answer(
            "Policies in force, by SHA-256: " + ", ".join(facts.policies),
            "",
            ("policy.adopted.v1",),
        )
    return answers


def _privacy(bound: Bound) -> str:
    return (
        "; by the trainer's own account the weights in service were trained with "
        "differential privacy (DP-SGD): "
        f"epsilon {bound.epsilon} at delta {bound.delta} for one row of packed text, "
        "which is neither a record nor a person"
    )


def _excluded(optout: OptoutState) -> str:
    parts = []
    for outcome in ("blocked", "pending"):
        tally = optout.decisions.get(outcome)
        if tally is not None and tally.total:
            reasons = ", ".join(
                f"{reason} {count}"
                for reason, count in sorted(tally.by_reason.items())
                if count
            )
            parts.append(f"{tally.total} records {outcome} ({reasons})")
    return ". Excluded by first reason: " + "; ".join(parts) if parts else ""


def _month(month: str) -> str:
    """YYYY-MM as the template's MM/YYYY."""
    year, _, number = month.partition("-")
    return f"{number}/{year}"
