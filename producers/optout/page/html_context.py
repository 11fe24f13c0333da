"""Where the text of an element is markup after all, as far as this can be told.

`<title>` and its like begin text in HTML, unless the parser is inside SVG or MathML,
ignores the tag, or reads the page as XML. A page may lead a reader astray about each of
these; where this one is not sure it reads both ways.

Source: HTML Living Standard, sections 13.2.6.4.16 (select), 13.2.6.4.20 (frameset) and
13.2.6.5 (foreign content).
"""

from collections.abc import Callable

_DEPTH_MAX = 64
_FOREIGN = frozenset({b"svg", b"math"})
_HTML_INSIDE = frozenset(
    {
        b"annotation-xml",
        b"desc",
        b"foreignobject",
        b"mi",
        b"mn",
        b"mo",
        b"ms",
        b"mtext",
        b"title",
    }
)
"""Elements of SVG and MathML that hold HTML; what closes one is told by finer rules."""

_IGNORING = frozenset({b"frameset", b"select"})
"""Elements inside which a parser drops the tags of most others."""


class Context:
    """Follows the elements of a page.

    Args:
        is_xml: whether the page begins as XML, where every element holds markup.
    """

    def __init__(self, *, is_xml: bool) -> None:
        """Start before the first element."""
        self._is_doubtful = is_xml
        self._open: list[bytes] = []

    @property
    def is_sure(self) -> bool:
        """Whether the text of an element here is no markup to any parser."""
        return not (self._open or self._is_doubtful)

    def start(self, tag: bytes, *, is_closed: bool) -> None:
        """Take in a start tag.

        Args:
            tag: its name in lower case, with a prefix if it has one.
            is_closed: whether it ends in a slash, which may also end an attribute.
        """
        if tag in _IGNORING:
            self._is_doubtful = True
        if self._open and (
            self._open[-1] in _HTML_INSIDE or len(self._open) == _DEPTH_MAX
        ):
            self._is_doubtful = True
        elif tag in _FOREIGN or (self._open and (not is_closed or tag in _HTML_INSIDE)):
            self._open.append(tag)

    def end(self, tag: bytes) -> None:
        """Take in an end tag; one that is out of place leaves a doubt for good."""
        if not self._open:
            return
        if self._open[-1] == tag:
            self._open.pop()
        elif tag in self._open:
            self._is_doubtful = True

    def cdata(self) -> None:
        """Take in the start of a section whose tags may be text."""
        self._is_doubtful = self._is_doubtful or bool(self._open)


class Limits:
    """Where stretches end that some parsers take for text and others for markup.

    What begins in one of them must not reach beyond its end: what is hidden in one of
    two readings must not hide what follows in both.
    """

    def __init__(self) -> None:
        """There are none yet."""
        self._ends: dict[bytes, int] = {}
        self._next = 0

    def add(self, kind: bytes, at: int, find: Callable[[int], int], size: int) -> int:
        """Add the stretch that begins at `at`; where it ends.

        Args:
            kind: stretches of one kind end alike: inside one, none is looked for.
            at: where its start tag ends.
            find: from a position to the end; negative where there is none.
            size: bytes of the page.
        """
        end = self._ends.get(kind, 0)
        if at >= end:
            end = find(at)
            end = self._ends[kind] = size if end < 0 else end
            self._next = min(self._ends.values())
        return end

    def clip(self, start: int, at: int) -> int:
        """`at`, unless what began at `start` goes beyond the end of a stretch."""
        if start >= self._next and self._ends:
            self._ends = {k: end for k, end in self._ends.items() if end > start}
            self._next = min(self._ends.values(), default=0)
        return min(at, self._next) if self._ends else at
