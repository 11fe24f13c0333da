"""One HTTP exchange with a server that the operator named, limited in every way.

No redirects, no cookies, no proxies from the environment, one deadline for everything,
a limit on the answer. Any address may be asked, loopback too: unlike a scan, this goes
where the operator says. Answers are believed for their signatures alone.
"""

import socket
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ledger.errors import InputError
from producers.optout.net.resolve import Endpoint
from producers.optout.net.url import Url, parse_url

if TYPE_CHECKING:
    import httpcore

SECONDS_MAX: Final = 30.0
"""Time for one exchange, name resolution not counted."""

ANSWER_BYTES_MAX: Final = 128 * 1024
"""Longest answer: a checkpoint of 65,535 bytes and its cosignature, or a time stamp."""

ADDRESSES_MAX: Final = 8
"""Most addresses of one name that are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered.

    Attributes:
        status: HTTP status code.
        content_type: without parameters, in lower case; empty where none was given.
        body: at most 128 KiB.
    """

    status: int
    content_type: str
    body: bytes


def exchange(
    method: Literal["GET", "POST"],
    url: str,
    *,
    body: bytes = b"",
    content_type: str = "text/plain; charset=utf-8",
    seconds_max: float = SECONDS_MAX,
) -> Answer:
    """Send one request and read the answer.

    Raises:
        InputError: the URL is malformed, the server cannot be reached or answers too
            much or too late, or the extra `scan` is missing.
    """
    try:
        import httpcore  # noqa: PLC0415
    except ModuleNotFoundError:
        message = "asking a server needs the extra: pip install 'tuneledger[scan]'"
        raise InputError(message) from None
    here = parse_url(url)
    failures = (
        OSError,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.TimeoutException,
    )
    headers = {"Connection": "close"}
    if method == "POST":
        headers |= {"Content-Type": content_type, "Content-Length": str(len(body))}
    try:
        return _exchange(method, here, headers, body, seconds_max)
    except failures as error:
        message = f"{here.origin} did not answer: {type(error).__name__}"
        raise InputError(message) from None


def _exchange(
    method: str, url: Url, headers: dict[str, str], body: bytes, seconds_max: float
) -> Answer:
    """The exchange itself; raises what the network raises."""
    import httpcore  # noqa: PLC0415
    import httpx  # noqa: PLC0415

    from producers.optout.net.fetch import user_agent  # noqa: PLC0415
    from producers.optout.net.sockets import Deadline, PinnedBackend  # noqa: PLC0415

    where = httpcore.URL(
        scheme=url.scheme.encode(),
        host=url.host.encode(),
        port=url.port,
        target=url.target.encode(),
    )
    headers = {"Host": url.authority, "User-Agent": user_agent(), **headers}
    request = httpcore.Request(
        method, where, headers=list(headers.items()), content=body
    )
    context = httpx.create_ssl_context(trust_env=False)
    deadline = Deadline(time.monotonic, seconds_max)
    addresses = _addresses(url)
    for place, address in enumerate(addresses, 1):
        endpoint = Endpoint(address=address, port=url.port, scheme=url.scheme)
        pool = httpcore.ConnectionPool(
            ssl_context=context, network_backend=PinnedBackend(endpoint, deadline)
        )
        try:
            with pool, closing(pool.handle_request(request)) as answer:
                return _read(answer, url)
        except httpcore.ConnectError:  # nothing was sent yet
            if place == len(addresses):
                raise
    raise OSError("the name has no address")


def _addresses(url: Url) -> list[str]:
    """Where a name leads, such as `localhost` to ::1 and 127.0.0.1; each once."""
    found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))[:ADDRESSES_MAX]


def _read(answer: "httpcore.Response", url: Url) -> Answer:
    """Status, type and body of an answer.

    Raises:
        InputError: the body is too long.
    """
    body = bytearray()
    for chunk in answer.iter_stream():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            message = f"{url.origin} answered more than {ANSWER_BYTES_MAX} bytes"
            raise InputError(message)
    given = [
        value.decode("latin-1")
        for name, value in answer.headers
        if name.lower() == b"content-type"
    ]
    kind = given[0].partition(";")[0].strip().lower() if given else ""
    return Answer(status=answer.status, content_type=kind, body=bytes(body))
