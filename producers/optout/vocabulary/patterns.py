"""Path patterns of RFC 9309: `*` is any run of octets, a final `$` is the end.

Matching is greedy and never goes back, so it takes time linear in the path for each
pattern, whatever a site writes.

Source: RFC 9309, sections 2.2.2 and 2.2.3.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_PATH_START = re.compile(r"[/?;]")
_AUTHORITY_END = re.compile(r"[/?#\\]")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern, split at its stars.

    Attributes:
        pieces: what lies between the stars; at least one, which starts the path.
        anchored: whether the last piece must end the path.
    """

    pieces: tuple[bytes, ...]
    anchored: bool

    def matches(self, path: bytes) -> bool:
        """Whether the pattern matches from the start of `path`."""
        first, *rest = self.pieces
        if not path.startswith(first):
            return False
        if not rest:
            return not self.anchored or len(path) == len(first)
        at = len(first)
        for piece in rest[:-1]:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        if self.anchored:
            return len(path) - len(rest[-1]) >= at and path.endswith(rest[-1])
        return path.find(rest[-1], at) >= 0


def parse_glob(pattern: bytes, *, decode: bool = False) -> Glob:
    """Split `pattern` at its stars.

    Args:
        pattern: octets; `$` is special only as the last one.
        decode: percent-decode the pieces, so that `%2A` is a star to be matched as
            such. The path must then be decoded too.
    """
    anchored = pattern.endswith(b"$")
    first, *rest = (pattern[:-1] if anchored else pattern).split(b"*")
    # A run of stars is one star: empty pieces in the middle match anywhere.
    pieces = [first, *(piece for piece in rest[:-1] if piece), *rest[-1:]]
    if decode:
        pieces = [unquote_to_bytes(piece) for piece in pieces]
    return Glob(tuple(pieces), anchored)


def canonical_escapes(octets: bytes) -> bytes:
    """Write escapes in upper case, and `%7E` as `~`.

    Nothing else is decoded: to google/robotstxt `%62` and `b` differ. The tilde is the
    one unreserved character that older rules required to be escaped.

    Source: RFC 3986, section 6.2.2.1; RFC 1738, section 2.2.
    """
    return _ESCAPE.sub(lambda found: found.group().upper(), octets).replace(
        b"%7E", b"~"
    )


def escape_octets(pattern: bytes) -> bytes:
    """Percent-encode octets outside ASCII, and write escapes canonically.

    Source: RFC 9309, section 2.2.2.
    """
    pattern = _NOT_ASCII.sub(lambda found: b"%%%02X" % found.group()[0], pattern)
    return canonical_escapes(pattern)


def path_of(url: str) -> bytes:
    """The part of a URL that patterns are matched with: path and query.

    Takes relative references too, and never fails: without a path it is `/`.

    Source: google/robotstxt, `GetPathParamsQuery`.
    """
    start = 2 if url.startswith("//") else 0
    early = _path_start(url, start)
    scheme_end = url.find("://", start)
    if 0 <= scheme_end < early:
        start = scheme_end + 3
    path_start = _path_start(url, start)
    fragment = url.find("#", start)
    end = len(url) if fragment < 0 else fragment
    path = url[path_start:end]
    if not path.startswith("/"):
        path = "/" + path
    return path.encode("utf-8", "surrogatepass")


def host_of(url: str) -> str:
    """Host, and port unless it is the default one; empty for a relative reference."""
    scheme, mark, rest = url.partition("://")
    if not mark or not scheme.isalnum():
        return ""
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2].lower()
    default_port = {"http": ":80", "https": ":443"}.get(scheme.lower(), "")
    return host.removesuffix(default_port).removesuffix(".")


def _path_start(url: str, start: int) -> int:
    found = _PATH_START.search(url, start)
    return len(url) if found is None else found.start()
