"""Links to RSL documents, in the header of a response and in the elements of a page.

    Link: <https://example.com/rsl.xml>; rel="license"; type="application/rsl+xml"
    <link rel="license" type="application/rsl+xml" href="/rsl.xml">

A licence link of another type, such as one to a Creative Commons deed, is no RSL.

Source: RSL 1.0, section 4; RFC 8288, section 3 and appendix B.2.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from producers.optout.page.html_meta import Link

MEDIA_TYPE: Final = "application/rsl+xml"

URLS_MAX: Final = 16
"""Most documents that are taken from one response."""

_TARGET = re.compile(r"[^<]*<([^>]*)>")
_PARAMETER = re.compile(
    r"""[^;,<]*;\s*([^\s=;,"<]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|"?([^\s;,"]*)))?""",
    re.DOTALL,
)
"""What stands between two parameters and is none is passed over."""


def header_licence_urls(headers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Targets of the RSL links in Link lines, as written; perhaps relative.

    Args:
        headers: (name, value) in order; names in any case.
    """
    urls = [
        target
        for name, value in headers
        if name.lower() == "link"
        for target, rel, kind in _links(value)
        if _is_rsl(rel, kind)
    ]
    return tuple(dict.fromkeys(urls))[:URLS_MAX]


def page_licence_urls(links: Sequence[Link]) -> tuple[str, ...]:
    """Targets of the RSL links of a page, as written; perhaps relative."""
    urls = [link.href for link in links if _is_rsl(link.rel, link.type)]
    return tuple(dict.fromkeys(urls))[:URLS_MAX]


def _is_rsl(rel: str, kind: str) -> bool:
    media_type = kind.partition(";")[0].strip().lower()
    return "license" in rel.lower().split() and media_type == MEDIA_TYPE


def _links(value: str) -> Iterator[tuple[str, str, str]]:
    """(target, rel, type) of every link; the first of two like parameters counts."""
    at = 0
    while (target := _TARGET.match(value, at)) is not None:
        at = target.end()
        parameters: dict[str, str] = {}
        while (found := _PARAMETER.match(value, at)) is not None:
            at = found.end()
            said = found[2] if found[2] is not None else (found[3] or "")
            parameters.setdefault(found[1].lower(), said.strip("'"))
        yield target[1].strip(), parameters.get("rel", ""), parameters.get("type", "")
