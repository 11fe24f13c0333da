"""Sockets that go to one checked address and obey one deadline.

Source: RFC 9112, section 9.8: without the end of TLS a body is not complete.
"""

import math
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from producers.optout.net.resolve import Endpoint
from producers.ports import Monotonic

_STEP_SECONDS_MAX = 10.0
"""Longest wait for one connect, read or write."""


class TlsError(OSError):
    """The certificate is not the host's or not trusted, or the handshake failed."""


class Deadline:
    """The moment after which no socket is touched any more.

    Args:
        monotonic: clock, seconds.
        seconds: the server's time.
        seconds_in_all: time that waits of our own count against as well.
    """

    def __init__(
        self,
        monotonic: Monotonic,
        seconds: float,
        seconds_in_all: float = math.inf,
    ) -> None:
        """Start the clock now."""
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._last = monotonic() + seconds_in_all

    @property
    def seconds_left(self) -> float:
        """Of the time in all; not above 0 where none is left."""
        return self._last - self._monotonic()

    def extend(self, seconds: float) -> None:
        """Move the moment: a wait of our own is not the server's time."""
        self._end += seconds

    def step_seconds(self) -> float:
        """Time for the next socket operation.

        Raises:
            httpcore.ReadTimeout: none is left.
        """
        left = min(self._end, self._last) - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the fetch took too long")
        return min(left, _STEP_SECONDS_MAX)


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to a checked address, whatever host is asked for."""

    def __init__(self, endpoint: Endpoint, deadline: Deadline) -> None:
        self._endpoint = endpoint
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - pinned to the endpoint instead
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the endpoint that answers."""
        failure: Exception = httpcore.ConnectError("no address answers")
        for address in (self._endpoint.address, *self._endpoint.others):
            try:
                stream = self._sockets.connect_tcp(
                    address,
                    self._endpoint.port,
                    timeout=self._deadline.step_seconds(),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure


class _DeadlineStream(httpcore.NetworkStream):
    """A socket whose every operation ends before the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            return self._stream.read(max_bytes, self._deadline.step_seconds())
        except httpcore.ReadError as error:
            if isinstance(error.__cause__, ssl.SSLEOFError):
                message = "the connection ended without the end of TLS"
                raise httpcore.RemoteProtocolError(message) from error
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.step_seconds())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        step = self._deadline.step_seconds()
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, step)
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise TlsError("no secure connection") from error
            raise
        # Or the end of a connection that anybody can cut is the end of the body.
        stream.get_extra_info("socket").suppress_ragged_eofs = False
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
