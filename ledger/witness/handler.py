"""One HTTP connection to a witness: paths, limits and status codes.

Source: https://c2sp.org/tlog-witness, "HTTP Interface"
"""

import re
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final

from ledger.errors import TuneledgerError
from ledger.witness.incoming import DeadlineReader
from ledger.witness.refusal import RefusalError
from ledger.witness.request import REQUEST_BYTES_MAX

if TYPE_CHECKING:
    from ledger.witness.server import WitnessServer

TEXT: Final = "text/plain; charset=utf-8"
TREE_SIZE: Final = "text/x.tlog.size"
"""What a 409 is: the size of the last cosigned checkpoint."""

_LENGTH: Final = re.compile(r"[0-9]{1,9}")


class Handler(BaseHTTPRequestHandler):
    """One connection: request after request until it falls silent."""

    protocol_version = "HTTP/1.1"
    server: "WitnessServer"

    def setup(self) -> None:
        """Put a deadline on everything that is read."""
        super().setup()
        self._reader = DeadlineReader(self.connection)
        self.rfile = self._reader.buffered

    def handle_one_request(self) -> None:
        """Wait for a request, not for long, and answer it."""
        with self.server.idle(self.connection) as goes_on:
            self._reader.allow(self.server.idle_seconds)
            try:
                begun = goes_on and self._reader.buffered.peek(1)
            except OSError:
                begun = False
        if not begun:
            self.close_connection = True
            return
        self._reader.allow(self.server.request_seconds)
        super().handle_one_request()

    def do_POST(self) -> None:
        """Cosign, or say why not."""
        body = self._body()
        if body is None:
            return
        if self._path() != self.server.post_path:
            self._no_such()
            return
        try:
            line = self.server.witness.add_checkpoint(body)
        except RefusalError as error:
            self._refuse(error)
        except TuneledgerError as error:
            self._fail(error)
        else:
            self._answer(200, line)

    def do_GET(self) -> None:
        """Show what was cosigned last."""
        if self._body() is None:
            return
        found = self.server.get_path.fullmatch(self._path())
        if found is None:
            self._no_such()
            return
        try:
            note = self.server.witness.state.head(found[1])
        except TuneledgerError as error:
            self._fail(error)
            return
        if note is None:
            self._answer(404, b"nothing was cosigned for this origin\n")
        else:
            self._answer(200, note)

    do_HEAD = do_GET  # noqa: N815 - named by the method

    def do_PUT(self) -> None:
        """Answer a method that no path takes."""
        if self._body() is not None:
            self._no_such()

    do_DELETE = do_OPTIONS = do_PATCH = do_PUT  # noqa: N815 - as above

    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _no_such(self) -> None:
        """405 for one of our paths with another method, 404 for any other path."""
        path = self._path()
        if path == self.server.post_path:
            self._answer(405, b"use POST\n", headers={"Allow": "POST"})
        elif self.server.get_path.fullmatch(path):
            self._answer(405, b"use GET\n", headers={"Allow": "GET"})
        else:
            self._answer(404, b"no such path\n")

    def _fail(self, error: TuneledgerError) -> None:
        self.server.report(f"error: {error}")
        self._answer(503, b"the witness cannot use its state\n")

    def _refuse(self, error: RefusalError) -> None:
        if error.status == 422:
            self.server.report(f"refused: {error}")
        if error.known_size is not None:
            size = f"{error.known_size}\n".encode()
            self._answer(error.status, size, content_type=TREE_SIZE)
        else:
            self._answer(error.status, f"{error}\n".encode())

    def _body(self) -> bytes | None:
        """The request's body, or None where an answer was given instead."""
        lengths = self.headers.get_all("Content-Length", [])
        if "Transfer-Encoding" in self.headers:
            self._answer(411, b"a length is required\n", closes=True)
            return None
        if not lengths and self.command != "POST":
            return b""  # RFC 9112, section 6.3: no length, no body
        if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
            status = 400 if lengths else 411
            self._answer(status, b"one Content-Length is required\n", closes=True)
            return None
        if int(lengths[0]) > REQUEST_BYTES_MAX:
            self._answer(413, b"the request is too long\n", closes=True)
            return None
        body = self.rfile.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            self.close_connection = True
            return None
        return body

    def _answer(
        self,
        status: int,
        body: bytes,
        *,
        content_type: str = TEXT,
        headers: dict[str, str] | None = None,
        closes: bool = False,
    ) -> None:
        self.connection.settimeout(self.server.request_seconds)
        self.send_response(status)
        fields = {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        fields |= headers or {}
        if closes:
            fields["Connection"] = "close"
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """What the header `Server` says: no versions."""
        return "tuneledger-witness"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is written down about who asks."""
