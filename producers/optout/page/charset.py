"""Whether a page is markup, and its bytes in a coding in which markup can be found.

Elements are found by their ASCII octets. In most codings these mean what they say; in
the others (ISO-2022-JP, UTF-7, UTF-32, EBCDIC ...) a reservation can hide, or text look
like markup. Such a page is not read at all.

Source: Encoding Standard, section 4.2 (names and labels).
"""

import codecs
import re
from collections.abc import Iterable
from typing import Final

from producers.optout.net.response import Response

_UTF_16: Final = re.compile(r"utf[-_]?16[-_]?(be|le)?|ucs-?2|iso-10646-ucs-2|unicode")
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,>/]+)", re.IGNORECASE)
_KEEPS_ASCII: Final = re.compile(
    r"utf-?8|(?:us-?)?ascii|iso-?8859-?\d{1,2}|latin-?\d|(?:windows|cp)-?125\d"
    r"|(?:windows|cp)-?(?:874|932|936|949|950)|koi8-?[ru]|ibm-?866|macintosh|tis-?620"
    r"|(?:x-)?sjis|shift-?jis|ms-?kanji|euc-?(?:jp|kr|cn|tw)|(?:x-)?gbk|gb-?2312"
    r"|gb-?18030|big5(?:-?hkscs)?|ks-?c-?5601.*|x-user-defined"
)
_SHIFTING: Final = re.compile(rb"\x1b[$(]")
_HEAD_BYTES: Final = 4096
_UTF_32: Final = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")


def is_markup(page: Response) -> bool:
    """Whether browsers may take the page for markup: by any type it states, or else."""
    kinds = [v.lower() for name, v in page.headers if name == "content-type"]
    if not any(kinds) or any("html" in kind or "xml" in kind for kind in kinds):
        return True
    return page.body.lstrip(b"\xef\xbb\xbf \t\r\n\f").startswith(b"<")


def ascii_superset(page: Response) -> bytes | None:
    """The page in a coding whose ASCII octets are ASCII; None where that is not known.

    UTF-16 is turned into UTF-8; codings that keep ASCII are left as they are.
    """
    body = page.body
    if body.startswith(_UTF_32) or _SHIFTING.search(body) is not None:
        return None
    by_header = _charsets(v for name, v in page.headers if name == "content-type")
    codec = _utf_16(body, by_header)
    if codec is not None:
        return body.decode(codec, "replace").encode("utf-8", "replace")
    # A page that calls itself UTF-16 in ASCII octets is not (HTML Standard, 13.2.3.2).
    by_page = _charsets([body[:_HEAD_BYTES].decode("latin-1")])
    named = [*by_header, *(one for one in by_page if not _UTF_16.fullmatch(one))]
    return body if all(map(_KEEPS_ASCII.fullmatch, named)) else None


def _charsets(texts: Iterable[str]) -> list[str]:
    """Every coding that is named, in lower case."""
    names = [name for text in texts for name in _CHARSET.findall(text)]
    return [name.lower().replace("_", "-") for name in names]


def _utf_16(body: bytes, declared: list[str]) -> str | None:
    """The form of UTF-16 by mark, by declaration, or by where the first NUL is."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    found = next(filter(None, map(_UTF_16.fullmatch, declared)), None)
    if found is not None and found[1]:
        return f"utf-16-{found[1]}"
    if body.startswith(b"\0"):
        return "utf-16-be"
    is_little = found is not None or body[1:2] == b"\0"
    return "utf-16-le" if is_little else None
