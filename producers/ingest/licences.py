"""Licence text to an SPDX expression, and what it is worth as a basis for training.

The table is data: licences.toml. A licence that it does not list is `unclear`, so that
a new licence is read by a person before it lets anything pass.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from packaging.licenses import (
    InvalidLicenseExpression,
    canonicalize_license_expression,
)

EXPRESSION_CHARS_MAX: Final = 256
"""Longest expression that an event holds (`LicenceExpression`)."""

Standing = Literal["none", "refused", "unclear", "licence", "public_domain"]
"""What a licence is worth: `none` where none is stated, `refused` where it is known and
allows too little, `unclear` where a person has to read it."""

_RANK: Final[Mapping[Standing, int]] = {
    "none": 0,
    "refused": 1,
    "unclear": 2,
    "licence": 3,
    "public_domain": 4,
}

_REFS: Final[Mapping[str, str]] = {
    "licenseref-proprietary": "LicenseRef-Proprietary",
    "licenseref-public-domain": "LicenseRef-Public-Domain",
}
"""The two references whose meaning is agreed; any other could hold a person's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence as the ledger may show it.

    Attributes:
        expression: canonical SPDX expression; empty where none was stated or where the
            text is no expression, since it could then hold anything.
        standing: what it is worth as a basis for training.
    """

    expression: str
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceTable:
    """The licences that somebody has read.

    Attributes:
        version: date of the table, YYYY-MM-DD.
        standings: standing by SPDX id.
        reasons: why, by SPDX id.
    """

    version: str
    standings: Mapping[str, Standing]
    reasons: Mapping[str, str]


@cache
def licence_table() -> LicenceTable:
    """Load the table that ships with this package."""
    text = files("producers.ingest").joinpath("licences.toml").read_text("utf-8")
    table = tomllib.loads(text)
    groups = table["group"]
    return LicenceTable(
        version=table["version"],
        standings={
            name: group["standing"] for group in groups for name in group["ids"]
        },
        reasons={name: group["why"] for group in groups for name in group["ids"]},
    )


def read_licence(text: str) -> Licence:
    """Read what somebody wrote in a licence field.

    Args:
        text: an SPDX expression in any case, free text, or nothing.

    Returns:
        The canonical expression and its standing. An expression with a `LicenseRef-`
        other than Proprietary and Public-Domain is unclear and is not repeated.

    Source: SPDX Specification 2.3, annex D (expressions: WITH binds closest, then AND,
        then OR).
    """
    if not text.strip():
        return Licence(expression="", standing="none")
    expression = _canonical(text)
    if expression is None:
        return Licence(expression="", standing="unclear")
    tokens = expression.replace("(", "( ").replace(")", " )").split()
    return Licence(expression=expression, standing=_Expression(tokens).standing())


def explain(text: str) -> str:
    """Say why a stated licence is no basis, for a person; empty where it is one.

    The answer repeats ids of the SPDX list only: what else stands there may be a name.
    """
    licence = read_licence(text)
    if licence.standing not in {"refused", "unclear"}:
        return ""
    if not licence.expression:
        if len(text) > EXPRESSION_CHARS_MAX:
            return f"custom text of more than {EXPRESSION_CHARS_MAX} characters"
        is_reference = "licenseref-" in text.lower()
        return "a licence of its own" if is_reference else "custom text, no SPDX id"
    table = licence_table()
    names = re.findall(r"[A-Za-z0-9.-]+", licence.expression)
    said = [
        f"{name}: {table.reasons.get(name, 'not in the table of read licences')}"
        for name in dict.fromkeys(name.removesuffix("+") for name in names)
        if name not in {"AND", "OR", "WITH"}
        and table.standings.get(name, licence.standing) == licence.standing
    ]
    return "; ".join(said)


def _canonical(text: str) -> str | None:
    if len(text) > EXPRESSION_CHARS_MAX:  # before the parser: its cost grows with it
        return None
    try:
        expression: str = canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return None
    for token in expression.replace("(", " ").replace(")", " ").split():
        if token.startswith("LicenseRef-"):
            known = _REFS.get(token.lower())
            if known is None:
                return None
            expression = expression.replace(token, known)
    return expression if len(expression) <= EXPRESSION_CHARS_MAX else None


class _Expression:
    """Recursive descent over the tokens of one canonical expression."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens[::-1]

    def standing(self) -> Standing:
        """OR: the licensee chooses, so the best operand counts."""
        best = self._conjunction()
        while self._take("OR"):
            best = max(best, self._conjunction(), key=_RANK.__getitem__)
        return best

    def _conjunction(self) -> Standing:
        """AND: every term binds, so the worst operand counts."""
        worst = self._term()
        while self._take("AND"):
            worst = min(worst, self._term(), key=_RANK.__getitem__)
        return worst

    def _term(self) -> Standing:
        if self._take("("):
            inner = self.standing()
            self._take(")")
            return inner
        # `X+` also offers later versions, which takes nothing from X.
        name = self._tokens.pop().removesuffix("+")
        if self._take("WITH"):
            self._tokens.pop()  # an exception adds permissions; it takes none away
        return licence_table().standings.get(name, "unclear")

    def _take(self, token: str) -> bool:
        if self._tokens and self._tokens[-1] == token:
            self._tokens.pop()
            return True
        return False
