"""Lists of sites and URLs in text files: one a line, `#` starts a comment.

    # sites of a court order
    example.org                  the site and everything below its name
    https://example.com/books/   this URL and everything below its path

Strict on purpose: a line that is neither is refused, since a list that is read in part
would let through what its author named.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.errors import InputError
from producers.optout.net.url import Url, parse_url

BYTES_MAX = 64 * 1024 * 1024
"""Largest list that is read."""

LINES_MAX = 2_000_000
"""Most lines of a list."""

_BOM = b"\xef\xbb\xbf"
_COMMENT = re.compile(r"(?:^|\s)#.*")
_PLAIN = re.compile(r"(?:[a-z0-9_-]{1,63}\.){1,32}[a-z][a-z0-9-]{0,62}")
_IP = re.compile(r"[0-9.]+|.*:.*")


@dataclass(frozen=True, slots=True)
class SiteList:
    """A list that was read.

    Attributes:
        sha256: hex digest of the exact bytes.
        domains: line by name, IDNA encoded, in lower case.
        urls: line by authority and path, without the scheme.
    """

    sha256: str
    domains: dict[str, int]
    urls: dict[str, int]

    def domain_line(self, host: str) -> int:
        """The line that names `host` or a name that it is below of; 0 where none.

        Args:
            host: in any case; a dot at its end changes nothing.
        """
        name = canonical_host(host)
        while name:
            if name in self.domains:
                return self.domains[name]
            name = "" if _IP.fullmatch(name) else name.partition(".")[2]
        return 0

    def url_line(self, url: Url) -> int:
        """The line that names `url`, a path above it, or its site; 0 where none."""
        path = url.target.partition("?")[0]
        above = [path[: at + 1] for at, char in enumerate(path) if char == "/"]
        for target in (url.target, path, *reversed(above), *_bare(above)):
            line = self.urls.get(url.authority + target)
            if line is not None:
                return line
        return self.domain_line(url.host)


def read_site_list(path: Path) -> SiteList:
    """Read a list.

    Raises:
        InputError: not readable, too large, no UTF-8, or a line that is no site and no
            URL; the message names file and line, and not what is in it.
    """
    try:
        return _read(path)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _read(path: Path) -> SiteList:
    try:
        size = path.stat().st_size
        body = path.read_bytes() if size <= BYTES_MAX else b""
    except OSError as error:
        raise InputError(f"site list: cannot be read: {error.strerror}") from error
    if size > BYTES_MAX:
        raise InputError(f"site list: expected at most {BYTES_MAX} bytes, found {size}")
    try:
        text = body.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"site list: expected UTF-8, found byte {error.start} that is not"
        ) from error
    domains, urls = dict[str, int](), dict[str, int]()
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if number > LINES_MAX:
            raise InputError(f"site list: expected at most {LINES_MAX} lines")
        entry = _COMMENT.sub("", line).strip()
        if "://" in entry:
            urls.setdefault(_url_key(entry, number), number)
        elif entry:
            domains.setdefault(_domain(entry, number), number)
    return SiteList(sha256(body).hexdigest(), domains, urls)


def canonical_host(host: str) -> str:
    """A host name, IDNA encoded, in lower case, without a dot at its end.

    Raises:
        InputError: no host name.
    """
    text = host.strip().rstrip(".").lower()
    if text.isascii() and not re.search(r"[\s/@?#\\\[\]]", text):
        return text
    return parse_url(f"https://{text}/").host


def _url_key(entry: str, number: int) -> str:
    try:
        url = parse_url(entry)
    except InputError as error:
        raise _refused(number) from error
    return url.authority + url.target


def _domain(entry: str, number: int) -> str:
    """The name in `entry`; `*.` or a dot in front of it changes nothing."""
    name = entry.removeprefix("*").removeprefix(".").lower()
    if _PLAIN.fullmatch(name):
        return name
    try:
        url = parse_url(f"https://{name}/")
    except InputError as error:
        raise _refused(number) from error
    is_host = url.target == "/" and url.port == 443 and url.authority == url.host
    if not is_host or "." not in url.host.strip("."):
        raise _refused(number)
    return url.host


def _refused(number: int) -> InputError:
    return InputError(f"site list: line {number}: expected a host name or a URL")


def _bare(above: list[str]) -> list[str]:
    """Paths without the slash at their end, as a list may name them."""
    return [path.rstrip("/") for path in reversed(above) if path.rstrip("/")]
