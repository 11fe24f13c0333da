"""A draft of the public summary of training content, field by field.

Every field of the template is there, in its order, with one of three statuses: `ledger`
(these events show it), `attested` (a person stated it) or `unknown`. That no event of a
kind was found never becomes a "No": a question without evidence stays unknown.

Source: Article 53(1)(d) of Regulation (EU) 2024/1689; template C(2025) 5235 final,
    re-adopted as C(2025) 8311 final; guidelines C(2025) 5045 final, paragraph 68 (a
    modifier's summary covers the data of the modification only).
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from ledger.errors import InputError
from ledger.projections.compute import ComputeState
from ledger.projections.optout import OptoutState
from ledger.projections.privacy import MapPrivacy
from ledger.projections.provider_roles import Indication
from ledger.projections.provider_status import ProviderStatus
from ledger.projections.shards import ShardsState
from ledger.projections.summary_answers import Answer, Answers, ledger_answers
from ledger.projections.summary_facts import Facts
from ledger.projections.training_sources import SourcesState
from ledger.rules.summary import SummaryTemplate, TemplateField, summary_template

ANSWER_CHARS_MAX: Final = 16_384
"""Longest attested answer."""

_STATEMENTS: Final[dict[Indication, str]] = {
    "INDICATED": (
        "Draft of a public summary of training content under Article 53(1)(d) of "
        "Regulation (EU) 2024/1689: the operator is indicated to be a provider of this "
        "model. A modifier's summary covers the data of the modification only."
    ),
    "NOT_INDICATED": (
        "This is not a summary under Article 53(1)(d) of Regulation (EU) 2024/1689: "
        "the compute does not indicate that the operator is a provider of a "
        "general-purpose AI model. It is a voluntary record; do not publish it as one."
    ),
    "UNKNOWN": (
        "This is not yet a summary under Article 53(1)(d) of Regulation (EU) "
        "2024/1689: whether the operator is a provider of a general-purpose AI model "
        "is not known. Do not publish it as one before that is settled."
    ),
}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One leaf field.

    Attributes:
        id: the template's number and a letter.
        label: the template's label.
        value: the answer; empty where unknown.
        status: where the answer comes from.
        note: what the answer leaves open.
        addition: what a person stated in addition to an answer from the ledger.
        events: types of the events that the answer was derived from.
    """

    id: str
    label: str
    value: str
    status: Literal["ledger", "attested", "unknown"]
    note: str
    addition: str = ""
    events: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section of the template."""

    id: str
    title: str
    fields: tuple[Field, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A draft for one model.

    Attributes:
        model_name: the model.
        statement: what this draft is and is not, in law.
        gpai_provider: the indication that the statement follows from.
        template_version: version of the template.
        template_sha256: digest of the template's file.
        rules_sha256: digest of the rule pack behind `gpai_provider`.
        last_event: the newest event that was seen.
        sections: every section, every field, in the template's order.
        sites: records in the training set by site id, for who resolves the names; not
            for publication.
    """

    model_name: str
    statement: str
    gpai_provider: Indication
    template_version: str
    template_sha256: str
    rules_sha256: str
    last_event: str
    sections: tuple[Section, ...]
    sites: dict[str, int]

    def fields(self) -> dict[str, Field]:
        """Every field by its id, in the template's order."""
        return {field.id: field for part in self.sections for field in part.fields}


def draft(
    model_name: str,
    *,
    sources: SourcesState,
    shards: ShardsState,
    compute: ComputeState,
    optout: OptoutState,
    status: ProviderStatus,
    privacy: Sequence[MapPrivacy] = (),
) -> Summary:
    """Draft the summary of one model from the projections.

    Raises:
        InputError: no run of the ledger names this model.
    """
    model = status.of_model(model_name)
    if model is None:
        message = f"no training run names the model {model_name!r}"
        raise InputError(message)
    template, digest = summary_template()
    facts = Facts.gather(
        model_name,
        sources=sources,
        shards=shards,
        compute=compute,
        optout=optout,
        privacy=privacy,
    )
    return Summary(
        model_name=model_name,
        statement=_STATEMENTS[model.gpai_provider],
        gpai_provider=model.gpai_provider,
        template_version=template.version,
        template_sha256=digest,
        rules_sha256=status.rules_sha256,
        last_event=sources.last_event,
        sections=_sections(template, ledger_answers(facts, template)),
        sites=facts.sites,
    )


