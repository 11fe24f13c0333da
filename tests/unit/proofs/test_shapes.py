"""Shapes and limits of a proof file's values (PRF-2 to PRF-13)."""

import pytest

from tests.tamper.anchoring import Witness
from tests.unit.levels.office import small_ledger
from tests.unit.proofs.material import encoded
from verifier.bundle.findings import BundleViolation
from verifier.proofs.disclosure import OPENINGS_MAX, take_disclosure
from verifier.proofs.file import (
    UnreadableError,
    read_bytes,
    reader,
    take_tokens,
)
from verifier.proofs.keys import KEY_RECEIPTS_MAX, take_keys
from verifier.proofs.note import parse_cosigned
from verifier.proofs.same_history import parse_pair
from verifier.proofs.sides import read_side
from verifier.proofs.tlog import TlogProofError, parse_tlog_proof

LEDGER = small_ledger()
NOTE = LEDGER.checkpoints[3]
WITNESSES = [Witness(f"w{n}.example.net") for n in range(2)]
PLAIN = LEDGER.roots[0].line(b"a text")
LINES = [one.line(NOTE, LEDGER.now_ms) for one in WITNESSES]


def refused(call, *given, **named):
    """What a call finds."""
    with pytest.raises(BundleViolation) as caught:
        call(*given, **named)
    return caught.value.finding


def disclosure(**changes):
    """A disclosure whose lists hold what is no opening and no entry."""
    value = {
        "checkpoint": NOTE.decode(),
        "entries": [{}],
        "format": "tuneledger/disclosure/v1",
        "keys": [{}],
        "openings": [opening()],
        "timestamps": [],
    }
    return value | changes


def opening(**changes):
    """An opening of the right shape."""
    value = {"event": "7.3", "field": "commitment", "key": "ab" * 32, "name": "a"}
    return value | changes


@pytest.mark.parametrize("name", ["entries", "openings"])
def test_openings_are_limited(name):
    """A disclosure has at most so many entries and openings (PRF-11)."""
    most, more = [None] * OPENINGS_MAX, [None] * (OPENINGS_MAX + 1)

    assert f"a list of 1 to {OPENINGS_MAX} items" == (
        refused(take_disclosure, disclosure(**{name: more})).expected
    )
    assert "an object of" in (
        refused(take_disclosure, disclosure(**{name: most})).expected
    )


def test_key_receipts_are_limited():
    """A list of keys has at most so many receipts (PRF-6)."""
    read, more = reader("keys"), [None] * (KEY_RECEIPTS_MAX + 1)

    assert f"a list of 1 to {KEY_RECEIPTS_MAX} items" == (
        refused(take_keys, read, more, where="keys").expected
    )
    assert "an object of" in (refused(take_keys, read, more[1:], where="keys").expected)


ODD_OPENINGS = {
    "event without an index": ({"event": "7"}, "an event id such as 7.3"),
    "event with a zero": ({"event": "07.3"}, "an event id such as 7.3"),
    "event with a newline": ({"event": "7.3\n"}, "an event id such as 7.3"),
    "key short": ({"key": "ab" * 31}, "a key of 64 hex digits"),
    "key in capitals": ({"key": "AB" * 32}, "a key of 64 hex digits"),
    "no name": ({"name": ""}, "a name of 1 to 131072 bytes"),
    "name too long": ({"name": "a" * 131_073}, "a name of 1 to 131072 bytes"),
    "name too long in UTF-8": ({"name": "é" * 65_537}, "a name of 1 to 131072 bytes"),
    "name a number": ({"name": 1}, "a string"),
}


@pytest.mark.parametrize(
    ("changes", "expected"), ODD_OPENINGS.values(), ids=ODD_OPENINGS.keys()
)
def test_an_opening_of_another_shape(changes, expected):
    """Event, key and name of an opening have one shape each (PRF-11)."""
    value = disclosure(openings=[opening(**changes)])

    assert expected == refused(take_disclosure, value).expected


@pytest.mark.parametrize("name", ["a", "a" * 131_072], ids=["1", "most"])
def test_a_name_within_its_limits(name):
    """A name of one byte and one of the most bytes are read: the next part is not."""
    value = disclosure(openings=[opening(name=name)])

    assert "an object of" in refused(take_disclosure, value).expected


@pytest.mark.parametrize("length", [1, 65_535], ids=["1", "most"])
def test_a_token_within_its_limits(length):
    """A time stamp of one byte and one of the most bytes have the right shape."""
    token = bytes(length)

    assert (token,) == take_tokens(reader("receipt"), [encoded(token)])


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([b""], "tokens of 1 to 65535 bytes"),
        ([bytes(65_536)], "tokens of 1 to 65535 bytes"),
        ([b"a", b"b", b"a"], "each token once"),
        ([b"%d" % n for n in range(65)], "a list of at most 64"),
    ],
    ids=["empty", "too long", "twice", "too many"],
)
def test_tokens_of_another_shape(tokens, expected):
    """Time stamps are few, bounded and different (PRF-9)."""
    found = refused(take_tokens, reader("receipt"), list(map(encoded, tokens)))

    assert found.expected.startswith(expected)


def test_as_many_tokens_as_there_may_be():
    """The most time stamps are read, and so are none."""
    tokens = tuple(b"%d" % n for n in range(64))

    assert tokens == take_tokens(reader("receipt"), list(map(encoded, tokens)))
    assert () == take_tokens(reader("receipt"), [])


