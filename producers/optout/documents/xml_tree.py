"""XML from strangers as a small tree: no DTD, no entities, bounded in every direction.

A document type can define entities that expand without bound, or that name files; no
format that is read here needs one, so its declaration alone is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from producers.optout.vocabulary.signals import malformed

BYTES_MAX = 1024 * 1024
"""Largest document that is read."""

DEPTH_MAX = 64
"""Deepest nesting of elements."""

ELEMENTS_MAX = 50_000
"""Most elements of a document."""

NAMESPACE_CHARS_MAX = 1024
"""Longest namespace; the parser writes it out anew for every element."""

_Name = tuple[str, str]


@dataclass(slots=True, eq=False)
class Element:
    """An element.

    Attributes:
        namespace: its namespace; empty where it has none.
        name: its local name.
        line: 1-based line of its start tag.
        attributes: values by (namespace, local name), in order.
        text: the text directly in it, without that of its children.
        children: the elements directly in it.
    """

    namespace: str
    name: str
    line: int
    attributes: dict[_Name, str]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def walk(self) -> Iterator["Element"]:
        """This element and every element in it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))

    def attribute(self, name: str) -> str:
        """The value of an attribute without a namespace; empty where there is none."""
        return self.attributes.get(("", name), "")


def parse_xml(body: bytes, *, what: str) -> Element:
    """Parse a whole document and return its root.

    Args:
        body: the document; its coding is what XML says of it.
        what: name of the source, for messages.

    Raises:
        SignalError: too long, too deep, not well-formed, in an unknown coding, or with
            a document type declaration.
    """
    if len(body) > BYTES_MAX:
        raise malformed(
            f"{what}: expected at most {BYTES_MAX} bytes, found {len(body)}"
        )
    builder = _Builder(what)
    try:
        builder.parser.Parse(body, True)  # noqa: FBT003 - the parser takes no keywords
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = builder.parser.CurrentLineNumber
        raise malformed(f"{what}: line {line}: expected well-formed XML") from error
    return builder.root.children[0]


class _Builder:
    """Handlers of the parser; they raise at the first thing that is refused."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.root = Element("", "", 0, {})
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartNamespaceDeclHandler = self._namespace
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._open: list[tuple[Element, list[str]]] = [(self.root, [])]
        self._count = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > ELEMENTS_MAX:
            raise malformed(f"{self.what}: expected at most {ELEMENTS_MAX} elements")
        if len(self._open) > DEPTH_MAX:
            raise malformed(f"{self.what}: expected at most {DEPTH_MAX} levels")
        element = Element(
            *_split(name),
            line=self.parser.CurrentLineNumber,
            attributes={_split(key): value for key, value in attributes.items()},
        )
        self._open[-1][0].children.append(element)
        self._open.append((element, []))

    def _end(self, _name: str) -> None:
        element, text = self._open.pop()
        element.text = "".join(text)

    def _text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def _namespace(self, _prefix: str | None, uri: str | None) -> None:
        if uri is not None and len(uri) > NAMESPACE_CHARS_MAX:
            raise malformed(
                f"{self.what}: expected namespaces of at most {NAMESPACE_CHARS_MAX} "
                f"characters, found {len(uri)}"
            )

    def _doctype(self, *_declaration: object) -> None:
        raise malformed(f"{self.what}: expected no document type declaration")


def _split(name: str) -> _Name:
    namespace, _, local = name.rpartition(" ")
    return namespace, local
