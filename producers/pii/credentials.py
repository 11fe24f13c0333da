"""Secrets: keys and tokens by their vendor's form, private keys, passwords."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from producers.pii.classes import REACH_CHARS, Hints, Span
from producers.pii.entropy import bits_per_char
from producers.pii.tables import load_table

_PEM: Final = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
)
_PEM_END: Final = "-----END"
_PEM_BODY: Final = re.compile(r"[A-Za-z0-9+/=\s\\]{0,3900}")

_EXAMPLE: Final = re.compile(
    r"(?i)x{4}|\*{3}|\.{3}|example|placeholder|changeme|redacted|your[_-]|dummy|<|\$\{|%\("
)
"""A value that says itself that it is none."""


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """How one kind of secret is written.

    Attributes:
        marks: the pattern is tried where one of these stands in the text, by case.
        pattern: the form; group 1 is the value.
        bits: least entropy of the value, bits a character.
    """

    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    bits: float


@cache
def secret_formats() -> tuple[SecretFormat, ...]:
    """The table of `secrets.toml`."""
    return tuple(
        SecretFormat(
            marks=tuple(row["marks"]),
            pattern=re.compile(row["pattern"]),
            bits=row["bits"],
        )
        for row in load_table("secrets.toml")["secret"]
    )


class SecretDetector:
    """Every format of the table, and PEM private keys."""

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        del hints
        spans = _private_keys(text)
        for form in secret_formats():
            if any(mark in text for mark in form.marks):
                spans += _of_form(text, form)
        return spans


def _of_form(text: str, form: SecretFormat) -> list[Span]:
    """Values of one format that are random enough and do not call themselves examples.

    The span starts at the value, so that `password = ` stays readable.
    """
    spans = []
    for found in form.pattern.finditer(text):
        value = found.group(1)
        if bits_per_char(value) >= form.bits and not _EXAMPLE.search(value):
            spans.append(Span(found.start(1), found.end(1), "secret"))
    return spans


def _private_keys(text: str) -> list[Span]:
    """Private keys from their first line to their last.

    Source: RFC 7468, sections 10 and 11; RFC 9580, section 6.2.
    """
    spans = []
    for head in _PEM.finditer(text):
        furthest = head.start() + REACH_CHARS - 64
        last = text.find(_PEM_END, head.end(), furthest)
        if last >= 0:
            line = text.find("-----", last + len(_PEM_END), last + 64)
            end = line + 5 if line >= 0 else last
            spans.append(Span(head.start(), end, "secret"))
            continue
        body = _PEM_BODY.match(text, head.end())
        end = body.end() if body else head.end()
        spans.append(Span(head.start(), end, "secret"))
    return spans
