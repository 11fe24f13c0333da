"""The witness over HTTP, with a limit on everything that a stranger can do.

    POST <prefix>/add-checkpoint                          cosign, or refuse
    GET  <prefix>/<hex SHA-256 of the origin>/checkpoint   what was cosigned last

Anybody may ask: what counts is the log's signature. The second path is what an auditor
reads to see that nobody rolled a log back behind their back.

Source: https://c2sp.org/tlog-witness, "HTTP Interface"
"""

import contextlib
import re
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from typing import Any, Final

from ledger.errors import InputError
from ledger.witness.handler import Handler
from ledger.witness.service import Witness

CONNECTIONS_MAX: Final = 64
"""Most connections at a time; the next one is closed at once."""

REQUEST_SECONDS_MAX: Final = 10.0
"""Time for one request to arrive, and for one answer to be taken."""

IDLE_SECONDS_MAX: Final = 5.0
"""How long a connection may wait for its next request."""

_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness until `shutdown`."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(
        self,
        witness: Witness,
        address: tuple[str, int],
        *,
        prefix: str = "",
        request_seconds: float = REQUEST_SECONDS_MAX,
        idle_seconds: float = IDLE_SECONDS_MAX,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Listen on `address`; port 0 takes a free one.

        Args:
            witness: what answers.
            address: host and port.
            prefix: URL path before both paths, such as `/witness`; empty by default.
            request_seconds: time for one request to arrive.
            idle_seconds: time for the next request of a connection to begin.
            report: told one line about what the witness's operator must know.

        Raises:
            InputError: the prefix is no plain path, or the address cannot be had.
        """
        if not _PREFIX.fullmatch(prefix):
            message = f"prefix: expected a path such as /witness, found {prefix[:64]!r}"
            raise InputError(message)
        self.witness = witness
        self.report = report
        self.post_path = f"{prefix}/add-checkpoint"
        self.get_path = re.compile(rf"{re.escape(prefix)}/([0-9a-f]{{64}})/checkpoint")
        self.request_seconds = request_seconds
        self.idle_seconds = idle_seconds
        self._slots = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._idle: set[socket.socket] = set()
        self._idle_lock = threading.Lock()
        self._is_closing = False
        host, port = address
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__(address, Handler)
        except (OSError, OverflowError) as error:
            message = f"cannot listen on {host}:{port}: {error}"
            raise InputError(message) from None
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.server_port}{prefix}"

    def server_bind(self) -> None:
        """Bind without asking a name service what we are called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own while there are slots."""
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system starts no more threads
            self._slots.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, then give its slot back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(
        self,
        request: Any,  # noqa: ARG002 - the base class's name
        client_address: Any,  # noqa: ARG002
    ) -> None:
        """A client that goes away is no event; addresses are never written down."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.report(f"error: {type(error).__name__} while answering")

    @contextlib.contextmanager
    def idle(self, connection: socket.socket) -> Iterator[bool]:
        """Between two requests a connection may be closed to stop the server.

        Yields:
            Whether to wait for another request at all.
        """
        with self._idle_lock:
            self._idle.add(connection)
            is_closing = self._is_closing
        try:
            yield not is_closing
        finally:
            with self._idle_lock:
                self._idle.discard(connection)

    def server_close(self) -> None:
        """Finish what was begun, then let go."""
        with self._idle_lock:
            self._is_closing = True
            for connection in self._idle:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        super().server_close()
