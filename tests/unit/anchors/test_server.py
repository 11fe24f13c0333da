"""ledger.witness.server: the witness over HTTP, on loopback."""

import contextlib
import http.client
import socket
import threading

import pytest

from ledger.errors import InputError
from ledger.format.cosignature import check_cosignature
from ledger.witness.request import REQUEST_BYTES_MAX
from ledger.witness.server import CONNECTIONS_MAX, WitnessServer
from ledger.witness.state import hash_of
from tests.unit.anchors.toylog import NOW_S, ToyLog

SECONDS = 20
POST = "/add-checkpoint"


@pytest.fixture
def server(serve, witness):
    """A server of the witness."""
    return serve(witness)


@pytest.fixture
def connect(server):
    """Connections to the server, closed at the end."""
    opened = []

    def start():
        connection = http.client.HTTPConnection(
            *server.server_address[:2], timeout=SECONDS
        )
        opened.append(connection)
        return connection

    yield start
    for connection in opened:
        connection.close()


@pytest.fixture
def ask(connect):
    """One request on a connection of its own: (response, body)."""

    def send(method, path, body=None, headers=None):
        connection = connect()
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, response.read()

    return send


def test_cosigned(ask, witness, toylog):
    """200 with one line that verifies."""
    response, body = ask("POST", POST, toylog.request(0, 4))

    assert 200 == response.status
    assert NOW_S == check_cosignature(body, toylog.text(4), witness.state.key)


FORK = ToyLog(branch="b")
OURS = ToyLog()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(400, b"", id="empty"),
        pytest.param(400, b"old 04" + OURS.request(4, 6)[5:], id="leading zero"),
        pytest.param(400, OURS.request(7, 6, proof=[]), id="old above size"),
        pytest.param(403, OURS.request(4, 6)[:-9] + b"AAAAAAA=\n", id="bad signature"),
        pytest.param(404, ToyLog(origin="o").request(0, 4), id="unknown log"),
        pytest.param(422, FORK.request(4, 6), id="fork"),
        pytest.param(422, FORK.request(4, 4), id="same size, other root"),
        pytest.param(422, OURS.request(4, 6, proof=[]), id="no proof"),
    ],
)
def test_refused(ask, witness, toylog, status, body):
    """Each refusal has the status of the specification and is plain text."""
    witness.add_checkpoint(toylog.request(0, 4))
    response, _ = ask("POST", POST, body)

    assert status == response.status
    assert "text/plain; charset=utf-8" == response.headers["Content-Type"]


def test_conflict(ask, witness, toylog):
    """409 has the size of the last cosigned checkpoint as its whole body."""
    witness.add_checkpoint(toylog.request(0, 4))
    response, body = ask("POST", POST, toylog.request(0, 6))

    assert (409, b"4\n") == (response.status, body)
    assert "text/x.tlog.size" == response.headers["Content-Type"]


def test_what_an_auditor_reads(ask, witness, toylog):
    """The last cosigned checkpoint is there by its origin's hash; 404 before."""
    path = f"/{hash_of(toylog.origin)}/checkpoint"
    before, _ = ask("GET", path)
    line = witness.add_checkpoint(toylog.request(0, 4))
    after, body = ask("GET", path)

    assert (404, 200) == (before.status, after.status)
    assert toylog.note(4) + line == body


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        pytest.param(405, "GET", POST, id="get of add-checkpoint"),
        pytest.param(405, "HEAD", POST, id="head of add-checkpoint"),
        pytest.param(405, "PUT", POST, id="put"),
        pytest.param(405, "DELETE", POST, id="delete"),
        pytest.param(405, "POST", "/" + "0" * 64 + "/checkpoint", id="post of a head"),
        pytest.param(404, "GET", "/", id="root"),
        pytest.param(404, "POST", "/", id="post of root"),
        pytest.param(404, "GET", "/" + "0" * 63 + "/checkpoint", id="short hash"),
        pytest.param(404, "GET", "/" + "A" * 64 + "/checkpoint", id="capitals"),
        pytest.param(404, "GET", "/../witness.pem", id="parent folder"),
        pytest.param(404, "GET", f"/heads/..{POST}", id="dots"),
        pytest.param(404, "POST", f"{POST}/", id="slash after"),
        pytest.param(501, "BREW", POST, id="unknown method"),
    ],
)
def test_other_paths(ask, status, method, path):
    """Only two paths with one method each are served."""
    response, _ = ask(method, path, b"" if method == "POST" else None)

    assert status == response.status


def test_prefix(serve, witness, toylog):
    """With a prefix both paths lie below it, and nothing else does."""
    server = serve(witness, prefix="/a/b")
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=SECONDS)
    statuses = []
    for path in (f"/a/b{POST}", POST):
        connection.request("POST", path, toylog.request(0, 4))
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()

    assert [200, 404] == statuses
    assert server.url.endswith("/a/b")


@pytest.mark.parametrize("prefix", ["w", "/w/", "/", "/a b", "/a?b"])
def test_prefix_refused(witness, prefix):
    """A prefix is a plain path or empty."""
    with pytest.raises(InputError):
        WitnessServer(witness, ("127.0.0.1", 0), prefix=prefix)


