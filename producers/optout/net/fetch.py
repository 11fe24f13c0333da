"""The only network I/O of the scan: GET, with a limit on everything a server can do.

- Each hop is resolved and checked anew, and the connection goes to the very address
  that was checked, so a name cannot be rebound in between. Certificates are checked
  against the name all the same.
- One deadline covers all hops. It is enforced at every read and write of the socket:
  a server that drips its header byte by byte runs into it too.
- The limit on the body counts decoded bytes and stops the decoder, not the result.
- No cookies, no proxies from the environment, no credentials, a new connection each.

This sits on httpcore, the transport of httpx, since httpx has no hook for addresses or
deadlines.
"""

import math
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import cache, cached_property
from importlib import metadata

import httpcore
import httpx

from ledger.errors import InputError
from producers.optout.net.resolve import (
    Endpoint,
    RefusedError,
    Resolver,
    UnresolvedError,
    resolve_public,
)
from producers.optout.net.response import Failure, FetchResult, Response
from producers.optout.net.sockets import Deadline, PinnedBackend, TlsError
from producers.optout.net.turns import OutOfTimeError, RetryLaterError
from producers.optout.net.url import Url, parse_url
from producers.optout.vocabulary.causes import FailureKind
from producers.ports import Monotonic

REDIRECTS_MAX = 5
"""Redirects that are followed; RFC 9309, section 2.3.1.2 asks for at least five."""

SECONDS_MAX = 30.0
"""Time for one fetch, all redirects included, without name resolution."""

HEADERS_MAX = 256
"""Most header lines of an answer; httpcore limits their size to 100 KiB."""

_REDIRECT = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 64 * 1024


@cache
def user_agent() -> str:
    """`tuneledger/VERSION`, as sent to sites."""
    try:
        return f"tuneledger/{metadata.version('tuneledger')}"
    except metadata.PackageNotFoundError:  # run from a source tree
        return "tuneledger"


