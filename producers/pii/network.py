"""E-mail addresses and IP addresses."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from producers.pii.classes import Hints, Span

_LOCAL_MARKS: Final = frozenset(".+-_'%~&!#$")
"""Marks of a local part. RFC 5322 allows `=/?{|}*^` too: in text they mostly belong to
what stands before the address."""

_LOCAL_CHARS_MAX: Final = 64
"""Source: RFC 5321, section 4.5.3.1.1."""

_DOMAIN: Final = re.compile(
    r"(?:[^\W_][\w-]{0,62}\.){1,10}(?:xn--[\w-]{2,59}|[^\W\d_]{2,24})(?![\w-])"
)
_URL_HEAD: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://[^\s/]{0,96}\Z")
_URL_LOOK: Final = 128


class EmailDetector:
    """Judges each `@` alone: local part to its left, domain to its right.

    Source: RFC 5321, sections 4.1.2 and 4.5.3.1; letters of any script (RFC 6531).
    """

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        del hints
        spans = []
        at = text.find("@")
        while at >= 0:
            start = _local_start(text, at)
            domain = _DOMAIN.match(text, at + 1) if start < at else None
            if domain and not _is_userinfo(text, start):
                spans.append(Span(start, domain.end(), "email"))
            at = text.find("@", at + 1)
        return spans


def _local_start(text: str, at: int) -> int:
    """Where the local part before `at` starts; `at` where there is none."""
    start = at
    lowest = max(0, at - _LOCAL_CHARS_MAX)
    while start > lowest and (
        text[start - 1].isalnum() or text[start - 1] in _LOCAL_MARKS
    ):
        start -= 1
    while start < at and not (text[start].isalnum() or text[start] == "_"):
        start += 1
    return start


def _is_userinfo(text: str, start: int) -> bool:
    """Whether the local part is the user or password of a URL (RFC 3986, 3.2.1)."""
    return _URL_HEAD.search(text[max(0, start - _URL_LOOK) : start]) is not None


_IPV4: Final = re.compile(
    r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w-])(?!\.[0-9])"
)
_IPV6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:\.[0-9.]{5,11})?(?![\w:])")
_VERSION: Final = re.compile(
    r"(?i:\b(?:version|release|section|chapter|ver\.?))\s{0,2}\Z"
)
_VERSION_LOOK: Final = 16

_NOBODY: Final = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
"""IPv4 blocks that name no host of a person: this network, loopback, documentation,
multicast, reserved and masks. Source: RFC 6890, section 2.2.2; RFC 5737; RFC 5771."""

_NOBODY_6: Final = tuple(
    ip_network(block) for block in ("::/127", "2001:db8::/32", "ff00::/8")
)
"""The same of IPv6. Source: RFC 6890, section 2.2.3; RFC 3849."""


class IpDetector:
    """IPv4 and IPv6 addresses as `ipaddress` reads them, but those of no host."""

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        del hints
        return [
            Span(start, end, "ip_address")
            for start, end in (*_ipv4(text), *_ipv6(text))
        ]


def _ipv4(text: str) -> Iterator[tuple[int, int]]:
    if "." not in text:
        return
    for found in _IPV4.finditer(text):
        start = found.start()
        before = text[max(0, start - _VERSION_LOOK) : start]
        if _is_host(found.group()) and not _VERSION.search(before):
            yield found.span()


def _ipv6(text: str) -> Iterator[tuple[int, int]]:
    if ":" not in text:
        return
    for found in _IPV6.finditer(text):
        value = found.group()
        colons = value.count(":")
        end = found.end()
        if colons > 2 and value.endswith(":") and not value.endswith("::"):
            value, end = value[:-1], end - 1
        if colons >= 2 and _is_host(value):
            yield found.start(), end


def _is_host(value: str) -> bool:
    """Whether the text is an address that may belong to somebody."""
    try:
        address = ip_address(value)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NOBODY)
    return _is_written_out(value, address) and not any(
        address in block for block in _NOBODY_6
    )


def _is_written_out(value: str, address: IPv6Address) -> bool:
    """Whether it is written as an address: `1::2` is a slice, `00:11:..` hardware.

    Addresses in use start with a block from 1000 on (2000::/3, fc00::/7, fe80::/10),
    or hold an IPv4 address. Source: RFC 4291, section 2.4.
    """
    if "::" in value:
        return int(address) >> 112 >= 0x1000 or address.ipv4_mapped is not None
    return any(len(group) > 2 for group in value.split(":"))