def test_an_address_in_use(server, witness):
    """A port that another one holds is a mistake of usage."""
    with pytest.raises(InputError):
        WitnessServer(witness, server.server_address[:2])


def test_keep_alive(connect, toylog):
    """One connection carries several requests."""
    connection = connect()
    statuses = []
    for old_size, size in ((0, 4), (4, 6), (4, 8)):
        connection.request("POST", POST, toylog.request(old_size, size))
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)

    assert [200, 200, 409] == statuses


def raw(server, *pieces):
    """Send raw bytes and read until the server closes, with or without a reset.

    It resets the connection where it closes it before it has read all that came.
    """
    content = b""
    with socket.create_connection(server.server_address[:2], SECONDS) as client:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
        with contextlib.suppress(ConnectionError):
            while chunk := client.recv(65_536):
                content += chunk
    return content


@pytest.mark.parametrize(
    ("status", "header"),
    [
        pytest.param(411, b"", id="no length"),
        pytest.param(411, b"Transfer-Encoding: chunked\r\n", id="chunked"),
        pytest.param(
            411,
            b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            id="chunked with a length",
        ),
        pytest.param(400, b"Content-Length: 4\r\nContent-Length: 5\r\n", id="two"),
        pytest.param(400, b"Content-Length: -4\r\n", id="negative"),
        pytest.param(400, b"Content-Length: 4x\r\n", id="no number"),
        pytest.param(400, b"Content-Length: " + b"9" * 40 + b"\r\n", id="40 digits"),
        pytest.param(413, b"Content-Length: 999999999\r\n", id="too long"),
        pytest.param(
            413,
            b"Content-Length: %d\r\n" % (REQUEST_BYTES_MAX + 1),
            id="one byte too long",
        ),
        pytest.param(431, b"X: y\r\n" * 200, id="200 headers"),
        pytest.param(431, b"X: " + b"y" * 70_000 + b"\r\n", id="a long header"),
    ],
)
def test_bodies_that_are_not_read(server, status, header):
    """A length that is missing, odd or too large ends the connection."""
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n"

    assert raw(server, head).startswith(b"HTTP/1.1 %d " % status)


def test_a_body_of_the_largest_length(ask):
    """The limit itself is read."""
    response, _ = ask("POST", POST, b"x" * REQUEST_BYTES_MAX)

    assert 400 == response.status


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([], id="silence"),
        pytest.param([b"POST /add-checkpoint HT"], id="half a request line"),
        pytest.param(
            [b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nold"],
            id="half a body",
        ),
    ],
)
def test_a_client_that_falls_silent(serve, witness, pieces):
    """A request that does not come to its end is dropped, without an answer."""
    server = serve(witness, request_seconds=0.1, idle_seconds=0.1)

    assert b"" == raw(server, *pieces)


def test_a_client_that_drips(serve, witness):
    """Bytes that keep coming do not keep a connection past the deadline."""
    server = serve(witness, request_seconds=0.2, idle_seconds=0.2)
    with socket.create_connection(server.server_address[:2], SECONDS) as client:
        client.sendall(b"POST /add-checkpoint HTTP/1.1\r\n")
        client.settimeout(0.02)
        closed = False
        while not closed:
            try:
                client.sendall(b"X")
                closed = client.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True

    assert closed


def test_too_many_connections(server):
    """The one above the limit is closed at once; with room again it is served."""
    idle = [
        socket.create_connection(server.server_address[:2], SECONDS)
        for _ in range(CONNECTIONS_MAX)
    ]
    extra = raw(server)
    for client in idle:
        client.close()
    answer = b""
    while not answer:  # until the server has seen that they are gone
        answer = raw(server, b"GET / HTTP/1.0\r\n\r\n")

    assert b"" == extra
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_a_damaged_state(serve, witness, toylog):
    """503, and the operator is told; the stranger is not."""
    witness.add_checkpoint(toylog.request(0, 4))
    (witness.state._folder / "heads" / hash_of(toylog.origin)).write_bytes(b"x\n")
    told = []
    server = serve(witness, report=told.append)
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=SECONDS)
    connection.request("POST", POST, toylog.request(4, 6))
    response = connection.getresponse()
    connection.close()

    assert 503 == response.status
    assert ["error: "] == [line[:7] for line in told]


def test_a_fork_is_reported(serve, witness, toylog):
    """The operator learns of a log that contradicts itself."""
    witness.add_checkpoint(toylog.request(0, 4))
    told = []
    server = serve(witness, report=told.append)
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=SECONDS)
    connection.request("POST", POST, FORK.request(4, 6))
    connection.getresponse().read()
    connection.close()

    assert ["refused: "] == [line[:9] for line in told]


def test_stopping_does_not_wait_for_idle_connections(witness):
    """A kept-alive connection without a request is closed by a stop."""
    server = WitnessServer(witness, ("127.0.0.1", 0), idle_seconds=3600)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with socket.create_connection(server.server_address[:2], SECONDS) as client:
        client.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
        answer = client.recv(65_536)
        server.shutdown()
        server.server_close()
        thread.join()
        while chunk := client.recv(65_536):
            answer += chunk

    assert answer.startswith(b"HTTP/1.1 404 ")
