"""The elements of an RSL document, read without ever expanding an entity.

A document type declaration is refused, as `defusedxml` does, so that neither entities
nor external files exist for the parser.

Source: RSL 1.0, section 3; Expat, "Security considerations".
"""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SignalError, malformed

NAMESPACE: Final = "https://rslstandard.org/rsl"

DEPTH_MAX: Final = 32
"""Deepest nesting of elements; RSL needs 6, a feed that holds it some more."""

CONTENTS_MAX: Final = 10_000
"""Most content elements that are read."""

_WORDS = re.compile(r"[\s,]+")
_RULES = frozenset({"permits", "prohibits"})
_URLS = frozenset({"terms", "standard", "custom"})
_TEXT = _RULES | _URLS
_IN_LICENCE = frozenset({*_TEXT, "payment", "legal", "amount"})
"""Elements that may stand in a licence."""


@dataclass(slots=True)
class Licence:
    """A license element, as written.

    Attributes:
        line: 1-based line of its start tag.
        rules: (`permits` or `prohibits`, type, words), in order.
        payments: types of payment, in order; empty where one has none.
        urls: of its terms and prices.
        has_unknown: whether it holds an element that may restrict and is not read here.
    """

    line: int
    rules: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    has_unknown: bool = False


@dataclass(slots=True)
class Content:
    """A content element, as written.

    Attributes:
        line: 1-based line of its start tag.
        url: what it is about: a URL or a path pattern.
        server: where a licence must be obtained; empty where nowhere.
        is_encrypted: whether the asset is encrypted.
        licences: alternatives.
    """

    line: int
    url: str
    server: str
    is_encrypted: bool
    licences: list[Licence] = field(default_factory=list)


def read_contents(body: bytes) -> list[Content]:
    """Every content element of a document, or of a feed that holds some.

    Raises:
        SignalError: too long, too deep, no XML, a document type, or no RSL at all.
    """
    if len(body) > POLICY_BYTES_MAX:
        message = f"rsl: expected at most {POLICY_BYTES_MAX} bytes, found {len(body)}"
        raise SignalError(message, outcome="unreadable", reason="unreadable")
    reader = _Reader()
    try:
        reader.parser.Parse(body.strip(), True)  # noqa: FBT003 - takes no keyword
    except SignalError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = reader.parser.ErrorLineNumber
        raise malformed(f"rsl: line {line}: expected XML") from error
    if not reader.is_rsl:
        message = f"rsl: expected elements of {NAMESPACE}"
        raise SignalError(message, outcome="unknown", reason="unknown_dialect")
    if not reader.contents:
        raise malformed("rsl: expected a content element")
    return reader.contents


class _Reader:
    """Collects while the parser walks over the document."""

    def __init__(self) -> None:
        self.contents: list[Content] = []
        self.is_rsl = False
        self._open: list[str] = []
        self._content: Content | None = None
        self._licence: Licence | None = None
        self._reading = ""
        self._type = ""
        self._text: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _doctype(self, *_declaration: object) -> None:
        raise malformed("rsl: expected no document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        if len(self._open) > DEPTH_MAX:
            raise malformed(f"rsl: expected at most {DEPTH_MAX} levels of elements")
        namespace, _, tag = name.rpartition(" ")
        line = self.parser.CurrentLineNumber
        if namespace != NAMESPACE:
            if self._licence is not None and tag in _IN_LICENCE:
                self._licence.has_unknown = True  # of RSL's, but for its namespace
            return
        self.is_rsl = True
        if tag == "content":
            self._start_content(line, attributes)
        elif self._content is not None and tag == "license":
            if self._licence is not None:
                raise malformed(f"rsl: line {line}: found a licence inside another")
            self._licence = Licence(line)
            self._content.licences.append(self._licence)
        elif self._licence is not None:
            self._start_term(self._licence, tag, attributes)
        elif self._content is not None and tag in {*_RULES, "payment"}:
            raise malformed(f"rsl: line {line}: expected {tag} in a licence")

    def _start_term(
        self, licence: Licence, tag: str, attributes: dict[str, str]
    ) -> None:
        kind = attributes.get("type", "").strip().lower()
        if tag not in _IN_LICENCE or self._reading in _RULES:
            licence.has_unknown = True
        elif tag == "payment":
            licence.payments.append(kind)
        elif tag in _TEXT:
            self._reading, self._type = tag, kind
            self._text.clear()

    def _start_content(self, line: int, attributes: dict[str, str]) -> None:
        if self._content is not None:
            raise malformed(f"rsl: line {line}: found a content element inside another")
        if len(self.contents) >= CONTENTS_MAX:
            raise malformed(f"rsl: expected at most {CONTENTS_MAX} content elements")
        encrypted = attributes.get("encrypted", "").strip().lower()
        self._content = Content(
            line=line,
            url=attributes.get("url", "").strip(),
            server=attributes.get("server", "").strip(),
            is_encrypted=encrypted not in {"", "false", "0"},
        )
        self.contents.append(self._content)

    def _end(self, name: str) -> None:
        self._open.pop()
        namespace, _, tag = name.rpartition(" ")
        if namespace != NAMESPACE:
            return
        if tag == "content":
            self._content = self._licence = None
        elif tag == "license":
            self._licence = None
        elif self._licence is not None and tag == self._reading:
            self._end_term(self._licence, tag, "".join(self._text).strip())

    def _end_term(self, licence: Licence, tag: str, text: str) -> None:
        self._reading = ""
        if tag in _RULES:
            words = frozenset(filter(None, _WORDS.split(text.lower())))
            licence.rules.append((tag, self._type, words))
        elif text:
            licence.urls.append(text)
