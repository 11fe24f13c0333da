"""A web server on loopback that does whatever a test wants, and fakes around it."""

import contextlib
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

import pytest

from producers.optout.asking.files import PolicyFiles
from producers.optout.asking.lists import Lists
from producers.optout.asking.look import Look
from producers.optout.asking.scan import Scanner
from producers.optout.cache.policy_cache import PolicyCache
from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.resolve import Endpoint
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import ScanPolicy
from producers.ports import SiteRef


class Handler(BaseHTTPRequestHandler):
    """Answers by the routes of its server: `Host + path` first, then path."""

    def do_GET(self):
        self.server.requests.append((self.headers["Host"], self.path))
        routes = self.server.routes
        route = routes.get(self.headers["Host"] + self.path) or routes.get(self.path)
        try:
            if callable(route):
                route(self)
            else:
                self.answer(*(route or (404,)))
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client has had enough

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Keep the test output clean."""


class Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.server_port = self.server_address[1]
        self.routes = {}
        self.requests = []
        self.asked_for = []

    def server_bind(self):
        """Bind without asking a name service what we are called."""
        TCPServer.server_bind(self)

    def resolve(self, host, port, scheme):
        """Every name lives on this server; TLS is left out."""
        self.asked_for.append((host, port, scheme))
        return Endpoint(address="127.0.0.1", port=self.server_port, scheme="http")


@pytest.fixture
def site():
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Clock:
    """Time that only a test moves; seconds."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def monotonic(self):
        return self.now

    def ms(self):
        return int(self.now * 1000)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fetch(site, clock):
    return HttpFetcher(resolver=site.resolve, monotonic=clock.monotonic)


class MemoryEvidence:
    def __init__(self):
        self.kept = {}

    def put(self, content):
        digest = sha256(content).hexdigest()
        self.kept[digest] = content
        return digest

    def get(self, digest):
        return self.kept[digest]


class MemoryNames:
    def __init__(self):
        self.sites = {}
        self.urls = {}

    def site(self, origin):
        is_new = origin not in self.sites
        site_id = self.sites.setdefault(origin, f"{len(self.sites):032x}")
        commitment = sha256(origin.encode()).hexdigest()
        return SiteRef(site_id=site_id, commitment=commitment, is_new=is_new)

    def commit_scan(self, scan_id, urls, body_sha256):
        self.urls[scan_id] = tuple(dict.fromkeys(urls))
        joined = "\n".join(self.urls[scan_id])
        return sha256(joined.encode()).hexdigest(), body_sha256


NO_LISTS = Lists()


class World:
    """A scanner and everything that it touches."""

    def __init__(self, fetch, clock, *, lists=NO_LISTS, terms=(), cache=None, **policy):
        self.evidence = MemoryEvidence()
        self.names = MemoryNames()
        self.batches = []
        self.policy = ScanPolicy(
            policy_sha256="ab" * 32, basket_version=load_basket().version, **policy
        )
        self.cache = cache or PolicyCache(None, tag=lambda name: name.encode())
        files = PolicyFiles(
            fetch=fetch, evidence=self.evidence, clock_ms=clock.ms, cache=self.cache
        )
        look = Look(
            fetch=fetch,
            evidence=self.evidence,
            policy=self.policy,
            clock_ms=clock.ms,
            files=files,
            lists=lists,
            terms=terms,
            monotonic=clock.monotonic,
        )
        self.scanner = Scanner(
            look,
            files=files,
            lists=lists,
            emit=self.batches.append,
            names=self.names,
            policy=self.policy,
            random_bytes=lambda count: bytes(range(count)),
        )

    @property
    def events(self):
        return [event for batch in self.batches for event in batch]


@pytest.fixture
def make_world(fetch, clock):
    """Worlds, whose caches are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(**policy):
            made = World(fetch, clock, **policy)
            stack.callback(made.cache.close)
            return made

        yield make


@pytest.fixture
def world(make_world):
    return make_world()
