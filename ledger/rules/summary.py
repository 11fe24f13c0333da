"""The training-summary template as typed values."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger.rules import SUMMARY_TEMPLATE, load_pack


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table: a field that the code does not know is an error."""


class TemplateField(_Table, frozen=True, kw_only=True):
    """One leaf field: its id (the template's number and a letter) and its label."""

    id: str
    label: str


class Section(_Table, frozen=True, kw_only=True):
    """One numbered section."""

    id: str
    title: str
    fields: tuple[TemplateField, ...]


class DomainRule(_Table, frozen=True, kw_only=True):
    """How many domain names field 2.3.h lists; see the rule pack."""

    top_percent: Annotated[int, Meta(ge=1, le=100)]
    sme_top_percent: Annotated[int, Meta(ge=1, le=100)]
    sme_top_max: Annotated[int, Meta(ge=1)]


class TextBands(_Table, frozen=True, kw_only=True):
    """The bands of field 1.3.b for text, in tokens."""

    middle_from: int
    middle_to: int
    low: str
    middle: str
    high: str

    def of(self, tokens: int) -> str:
        """The band of a number of tokens, at least 0; both edges are in the middle."""
        if tokens < self.middle_from:
            return self.low
        return self.middle if tokens <= self.middle_to else self.high


class SummaryTemplate(_Table, frozen=True, kw_only=True):
    """The whole template."""

    version: str
    source: str
    domains: DomainRule
    text_tokens: TextBands
    sections: tuple[Section, ...]

    def fields(self) -> Iterator[TemplateField]:
        """Every leaf field in the template's order."""
        for section in self.sections:
            yield from section.fields


def summary_template() -> tuple[SummaryTemplate, str]:
    """The shipped template and the digest of its file."""
    pack = load_pack(SUMMARY_TEMPLATE)
    return msgspec.convert(pack.data, SummaryTemplate), pack.sha256
