"""One spelling for each URL, so that caches and rules cannot be split by another.

Source: RFC 3986, section 6.2.2; UTS 46 for host names.
"""

import re
from dataclasses import dataclass

from ledger.errors import InputError
from producers.optout.vocabulary.patterns import canonical_escapes

URL_CHARS_MAX = 4096
"""Longest URL that is taken."""

_DEFAULT_PORT = {"http": 80, "https": 443}
_HOST = re.compile(r"[0-9a-z._:-]{1,253}")
_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """An absolute http or https URL in canonical form, without a fragment.

    Attributes:
        scheme: `http` or `https`.
        host: lower case, IDNA encoded; an IPv6 address without brackets.
        port: never absent.
        target: path and query, percent-encoded, escapes in upper case.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host, and the port unless it is the default one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = self.port == _DEFAULT_PORT[self.scheme]
        return host if is_default else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`: what a robots.txt speaks for (RFC 9309, 2.3)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def text(self) -> str:
        """The whole URL."""
        return self.origin + self.target


def parse_url(text: str, *, base: Url | None = None) -> Url:
    """Normalise a URL.

    Args:
        text: absolute, or relative to `base`.
        base: the page that a redirect came from.

    Raises:
        InputError: too long, not http or https, no host, or with user information. The
            message does not repeat the URL, which may name a person.
    """
    import httpx  # noqa: PLC0415 - an extra; everything pure works without it

    if len(text) > URL_CHARS_MAX:
        raise InputError(
            f"url: expected at most {URL_CHARS_MAX} characters, found {len(text)}"
        )
    if _CONTROL_OR_SPACE.search(text):
        raise InputError("url: found a space, a backslash or a control character")
    try:
        url = httpx.URL(text)
        if base is not None:
            url = httpx.URL(base.text).join(url)
        host = url.raw_host.decode("ascii").lower().removesuffix(".")
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError("url: expected an http or https URL") from error
    if url.scheme not in _DEFAULT_PORT or not _HOST.fullmatch(host):
        raise InputError("url: expected an http or https URL with a host")
    if url.userinfo:
        raise InputError("url: found user information before the host")
    port = _DEFAULT_PORT[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise InputError(f"url: expected a port from 1 to 65535, found {port}")
    target = _resolved(canonical_escapes(url.raw_path)).decode("ascii") or "/"
    return Url(scheme=url.scheme, host=host, port=port, target=target)


def absolute(text: str, base: Url) -> str:
    """`text` as an absolute URL; as it is where it is none."""
    try:
        return parse_url(text, base=base).text
    except InputError:
        return text


def _resolved(target: bytes) -> bytes:
    """Take out the segments `.` and `..`, escaped ones too: servers take them out.

    Source: RFC 3986, section 5.2.4; URL Standard, section 4.4 (double-dot segments).
    """
    path, mark, query = target.partition(b"?")
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments:
        dots = segment.upper().replace(b"%2E", b".")
        if dots == b"..":
            del kept[max(1, len(kept) - 1) :]
        elif dots != b".":
            kept.append(segment)
    if segments[-1].upper().replace(b"%2E", b".") in {b".", b".."}:
        kept.append(b"")
    return b"/".join(kept) + mark + query
