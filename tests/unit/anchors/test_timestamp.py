"""ledger.format.timestamp: RFC 3161 replies of a real `openssl ts` authority."""

import shutil

import pytest

from ledger.errors import InputError, IntegrityError
from ledger.format.timestamp import TOKEN_BYTES_MAX, Query, check_reply, make_query
from ledger.log.anchors import find_stamped_size
from tests.unit.anchors.authority import Authority
from tests.unit.ledger.workshop import adopted, open_ledger

pytest.importorskip("rfc3161_client")
pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl on this machine"
)

NOTE = b"example.org/acme\n1\nroot\n\nsigned\n"
YEAR_2026_MS = 1_767_225_600_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority."""
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture
def ledger(workspace):
    """A ledger with two checkpoints."""
    with open_ledger(workspace) as opened:
        opened.append([adopted()], stream="policy")
        yield opened


@pytest.mark.parametrize("nonce", [True, False])
def test_asked_and_answered(authority, nonce):
    """Our request is answered, and the answer checks."""
    query = make_query(NOTE, nonce=nonce)
    token = authority.reply(query.content)

    assert nonce == (query.nonce is not None)
    assert YEAR_2026_MS < check_reply(token, NOTE, query=query)


def test_a_request_of_another_program(authority):
    """The reply to openssl's own request is as good."""
    token = authority.reply(authority.query(NOTE, "-sha256"))

    assert YEAR_2026_MS < check_reply(token, NOTE)


def test_another_note(authority):
    """A stamp on something else is refused."""
    token = authority.reply(make_query(NOTE).content)

    with pytest.raises(IntegrityError, match="something else"):
        check_reply(token, NOTE + b"x")


def test_another_hash(authority):
    """Only SHA-256 is taken (ANC-4)."""
    token = authority.reply(authority.query(NOTE, "-sha512"))

    with pytest.raises(IntegrityError, match="SHA-256"):
        check_reply(token, NOTE)


def test_an_old_reply(authority):
    """A reply to another request shows by its nonce."""
    token = authority.reply(make_query(NOTE).content)

    with pytest.raises(IntegrityError, match="nonce"):
        check_reply(token, NOTE, query=make_query(NOTE))
    with pytest.raises(IntegrityError, match="nonce"):
        check_reply(token, NOTE, query=Query(b"", 1))


def test_a_rejection(authority):
    """A reply that was not granted is refused."""
    query = authority.query(NOTE, "-sha256", "-tspolicy", "1.9.9.9")

    with pytest.raises(IntegrityError, match="granted"):
        check_reply(authority.reply(query), NOTE)


@pytest.mark.parametrize("content", [b"", b"\x30\x00", b"x" * 99, b"\x30\x82\xff\xff"])
def test_no_der(content):
    """What is no reply at all is refused."""
    with pytest.raises(IntegrityError, match="DER"):
        check_reply(content, NOTE)


def test_cut_and_prolonged(authority):
    """A reply has no byte less and none more."""
    token = authority.reply(make_query(NOTE).content)
    for content in (token[:-1], token + b"\x00"):
        with pytest.raises(IntegrityError):
            check_reply(content, NOTE)


def test_too_long():
    """A limit stands before the parser."""
    with pytest.raises(IntegrityError, match="at most"):
        check_reply(b"\x30" * (TOKEN_BYTES_MAX + 1), NOTE)


def test_stored_once(authority, ledger):
    """A stamp on a stored checkpoint is found, stored once and read again."""
    notes = dict(ledger.checkpoints())
    tokens = {
        size: authority.reply(make_query(note).content) for size, note in notes.items()
    }
    for size in (2, 1, 1):
        found = find_stamped_size(ledger, tokens[size])
        assert YEAR_2026_MS < ledger.add_timestamp(tokens[size], found)

    assert [(2, tokens[2]), (1, tokens[1])] == list(ledger.anchors("timestamp"))
    assert [[tokens[1]], [tokens[2]]] == [ledger.timestamps(n) for n in (1, 2)]


def test_not_stored(authority, ledger):
    """A stamp on another checkpoint, on none, or none at all is not stored."""
    token = authority.reply(make_query(ledger.newest_checkpoint()).content)
    with pytest.raises(IntegrityError):
        ledger.add_timestamp(token, 1)
    with pytest.raises(InputError):
        ledger.add_timestamp(token, 3)
    with pytest.raises(InputError, match="no checkpoint of this ledger"):
        find_stamped_size(ledger, authority.reply(make_query(NOTE).content))

    assert [] == list(ledger.anchors("timestamp"))
