"""ai.txt as a declaration: fields for the site, and blocks for named agents.

    Spec-Version: 1.0
    Training: conditional
    Training-Deny: /members/*
    Agent: ExampleBot
      Training: deny

The strict reading: a no for the site, for everybody, for us or for a training crawler
of the basket decides, whatever a block allows; `Training` is `deny` where it is not
given; and a yes that comes with a licence, a fee, a duty or a condition is read by a
person.

Source: draft-car-ai-txt-wellknown-00 (June 2026); ai.txt specification 1.0
(February 2026), sections "Content Policy Fields", "Training Path Fields" and "Agent
Blocks".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from producers.optout.robots.lines import Line
from producers.optout.vocabulary.patterns import (
    canonical_escapes,
    escape_octets,
    parse_glob,
    path_of,
)
from producers.optout.vocabulary.signals import Statement
from producers.optout.vocabulary.usage import names_training, statement_of

VERSION: Final = (b"spec-version", b"1.0")
"""The field that tells a declaration from other files of this name, and its value."""

_TRAINING: Final = "training"
_POLICIES: Final = frozenset({_TRAINING, "scraping"})
_DENY_PATH: Final = "training-deny"
_VALUES: Final = frozenset({"allow", "deny", "conditional"})
_DUTIES: Final = frozenset({"attribution", "ai-disclosure", "audit"})
_NO_DUTY: Final = frozenset({"none", "optional", "recommended"})
_ABOUT_THE_FILE: Final = frozenset({"ai-json"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a declaration.

    Attributes:
        line: 1-based number.
        key: in lower case.
        value: as written.
        agents: whom it speaks to, case-folded; empty for everybody.
    """

    line: int
    key: str
    value: str
    agents: frozenset[str]


@dataclass(frozen=True, slots=True)
class AiDeclaration:
    """A declaration; its fields in order."""

    fields: tuple[Field, ...]

    def decide(self, agent: str, url: str, basket: Collection[str] = ()) -> Statement:
        """What the file says to `agent` about `url`.

        Args:
            agent: our own product token.
            url: absolute or relative; percent-encoded by the caller.
            basket: those of training crawlers; only a no to one of them counts.
        """
        path = canonical_escapes(path_of(url))
        said = self._fields_for({"*", agent.casefold()})
        others = self._fields_for({token.casefold() for token in basket})
        for one in (*said, *others):
            if _is_no(one, path):
                return statement_of({"train": "disallow"}, line=one.line)
        training = [one for one in said if one.key == _TRAINING]
        if not training:
            return statement_of({"train": "disallow"}, line=self.fields[0].line)
        for one in said:
            if one.key in _POLICIES and one.value.lower() not in _VALUES:
                return Statement(reservation="unset", line=one.line, is_malformed=True)
        for one in said:
            if _is_condition(one):
                return statement_of({}, line=one.line, review="linked_rights")
        return statement_of({"train": "allow"}, line=training[0].line)

    def _fields_for(self, names: set[str]) -> list[Field]:
        """The fields for everybody, and those of blocks that name one of `names`."""
        return [
            one
            for one in self.fields
            if not one.agents or not names.isdisjoint(one.agents)
        ]


def read_declaration(body: bytes, lines: Iterable[Line]) -> AiDeclaration:
    """Read the lines of `body` as fields; an indented one belongs to its block."""
    rows = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    fields: list[Field] = []
    agents = frozenset[str]()
    is_open = False
    for line in lines:
        key = line.key.decode("utf-8", "replace").lower()
        value = line.value.decode("utf-8", "replace")
        is_inside = rows[line.number - 1].startswith((b" ", b"\t"))
        if key == "agent":
            agents = (agents if is_open else frozenset()) | {value.casefold()}
            is_open = True
            continue
        is_open = False
        agents = agents if is_inside else frozenset()
        fields.append(Field(line.number, key, value, agents))
    return AiDeclaration(tuple(fields))


def _is_no(one: Field, path: bytes) -> bool:
    if one.key in _POLICIES:
        return one.value.lower() == "deny"
    pattern = escape_octets(one.value.encode())
    return one.key == _DENY_PATH and parse_glob(pattern).matches(path)


def _is_condition(one: Field) -> bool:
    """Whether the field binds a yes to something, or may."""
    if one.key in _DUTIES:
        return one.value.lower() not in _NO_DUTY
    if one.key in _POLICIES:
        return one.value.lower() == "conditional"
    return names_training(one.key) and one.key not in _ABOUT_THE_FILE