class HttpFetcher:
    """Fetches URLs; an instance is a `Fetch` that spaces nothing.

    Args:
        resolver: where to connect for a host; refuses what must not be reached.
        monotonic: clock of the deadline, seconds.
        seconds_max: time for one fetch.
        ssl_context: trusted authorities; those that httpx trusts by default.
    """

    def __init__(
        self,
        *,
        resolver: Resolver = resolve_public,
        monotonic: Monotonic = time.monotonic,
        seconds_max: float = SECONDS_MAX,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._resolver = resolver
        self._monotonic = monotonic
        self._seconds_max = seconds_max
        self._given_ssl_context = ssl_context

    def __call__(
        self,
        url: str,
        *,
        bytes_max: int,
        follows: bool = True,
        seconds_max: float = math.inf,
        spacing_s: float = 0.0,  # noqa: ARG002 - one request knows of no other
    ) -> FetchResult:
        """GET `url`; failures are returned, never raised."""
        deadline = self.deadline(seconds_max)
        return self.follow(url, self.hop, bytes_max, deadline, follows=follows)

    def deadline(self, seconds_max: float) -> Deadline:
        """The end of a fetch that begins now."""
        return Deadline(self._monotonic, self._seconds_max, seconds_max)

    def follow(
        self,
        url: str,
        hop: "Hop",
        bytes_max: int,
        deadline: Deadline,
        *,
        follows: bool,
    ) -> FetchResult:
        """As a call, with `hop` in place of the one GET that each redirect costs."""
        redirects = 0
        try:
            here = parse_url(url)
            while True:
                response = hop(here, bytes_max, redirects, deadline)
                onward = redirect_of(response, here) if follows else None
                if onward is None:
                    return response
                if redirects == REDIRECTS_MAX:
                    return Failure(
                        kind="redirect_limit",
                        redirects=redirects,
                        status=response.status,
                    )
                redirects += 1
                here = onward
        except _FAILURES as error:
            kind = _kind_of(error)
            if kind == "timeout" and deadline.seconds_left <= 0:
                kind = "deadline"
            return Failure(kind=kind, redirects=redirects)

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        return self._given_ssl_context or httpx.create_ssl_context(trust_env=False)

    def hop(
        self, url: Url, bytes_max: int, redirects: int, deadline: Deadline
    ) -> Response:
        """GET one URL and follow nothing; raises what the network raises."""
        deadline.step_seconds()
        endpoint = self._resolved(url)
        backend = PinnedBackend(endpoint, deadline)
        request = httpcore.Request(
            "GET",
            httpcore.URL(
                scheme=endpoint.scheme.encode(),
                host=url.host.encode(),
                port=url.port,
                target=url.target.encode(),
            ),
            headers=[
                ("Host", url.authority),
                ("User-Agent", user_agent()),
                ("Accept", "*/*"),
                ("Accept-Encoding", "gzip"),
                ("Connection", "close"),
            ],
        )
        with (
            httpcore.ConnectionPool(
                ssl_context=self._ssl_context if endpoint.scheme == "https" else None,
                network_backend=backend,
            ) as pool,
            closing(pool.handle_request(request)) as answer,
        ):
            headers = _headers(answer.headers)
            body, truncated = _body(answer, headers, bytes_max)
            return Response(
                status=answer.status,
                headers=headers,
                body=body,
                truncated=truncated,
                redirects=redirects,
                final_url=url.text,
            )

    def _resolved(self, url: Url) -> Endpoint:
        try:
            return self._resolver(url.host, url.port, url.scheme)
        except RefusedError:
            raise
        except (OSError, UnicodeError) as error:
            raise UnresolvedError("the name does not resolve") from error


Hop = Callable[[Url, int, int, Deadline], Response]
"""(URL, most bytes, redirects so far, deadline) to the answer; raises what the network
raises."""


class _EncodingError(Exception):
    """The content coding is not what the header says, or none that was asked for."""


_FAILURES = (
    InputError,
    OSError,
    ValueError,  # a number that the protocol library cannot take
    _EncodingError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


_KINDS: tuple[
    tuple[type[Exception] | tuple[type[Exception], ...], FailureKind], ...
] = (
    (InputError, "refused_url"),
    (RefusedError, "refused_address"),
    (UnresolvedError, "dns"),
    (TlsError, "tls"),
    (RetryLaterError, "retry_later"),
    (OutOfTimeError, "deadline"),
    ((httpcore.TimeoutException, TimeoutError), "timeout"),
    (_EncodingError, "encoding"),
    ((httpcore.ProtocolError, ValueError), "protocol"),
)
"""What each error is called; the first that fits, and `connection` where none does."""


def _kind_of(error: Exception) -> FailureKind:
    named = (kind for kinds, kind in _KINDS if isinstance(error, kinds))
    return next(named, "connection")


def redirect_of(response: Response, here: Url) -> Url | None:
    """Where the answer of `here` redirects to; None where nowhere.

    Raises:
        InputError: to what is no URL that may be fetched.
    """
    location = _location(response)
    if response.status not in _REDIRECT or not location:
        return None
    return parse_url(location, base=here)


def _location(response: Response) -> str:
    """Where a redirect leads; servers write UTF-8 there, whatever the standard says."""
    location = response.header("location")
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return location


def _headers(raw: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    if len(raw) > HEADERS_MAX:
        raise httpcore.RemoteProtocolError("too many header lines")
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw
    )


def _body(
    answer: httpcore.Response, headers: tuple[tuple[str, str], ...], bytes_max: int
) -> tuple[bytes, bool]:
    """The first `bytes_max` decoded bytes, and whether there were more."""
    coding = ",".join(value for name, value in headers if name == "content-encoding")
    chunks = answer.iter_stream()
    match coding.strip().lower():
        case "" | "identity":
            decoded: Iterator[bytes] = iter(chunks)
        case "gzip" | "x-gzip":
            decoded = _gunzip(chunks, bytes_max)
        case _:
            raise _EncodingError
    body = bytearray()
    for chunk in decoded:
        body += chunk
        if len(body) > bytes_max:
            return bytes(body[:bytes_max]), True
    return bytes(body), False


def _gunzip(chunks: Iterable[bytes], bytes_max: int) -> Iterator[bytes]:
    """Decode gzip in pieces of bounded size; coded bytes are limited as well."""
    decoder = zlib.decompressobj(wbits=31)
    coded_bytes = 0
    for chunk in chunks:
        coded_bytes += len(chunk)
        if coded_bytes > bytes_max + _CHUNK_BYTES:
            raise _EncodingError
        pending = chunk
        while pending:
            if decoder.eof:
                raise _EncodingError  # bytes after the end
            try:
                yield decoder.decompress(pending, _CHUNK_BYTES)
            except zlib.error as error:
                raise _EncodingError from error
            pending = decoder.unconsumed_tail or decoder.unused_data
    if not decoder.eof:
        raise _EncodingError
