"""A loopback web server that plays many hosts, each with its own opt-out policy.

The Host header chooses the host. `<policy>.example` follows that policy, so that tests
and the demo can ask for one by name; any other host follows the one that its name
hashes to, the same on every machine. Bodies and status codes are ones that real sites
answer with.
"""

import hashlib
import html
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final

SLOW_S: Final = 0.3
"""Delay of the `slow` policy, seconds: felt in a demo, far below any timeout."""

_PAGE: Final = (
    "<!doctype html><html><head><title>{host}</title>{head}</head><body>{body}"
)
_NOT_FOUND: Final = _PAGE.format(host="Not found", head="", body="No such page.")
_HTML: Final = (("Content-Type", "text/html; charset=utf-8"),)
_TEXT: Final = (("Content-Type", "text/plain; charset=utf-8"),)
_JSON: Final = (("Content-Type", "application/json"),)

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer.

    Attributes:
        status: status code.
        headers: header fields, without the length.
        body: the body, UTF-8.
    """

    status: int = 200
    headers: Headers = _TEXT
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePolicy:
    """How one kind of site reserves its rights, or does not.

    Attributes:
        files: answers by path; any other path but a page is not found.
        page_headers: header fields that pages carry beside the content type.
        page_head: markup in the pages' head.
        soft_404: whether a missing file is answered with 200 and a page.
        slow: whether every answer is late.
    """

    files: Mapping[str, Answer] = field(default_factory=dict)
    page_headers: Headers = ()
    page_head: str = ""
    soft_404: bool = False
    slow: bool = False


def _robots(body: str, *, status: int = 200) -> Mapping[str, Answer]:
    return {"/robots.txt": Answer(status=status, body=body)}


def _moved(location: str, files: Mapping[str, Answer]) -> Mapping[str, Answer]:
    moved = Answer(status=301, headers=(("Location", location), *_TEXT))
    return {**files, "/robots.txt": moved}


_ALLOW: Final = _robots("User-agent: *\nAllow: /\n")
_DISALLOW: Final = "User-agent: *\nDisallow: /\n"
_TDMREP: Final = '[{"location": "/", "tdm-reservation": 1}]\n'

POLICIES: Final[Mapping[str, SitePolicy]] = {
    "clear": SitePolicy(),
    "allow-all": SitePolicy(files=_ALLOW),
    "disallow-all": SitePolicy(files=_robots(_DISALLOW)),
    "gptbot-only": SitePolicy(files=_robots("User-agent: GPTBot\nDisallow: /\n")),
    "tdmrep-file": SitePolicy(
        files={
            **_ALLOW,
            "/.well-known/tdmrep.json": Answer(headers=_JSON, body=_TDMREP),
        }
    ),
    "tdm-header": SitePolicy(files=_ALLOW, page_headers=(("tdm-reservation", "1"),)),
    "noai-header": SitePolicy(files=_ALLOW, page_headers=(("X-Robots-Tag", "noai"),)),
    "noai-meta": SitePolicy(
        files=_ALLOW, page_head='<meta name="robots" content="noai, noimageai">'
    ),
    "robots-503": SitePolicy(files=_robots("try again later\n", status=503)),
    "robots-403": SitePolicy(files=_robots("forbidden\n", status=403)),
    "robots-moved": SitePolicy(
        files=_moved("/moved/robots.txt", {"/moved/robots.txt": Answer(body=_DISALLOW)})
    ),
    "robots-elsewhere": SitePolicy(
        files=_moved("http://allow-all.example/robots.txt", {})
    ),
    "slow": SitePolicy(files=_ALLOW, slow=True),
    "soft-404": SitePolicy(files=_ALLOW, soft_404=True),
}
"""Every policy by name. `clear` answers 404 to every policy file."""


def policy_of(host: str) -> str:
    """Name of the policy that a host follows.

    Args:
        host: host name without a port, in any case.
    """
    name = host.lower().removesuffix(".example")
    if name in POLICIES:
        return name
    digest = hashlib.sha256(host.lower().encode()).digest()
    return sorted(POLICIES)[int.from_bytes(digest[:8], "big") % len(POLICIES)]


def answer(host: str, path: str, *, page_text: str) -> Answer:
    """What a host answers to a path. Pure.

    Args:
        host: host name without a port.
        path: path of the URL, with its query.
        page_text: the page's body, as HTML.
    """
    policy = POLICIES[policy_of(host)]
    path = path.partition("?")[0]
    if path in policy.files:
        return policy.files[path]
    is_page = path == "/" or path.endswith((".html", "/"))
    if is_page or policy.soft_404:
        body = _PAGE.format(host=host, head=policy.page_head, body=page_text)
        return Answer(headers=(*_HTML, *policy.page_headers), body=body)
    return Answer(status=404, headers=_HTML, body=_NOT_FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The server while it runs.

    Attributes:
        address: loopback address.
        port: TCP port, chosen by the system.
    """

    address: str
    port: int


@contextmanager
def running_site(
    pages: Mapping[str, str] | None = None, *, slow_s: float = SLOW_S
) -> Iterator[Site]:
    """Serve every host on a free port of 127.0.0.1 until the block ends.

    Args:
        pages: text of a host's page, by host name; others get a line of their own.
        slow_s: delay of the `slow` policy, seconds.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.pages = dict(pages or {})
        server.slow_s = slow_s
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield Site(address="127.0.0.1", port=server.server_address[1])
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingMixIn, TCPServer):
    # TCPServer, not HTTPServer: that one looks up its own name in the DNS.
    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]
    ) -> None:
        super().__init__(address, handler)
        self.pages: dict[str, str] = {}
        self.slow_s = 0.0
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, unless the client just hung up, as scanners do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # seconds without a request line
    server_version = "demo"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with a body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self._answer(with_body=False)

    def log_message(self, *_: Any) -> None:
        """Stay quiet: the demo prints its own story."""

    def _answer(self, *, with_body: bool) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0].lower()
        if POLICIES[policy_of(host)].slow:
            self.server.stopping.wait(self.server.slow_s)
        text = self.server.pages.get(host, f"A page of {host}.")
        found = answer(host, self.path, page_text=html.escape(text))
        body = found.body.encode()
        self.send_response(found.status)
        for name, value in found.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)
