"""A farm of web sites on loopback, in a process of its own, that counts what is asked.

Every host name is a site; what it is like follows from a hash of its name. Most let a
crawler in, some reserve everything, and about one in eight is broken in a way that real
sites are.
"""

import asyncio
import hashlib
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from producers.optout.net.resolve import Endpoint

COUNTS_HOST = "counts.farm"
"""The host that answers what was asked since it was asked last, as JSON."""

LATE = 10
"""How many times the latency a slow site takes."""

_CRAWLERS = ("GPTBot", "ClaudeBot", "CCBot", "Google-Extended", "Bytespider")
_BLOCKED = "".join(f"User-agent: {name}\nDisallow: /\n\n" for name in _CRAWLERS)
_SHOP = "".join(f"Disallow: /{place}/\n" for place in ("cart", "admin", "search"))
_ROBOTS = [
    f"User-agent: *\n{_SHOP}Sitemap: /sitemap.xml\n",
    "User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n",
    f"{_BLOCKED}User-agent: *\n{_SHOP}",
    "User-agent: *\nDisallow: /\n",
    "",
]
_PAGE = (
    "<!doctype html><html lang=en><head><title>{0}</title>{1}</head><body>"
    + "<p>Some text of a page that nobody wrote.</p>" * 60
    + "</body></html>"
)
_META = '<meta name="robots" content="noai">'
_KINDS = (
    ["plain"] * 70
    + ["meta"] * 6
    + ["header"] * 6
    + ["tdmrep"] * 6
    + ["down"] * 4
    + ["reset"] * 2
    + ["soft404"] * 2
    + ["moved"] * 2
    + ["slow"] * 2
)


def farm_host(number: int) -> str:
    """The name of a site."""
    return f"site-{number}.farm"


class _Connection(asyncio.Protocol):
    """One request, one answer, and the end."""

    def __init__(self, counts: Counter[str], latency: float) -> None:
        self._counts = counts
        self._latency = latency
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" not in self._head:
            return
        first, *lines = self._head.decode("latin-1").split("\r\n")
        path = first.split(" ")[1]
        host = next(line[6:] for line in lines if line.startswith("Host: "))
        if host == COUNTS_HOST:
            self._answer(200, json.dumps(self._counts).encode(), "")
            self._counts.clear()
            return
        self._counts[host + path] += 1
        kind = _kind(host)
        wait = self._latency * (LATE if kind == "slow" else 1)
        loop = asyncio.get_running_loop()
        if kind == "reset" and path == "/robots.txt":
            loop.call_later(wait, self._transport.abort)
        else:
            loop.call_later(wait, self._answer, *_answer(host, kind, path))

    def _answer(self, status: int, body: bytes, more: str) -> None:
        head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self._transport.write(head.encode() + body)
        self._transport.close()


def _kind(host: str) -> str:
    return _KINDS[hashlib.sha256(host.encode()).digest()[0] % len(_KINDS)]


def _answer(host: str, kind: str, path: str) -> tuple[int, bytes, str]:
    """Status, body and header lines."""
    if kind == "down":
        return 503, b"", ""
    if kind == "moved" and path.startswith("/page"):
        return 301, b"", f"Location: http://www.{host}{path}\r\n"
    if path == "/robots.txt":
        which = hashlib.sha256(host.encode()).digest()[1] % len(_ROBOTS)
        return 200, _ROBOTS[which].encode(), "Content-Type: text/plain\r\n"
    if path == "/.well-known/tdmrep.json" and kind == "tdmrep":
        return 200, b'[{"location": "/", "tdm-reservation": 1}]', ""
    if path.startswith("/page"):
        page = _PAGE.format(host, _META if kind == "meta" else "").encode()
        more = "tdm-reservation: 1\r\n" if kind == "header" else ""
        return 200, page, f"Content-Type: text/html; charset=utf-8\r\n{more}"
    status = 200 if kind == "soft404" else 404
    return status, _PAGE.format("Not found", "").encode(), "Content-Type: text/html\r\n"


async def _serve(ready: Connection, latency: float) -> None:
    counts: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(counts, latency), "127.0.0.1", 0, backlog=4096
    )
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _main(ready: Connection, latency: float) -> None:
    asyncio.run(_serve(ready, latency))


@contextmanager
def running_farm(latency: float) -> Iterator[int]:
    """Run a farm whose answers take `latency` seconds; gives its port."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_main, args=(theirs, latency), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def resolver(port: int):
    """Every name lives on the farm; TLS is left out."""
    endpoint = Endpoint(address="127.0.0.1", port=port, scheme="http")
    return lambda host, port, scheme: endpoint
