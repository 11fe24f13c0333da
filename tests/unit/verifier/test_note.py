"""Notes and verifier keys of the verifier: what it refuses, and in what words."""

import base64

import pytest

from tests.simulator import Key, sign_note
from verifier.format.note import (
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    NoteError,
    VerifierKey,
    open_note,
    parse_note,
    parse_vkey,
    signed_by_exactly,
)

ONE, TWO = Key("one"), Key("two")
TEXT = b"text\n"
LINE = ONE.line(TEXT)


def vkey(material: bytes) -> str:
    """A verifier key over this material, with the key id that the rest gives it."""
    key_id = VerifierKey("one", material[1:]).key_id.hex()
    return f"one+{key_id}+{base64.b64encode(material).decode()}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (vkey(b"\x02" + ONE.public), "not of type Ed25519"),
        (vkey(b"\x01" + ONE.public + b"\x00"), "not of type Ed25519"),
        (vkey(b"\x01" + ONE.public).replace("one+", "two+"), "id is"),
        (f"one+{ONE.key_id.hex()}+AB==", "base64 is malformed"),
        (ONE.vkey.replace("one", "o e"), "name is not one of KEY-4"),
    ],
    ids=["type", "length", "key id", "base64", "name"],
)
def test_malformed_verifier_key(text, message):
    """Each part of a verifier key is checked."""
    with pytest.raises(NoteError, match=message):
        parse_vkey(text)


def blob(size: int) -> bytes:
    """A signature line with a blob of so many bytes."""
    return "— one ".encode() + base64.b64encode(bytes(size)) + b"\n"


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (TEXT + b"\n" + LINE.replace("— ".encode(), b"- "), "line is malformed"),
        (TEXT + b"\n" + "— one\n".encode(), "line is malformed"),
        (TEXT + b"\n" + "— one AB==\n".encode(), "base64 is malformed"),
        (TEXT + b"\n" + LINE.replace(b"one", b"o+e"), "key name"),
        (TEXT + b"\n" + LINE.replace(b"one", b""), "key name"),
        (TEXT + b"\n" + blob(4), "too short"),
        (TEXT + LINE, "no block of signature lines"),
        (TEXT + b"\n" + LINE[:-1], "no block of signature lines"),
        (b"\xff" + TEXT + b"\n" + LINE, "not UTF-8"),
        (b"\t" + TEXT + b"\n" + LINE, "control character"),
    ],
    ids=[
        "dash",
        "no blob",
        "base64",
        "plus in a name",
        "no name",
        "blob of 4 bytes",
        "no empty line",
        "no last newline",
        "encoding",
        "control character",
    ],
)
def test_malformed_note(note, message):
    """Each part of a note is checked, before any key is known."""
    with pytest.raises(NoteError, match=message):
        parse_note(note)


def test_shortest_blob():
    """A blob is a key id of four bytes and a signature of at least one."""
    (signature,) = parse_note(TEXT + b"\n" + blob(5)).signatures

    assert (bytes(4), bytes(1)) == (signature.key_id, signature.blob)


def test_as_many_lines_as_allowed():
    """A note may have so many signature lines, and not one more."""
    assert SIGNATURES_MAX == len(
        parse_note(TEXT + b"\n" + LINE * SIGNATURES_MAX).signatures
    )
    with pytest.raises(NoteError, match="too many signature lines"):
        parse_note(TEXT + b"\n" + LINE * (SIGNATURES_MAX + 1))


def test_longest_note():
    """A note may have so many bytes, and not one more."""
    filler = b"x" * (NOTE_BYTES_MAX - len(sign_note(b"\n", ONE)))
    note = sign_note(filler + b"\n", ONE)

    assert NOTE_BYTES_MAX == 65_535 == len(note)
    assert filler + b"\n" == parse_note(note).text
    with pytest.raises(NoteError, match="too long"):
        parse_note(b"x" + note)


def test_key_that_signs_twice_is_named_once():
    """Two lines of one key count once."""
    note = TEXT + b"\n" + LINE + LINE

    assert (TEXT, ["one"]) == open_note(note, [parse_vkey(ONE.vkey)])


def test_note_of_unknown_keys():
    """A note that no known key signed does not open."""
    with pytest.raises(NoteError, match="no known key"):
        open_note(sign_note(TEXT, TWO), [parse_vkey(ONE.vkey)])


@pytest.mark.parametrize(
    ("signers", "fault"),
    [
        ([ONE, TWO], ""),
        ([ONE], "1 signature lines"),
        ([TWO, ONE], f"a line of two {TWO.key_id.hex()}"),
        ([ONE, Key("two", "other")], "a line of"),
        ([ONE, Key("three")], "a line of"),
    ],
    ids=["these", "one missing", "other order", "other key", "other name"],
)
def test_signed_by_exactly(signers, fault):
    """A stored note has a line of each key, in order, and no other."""
    keys = [VerifierKey(key.name, key.public) for key in (ONE, TWO)]
    found = signed_by_exactly(parse_note(sign_note(TEXT, *signers)), keys)

    assert fault in found
    assert bool(fault) == bool(found)


def test_line_over_another_text():
    """A line of the right key over another text does not hold."""
    note = parse_note(TEXT + b"\n" + ONE.line(b"other\n"))
    found = signed_by_exactly(note, [VerifierKey(ONE.name, ONE.public)])

    assert "a signature that does not hold" == found