@pytest.mark.parametrize("value", [{}, "", None], ids=["object", "text", "null"])
def test_tokens_that_are_no_list(value):
    """The list of time stamps is a list."""
    assert "LV921" == refused(take_tokens, reader("receipt"), value).code


@pytest.mark.parametrize(
    "content",
    [b"[]", b"1", b'{"format":"tuneledger/receipt/v1"}', b"{}"],
    ids=["list", "number", "receipt", "no format"],
)
def test_no_pair(content):
    """JSON of another format is no pair."""
    assert "format tuneledger/checkpoint-pair/v1" == (
        refused(parse_pair, content).expected
    )


def test_a_cosigned_note_is_taken_apart():
    """The log's line alone is what was stored and stamped; the others come after."""
    found = parse_cosigned(NOTE + b"".join(LINES), where="checkpoint")

    assert (NOTE, tuple(LINES)) == (found.stored, found.cosignatures)
    assert 1 == len(found.checkpoint.note.signatures)
    assert (3, ()) == (found.checkpoint.size, found.alone().cosignatures)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([LINES[0], LINES[0]], "LV922"),
        ([LINES[0], LINES[1], PLAIN], "LV606"),
        ([PLAIN], "LV606"),
    ],
    ids=["a line twice", "a plain signature last", "a plain signature first"],
)
def test_a_cosigned_note_of_another_shape(lines, code):
    """Each further line is a cosignature, and is there once (PRF-5)."""
    found = refused(parse_cosigned, NOTE + b"".join(lines), where="checkpoint")

    assert (code, "checkpoint") == (found.code, found.where)


def test_a_stored_note_is_limited(monkeypatch):
    """The log's part of a note is no longer than a ledger stores it (PRF-5)."""
    data = NOTE + LINES[0]
    monkeypatch.setattr("verifier.proofs.note.CHECKPOINT_BYTES_MAX", len(NOTE))
    assert NOTE == parse_cosigned(data, where="old").stored
    monkeypatch.setattr("verifier.proofs.note.CHECKPOINT_BYTES_MAX", len(NOTE) - 1)
    found = refused(parse_cosigned, data, where="old")

    assert ("LV922", "PRF-5", "old") == (found.code, found.rule, found.where)


@pytest.mark.parametrize(
    ("limit", "holds"), [(5, True), (4, False)], ids=["as long", "longer"]
)
def test_a_file_as_long_as_it_may_be(tmp_path, limit, holds):
    """A file of the limit is read; a byte more is not (PRF-1)."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    if holds:
        assert b"12345" == read_bytes(path, limit)
    else:
        with pytest.raises(UnreadableError, match="longer than 4 bytes"):
            read_bytes(path, limit)


def test_a_disclosure_has_exactly_its_names():
    """A name more or less than those of the format is refused."""
    more, less = disclosure(more=1), disclosure()
    del less["keys"]

    assert ["LV921"] * 2 == [refused(take_disclosure, one).code for one in (more, less)]


def tlog_proof(length):
    """A tlog-proof whose extra data make it so long."""
    start, end = b"c2sp.org/tlog-proof@v1\nextra ", b"\nindex 7\n\nx\n"
    room = length - len(start) - len(end)
    return start + b"A" * (room // 4 * 4) + end + b"x" * (room % 4)


def test_length_of_a_tlog_proof():
    """A tlog-proof of 128 KiB is read; a byte more is not."""
    assert 7 == parse_tlog_proof(tlog_proof(131_072)).index
    with pytest.raises(TlogProofError, match="the proof is too long"):
        parse_tlog_proof(tlog_proof(131_073))


@pytest.mark.parametrize(
    ("index", "hashes", "match"),
    [
        (b"9007199254740991", 63, None),
        (b"9007199254740992", 0, "no line 'index' with a decimal below"),
        (b"7", 64, "the path is too long"),
        (b"", 0, "no line 'index'"),
    ],
    ids=["most", "2^53", "64 hashes", "no number"],
)
def test_parts_of_a_tlog_proof(index, hashes, match):
    """An index is below 2^53, and a path has at most 63 hashes."""
    path = hashes * (encoded(bytes(32)).encode() + b"\n")
    text = b"c2sp.org/tlog-proof@v1\nindex " + index + b"\n" + path + b"\nx\n"
    if match is None:
        found = parse_tlog_proof(text)
        assert (2**53 - 1, 63, b"x\n") == (
            found.index,
            len(found.hashes),
            found.checkpoint,
        )
    else:
        with pytest.raises(TlogProofError, match=match):
            parse_tlog_proof(text)


@pytest.mark.parametrize("length", [31, 33])
def test_a_hash_of_another_length(length):
    """A hash on a path has 32 bytes."""
    path = encoded(bytes(length)).encode()
    text = b"c2sp.org/tlog-proof@v1\nindex 0\n" + path + b"\n\nx\n"
    with pytest.raises(TlogProofError, match="a hash is not 32 bytes"):
        parse_tlog_proof(text)


@pytest.mark.parametrize("read", [read_bytes, read_side])
def test_why_a_file_cannot_be_read(tmp_path, read):
    """The system's own word is the reason."""
    with pytest.raises(UnreadableError, match=r"^No such file or directory$"):
        read(tmp_path / "missing")