def _sections(template: SummaryTemplate, answers: Answers) -> tuple[Section, ...]:
    return tuple(
        Section(
            id=section.id,
            title=section.title,
            fields=tuple(
                _field(field, answers.get(field.id, Answer("")))
                for field in section.fields
            ),
        )
        for section in template.sections
    )


def _field(field: TemplateField, answer: Answer) -> Field:
    return Field(
        id=field.id,
        label=field.label,
        value=answer.value,
        status=answer.status,
        note=answer.note,
        events=answer.events,
    )


def with_attested(summary: Summary, answers: Mapping[str, str]) -> Summary:
    """Put in what a person states, by field id.

    An unknown field gets the answer. A field that the ledger answers keeps its value
    and shows the statement beside it.

    Raises:
        InputError: there is no such field; the answer is empty or longer than
            `ANSWER_CHARS_MAX`; or it says "No" where the ledger shows a "Yes".
    """
    known = summary.fields()
    changed: dict[str, Field] = {}
    for field_id, answer in answers.items():
        field = known.get(field_id)
        if field is None:
            message = f"the template has no field {field_id[:32]!r}"
            raise InputError(message)
        changed[field_id] = _attest(field, answer)
    return _replace(summary, changed)


def _attest(field: Field, answer: str) -> Field:
    text = answer.strip()
    if not 0 < len(text) <= ANSWER_CHARS_MAX:
        message = (
            f"answer to field {field.id}: expected 1 to {ANSWER_CHARS_MAX} characters, "
            f"found {len(text)}"
        )
        raise InputError(message)
    if field.status != "ledger":
        return msgspec.structs.replace(field, value=text, status="attested")
    if field.value == "Yes" and text.casefold().rstrip(".") == "no":
        message = f"answer to field {field.id} is No, but the ledger shows a Yes"
        raise InputError(message)
    return msgspec.structs.replace(field, addition=text)


def with_domains(
    summary: Summary, sizes_by_domain: Mapping[str, int], *, sme: bool | None
) -> Summary:
    """Fill field 2.3.h with the most relevant domain names.

    Domain names are ranked by size, largest first, equal sizes by name. Listed are the
    first ceil(10 % of N) of N names, or for a small or medium-sized enterprise the
    first min(ceil(5 % of N), 1000). This is a share of the names, not the names that
    make up a share of the bytes. The template leaves the rounding open; up is ours.

    Args:
        summary: the draft.
        sizes_by_domain: bytes of content scraped, by registrable domain, at least 0.
        sme: whether the provider is one (Recommendation 2003/361/EC), as attested;
            None where nobody has said so, which takes the longer list.

    Raises:
        InputError: a size is negative.

    Source: template C(2025) 5235 final, section 2.3.
    """
    if min(sizes_by_domain.values(), default=0) < 0:
        message = "sizes by domain: expected at least 0 bytes, found a negative size"
        raise InputError(message)
    if not sizes_by_domain:
        return summary
    rule = summary_template()[0].domains
    ranked = sorted(sizes_by_domain, key=lambda name: (-sizes_by_domain[name], name))
    count = _percent_up(len(ranked), rule.top_percent)
    said = f"top {rule.top_percent} % of {len(ranked)} domain names by size, rounded up"
    if sme:
        count = min(_percent_up(len(ranked), rule.sme_top_percent), rule.sme_top_max)
        said = (
            f"top {rule.sme_top_percent} % of {len(ranked)} domain names by size, "
            f"rounded up, at most {rule.sme_top_max}, for an enterprise attested to be "
            "small or medium-sized"
        )
    elif sme is None:
        said += "; whether the provider is small or medium-sized is not attested"
    field = msgspec.structs.replace(
        summary.fields()["2.3.h"],
        value=", ".join(ranked[:count]),
        status="ledger",
        note=f"{said}. Names were opened from the vault.",
        events=("optout.url_scanned.v1", "ingest.record_decided.v1"),
    )
    return _replace(summary, {"2.3.h": field})


def _percent_up(count: int, percent: int) -> int:
    return -(-count * percent // 100)


def _replace(summary: Summary, changed: Mapping[str, Field]) -> Summary:
    sections = tuple(
        msgspec.structs.replace(
            section,
            fields=tuple(changed.get(field.id, field) for field in section.fields),
        )
        for section in summary.sections
    )
    return msgspec.structs.replace(summary, sections=sections)
