"""producers.anchoring: asking witnesses and authorities over HTTP, on loopback."""

import socket
import threading

import pytest

from ledger.errors import ConflictError, InputError, KeyTrustError
from ledger.format.cosignature import check_cosignature
from producers.anchoring.http import ANSWER_BYTES_MAX, exchange
from producers.anchoring.timestamp_client import ask
from producers.anchoring.witness_client import WitnessForkError, latest, submit
from tests.unit.anchors.authority import AnsweringServer
from tests.unit.anchors.toylog import NOW_S, ToyLog

pytest.importorskip("httpcore")


def submit_to(url, log, size, old_size=0):
    """Have one checkpoint of a log cosigned."""
    return submit(url, lambda old: log.request(old, size), old_size=old_size, size=size)


@pytest.mark.parametrize("old_size", [0, 3, 4, 9])
def test_the_witness_knows_better(serve, witness, toylog, old_size):
    """Whatever we believe it saw, the second request is right."""
    witness.add_checkpoint(toylog.request(0, 4))
    line = submit_to(serve(witness).url, toylog, 7, old_size)

    assert NOW_S == check_cosignature(line, toylog.text(7), witness.state.key)


def test_the_answer_was_lost(serve, witness, toylog):
    """A checkpoint that was cosigned without our knowing is cosigned again."""
    url = serve(witness).url
    submit_to(url, toylog, 4)

    assert submit_to(url, toylog, 4).startswith(b"\xe2\x80\x94 ")


def test_a_url_with_a_slash(serve, witness, toylog):
    """A slash after the prefix makes no other path."""
    assert submit_to(serve(witness, prefix="/w").url + "/", toylog, 4)


def test_a_larger_tree(serve, witness, toylog):
    """A witness that saw more than we have is a conflict: we may be rolled back."""
    witness.add_checkpoint(toylog.request(0, 9))

    with pytest.raises(ConflictError, match="rolled back"):
        submit_to(serve(witness).url, toylog, 7)


@pytest.mark.parametrize("size", [4, 6])
def test_another_history(serve, witness, toylog, size):
    """A witness of another history tells us of the fork, and shows its side."""
    witness.add_checkpoint(toylog.request(0, 4))
    url = serve(witness).url

    with pytest.raises(WitnessForkError):
        submit_to(url, ToyLog(branch="b"), size)
    assert latest(url, toylog.origin).startswith(toylog.note(4))


def test_an_unknown_log(serve, witness):
    """A witness that does not know us is a matter of keys."""
    url = serve(witness).url
    stranger = ToyLog(origin="example.org/stranger")

    with pytest.raises(KeyTrustError, match="404"):
        submit_to(url, stranger, 4)
    assert latest(url, stranger.origin) is None


@pytest.fixture
def server_that():
    """Servers that give fixed answers, stopped at the end."""
    running = []

    def start(*answers):
        asked = []
        given = iter(answers)

        def answer(query):
            asked.append(query)
            return next(given)

        server = AnsweringServer(answer)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        running.append((server, thread))
        return server, asked

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


SIZE = "text/x.tlog.size"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        pytest.param(
            [(409, SIZE, b"3\n"), (409, SIZE, b"4\n")], ConflictError, id="2x"
        ),
        pytest.param([(409, SIZE, b"99\n")], ConflictError, id="larger"),
        pytest.param([(409, SIZE, b"03\n")], ConflictError, id="leading zero"),
        pytest.param([(409, SIZE, b"3")], ConflictError, id="no newline"),
        pytest.param([(409, SIZE, b"x\n")], ConflictError, id="no number"),
        pytest.param([(409, "text/plain", b"3\n")], WitnessForkError, id="409 of v1.0"),
        pytest.param([(422, "text/plain", b"no\n")], WitnessForkError, id="422"),
        pytest.param([(403, "text/plain", b"no\n")], KeyTrustError, id="403"),
        pytest.param([(400, "text/plain", b"no\n")], InputError, id="400"),
        pytest.param([(500, "text/plain", b"\x1b[2J\n")], InputError, id="500"),
        pytest.param([(302, "text/plain", b"")], InputError, id="redirect"),
        pytest.param(
            [(200, "text/plain", b"x" * (ANSWER_BYTES_MAX + 1))], InputError, id="long"
        ),
    ],
)
def test_answers(server_that, answers, error):
    """Each answer has its error in one line, and at most two requests are made."""
    server, asked = server_that(*answers)

    with pytest.raises(error) as caught:
        submit_to(server.url, ToyLog(), 7)
    assert len(answers) == len(asked)
    assert str(caught.value).isprintable()


def test_nobody_there():
    """A port without a server is a mistake of usage."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="did not answer"):
            exchange("GET", f"http://127.0.0.1:{port}/")


def test_a_name_with_several_addresses(serve, witness, toylog, monkeypatch):
    """Where nobody listens at the first, the next one is tried."""
    url = serve(witness).url.replace("127.0.0.1", "localhost")
    found = [(0, 0, 0, "", (f"127.0.0.{last}", 0)) for last in (2, 2, 1)]
    resolve = socket.getaddrinfo

    def answer(host, *arguments, **options):
        return found if host == "localhost" else resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)

    assert submit_to(url, toylog, 4)


@pytest.mark.parametrize("url", ["", "ftp://example.com/", "http://a@127.0.0.1/", "x"])
def test_urls_refused(url):
    """Only http and https URLs are asked."""
    with pytest.raises(InputError):
        exchange("GET", url)


def test_a_server_that_says_nothing():
    """An answer that does not come in time is given up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(InputError, match="did not answer"):
            exchange("GET", url, seconds_max=0.1)


def test_timestamp_reply(server_that):
    """The bytes that the authority answers."""
    server, asked = server_that((200, "application/timestamp-reply", b"reply"))

    assert b"reply" == ask(server.url, b"query")
    assert ([b"query"], ["application/timestamp-query"]) == (asked, server.types)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((500, "application/timestamp-reply", b"x"), id="status"),
        pytest.param((200, "text/html", b"<p>"), id="type"),
        pytest.param((200, "", b"x"), id="no type"),
    ],
)
def test_no_timestamp_reply(server_that, answer):
    """Another status or type is no reply."""
    server, _ = server_that(answer)

    with pytest.raises(InputError):
        ask(server.url, b"query")
