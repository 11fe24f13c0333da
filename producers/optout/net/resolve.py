"""Where to connect for a host: by name service, and never inside our own network."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

ADDRESSES_MAX: Final = 4
"""Most addresses of one name that are tried."""


class RefusedError(OSError):
    """The host resolves to an address that a scan must not reach."""


class UnresolvedError(OSError):
    """The host has no address, or its name is none that can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The addresses that a connection is pinned to.

    Attributes:
        address: IPv4 or IPv6, no name.
        port: TCP port.
        scheme: `http` or `https`, as spoken on this connection.
        others: addresses of the same host, for when the first does not answer.
    """

    address: str
    port: int
    scheme: str
    others: tuple[str, ...] = ()


Resolver = Callable[[str, int, str], Endpoint]
"""(host, port, scheme) to the endpoint; raises OSError where there is none."""


def resolve_public(host: str, port: int, scheme: str) -> Endpoint:
    """Resolve `host` by the system; every address that it has must be public.

    One private address among public ones is refused as a whole, since a name that
    mixes them is how a request is rebound into our own network.

    Raises:
        RefusedError: some address is not public.
        OSError: the name does not resolve.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not addresses:
        raise OSError("the name has no address")
    if not all(is_public(address) for address in addresses):
        raise RefusedError("the name has an address that is not public")
    first, *others = addresses[:ADDRESSES_MAX]
    return Endpoint(address=first, port=port, scheme=scheme, others=tuple(others))


def is_public(address: str) -> bool:
    """Whether an IP address is globally reachable unicast.

    A mapped IPv4 address is judged as such. All other IPv6 addresses must lie in the
    one block that is handed out. What is set aside is named here, since versions of
    Python differ in what `is_global` knows.

    Source: IANA IPv4 and IPv6 special-purpose address registries, IPv6 address space.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _GLOBAL_UNICAST:
            return False
    if any(ip in net for net in _SET_ASIDE):  # never, where the versions differ
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""Outside it: site-local, link-local, unique local, NAT64, IPv4-compatible."""

_SET_ASIDE = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocols; a cloud's metadata in it
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays
    ipaddress.IPv4Network("168.63.129.16/32"),  # looks public; a cloud's host agent
    ipaddress.IPv6Network("2001::/23"),  # protocols, Teredo among them
    ipaddress.IPv6Network("2001:db8::/32"),  # documentation
    ipaddress.IPv6Network("2002::/16"),  # 6to4
    ipaddress.IPv6Network("3fff::/20"),  # documentation, RFC 9637
)
