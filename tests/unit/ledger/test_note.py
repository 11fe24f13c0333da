"""C2SP signed notes (ledger.format.note)."""

import base64

import pytest

from ledger.errors import IntegrityError, KeyTrustError
from ledger.format.note import (
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    VerifierKey,
    check_exact,
    check_note,
    decode_base64,
    parse_note,
    parse_vkey,
    signature_line,
)
from tests.unit.ledger.workshop import LOW_ORDER_KEY, key

TEXT = b"If you think cryptography is the answer\n"
ALICE, BOB = key("example.org/alice"), key("example.org/bob")
LINE = "\u2014 x AAAAAAE=\n".encode()


def test_note_round_trip():
    """What is signed is what is parsed, and its key checks it."""
    note = parse_note(ALICE.sign_note(TEXT))

    assert TEXT == note.text
    assert (ALICE.verifier,) == check_note(note, [ALICE.verifier])


def test_text_may_hold_empty_lines():
    """The last empty line divides text and signatures."""
    text = b"one\n\ntwo\n"

    assert text == parse_note(ALICE.sign_note(text)).text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AA", "base64 cannot be decoded"),
        ("AAB=", "base64 is not in its one spelling"),
        ("AB==", "base64 is not in its one spelling"),
        ("A A=", "base64 cannot be decoded"),
        ("AA==\n", "base64 cannot be decoded"),
        ("AA_-", "base64 cannot be decoded"),
        ("\u00e9\u00e9==", "base64 cannot be decoded"),
    ],
)
def test_base64_has_one_spelling(text, message):
    """Missing padding, stray bits, white space and other alphabets are refused."""
    with pytest.raises(IntegrityError, match=message):
        decode_base64(text)


def test_every_stray_bit_of_base64_is_refused():
    """Of the 64 last characters of a 32-byte root, 16 are canonical."""
    accepted = 0
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
        try:
            decode_base64("A" * 42 + last + "=")
        except IntegrityError:
            continue
        accepted += 1

    assert 16 == accepted


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no signature lines"),
        (b"text\n", "no signature lines"),
        (b"text\n\n", "no signature lines"),
        (b"text\n" + LINE, "no signature lines"),
        (b"text\n\n" + LINE[:-1], "no signature lines"),
        (b"text\n\n" + LINE + b"\n", "no signature lines"),
        (b"text\xff\n\n" + LINE, "not UTF-8"),
        (b"te\xed\xa0\x80xt\n\n" + LINE, "not UTF-8"),
        (b"text\r\n\n" + LINE, "control character"),
        (b"te\x00xt\n\n" + LINE, "control character"),
        (b"te\txt\n\n" + LINE, "control character"),
        (b"text\n\n- x AAAAAAE=\n", "malformed signature line"),
        (b"text\n\n" + LINE.replace(b" x ", b"  "), "malformed signature line"),
        (b"text\n\n" + LINE.replace(b" x ", b" x+y "), "malformed signature line"),
        (b"text\n\n" + LINE.replace(b" x ", b" x  "), "malformed signature line"),
        (b"text\n\n" + LINE.replace(b"E=", b"E= "), "malformed signature line"),
        (b"text\n\n" + LINE.replace(b"E=", b"F="), "one spelling"),
        (b"text\n\n" + LINE.replace(b"AAAAAAE=", b"AAAAAA=="), "without a signature"),
    ],
)
def test_malformed_notes(content, message):
    """A note that is not exactly text, empty line and signature lines is refused."""
    with pytest.raises(IntegrityError, match=message):
        parse_note(content)


def test_signature_lines_are_limited():
    """The 65th signature line is refused."""
    assert SIGNATURES_MAX == len(
        parse_note(b"text\n\n" + LINE * SIGNATURES_MAX).signatures
    )
    with pytest.raises(IntegrityError, match="more than 64 signature lines"):
        parse_note(b"text\n\n" + LINE * (SIGNATURES_MAX + 1))


def test_note_length_is_limited():
    """65,535 bytes are read, 65,536 are refused."""
    rest = len(b"\n\n" + LINE)
    assert parse_note(b"x" * (NOTE_BYTES_MAX - rest) + b"\n\n" + LINE)
    with pytest.raises(IntegrityError, match="at most 65535 bytes, found 65536"):
        parse_note(b"x" * (NOTE_BYTES_MAX - rest + 1) + b"\n\n" + LINE)


def test_unknown_signature_lines_are_ignored_by_check_note():
    """C2SP signed-note asks to ignore keys that are not known."""
    content = ALICE.sign_note(TEXT) + BOB.note_line(TEXT)

    assert (BOB.verifier,) == check_note(parse_note(content), [BOB.verifier])


def test_a_key_that_signs_twice_counts_once():
    """Two lines of one key are one signer."""
    content = ALICE.sign_note(TEXT) + ALICE.note_line(TEXT)

    assert (ALICE.verifier,) == check_note(parse_note(content), [ALICE.verifier])


def test_a_note_without_a_known_key_is_refused():
    """Nobody known signed."""
    with pytest.raises(KeyTrustError, match="no signature of a known key"):
        check_note(parse_note(ALICE.sign_note(TEXT)), [BOB.verifier])


def test_a_wrong_signature_of_a_known_key_refuses_the_note():
    """One bad line spoils the good one of another key."""
    content = ALICE.sign_note(TEXT) + BOB.note_line(b"another text\n")

    with pytest.raises(KeyTrustError, match="signature does not verify"):
        check_note(parse_note(content), [ALICE.verifier, BOB.verifier])


@pytest.mark.parametrize(
    "signers",
    [[ALICE], [BOB, ALICE], [ALICE, BOB, ALICE], [ALICE, BOB, key("x")]],
    ids=["missing", "out of order", "twice", "unknown"],
)
def test_check_exact_refuses_other_lines(signers):
    """A stored note holds one line of each key, in order, and no other (SUB-8)."""
    content = TEXT + b"\n" + b"".join(signer.note_line(TEXT) for signer in signers)

    with pytest.raises(IntegrityError, match=r"alice, example\.org/bob"):
        check_exact(parse_note(content), [ALICE.verifier, BOB.verifier])


def test_check_exact_accepts_these_lines():
    """Each key signed once, in order."""
    content = ALICE.sign_note(TEXT) + BOB.note_line(TEXT)

    assert check_exact(parse_note(content), [ALICE.verifier, BOB.verifier]) is None


def test_check_exact_checks_the_signature():
    """The right lines over another text are refused."""
    content = TEXT + b"\n" + ALICE.note_line(b"another text\n")

    with pytest.raises(KeyTrustError, match="signature does not verify"):
        check_exact(parse_note(content), [ALICE.verifier])


def test_vkey_round_trip():
    """A key's text parses back to the key."""
    assert ALICE.verifier == parse_vkey(str(ALICE.verifier))


def test_vkey_of_the_specification():
    """The key id is that of the example in C2SP signed-note."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

    assert text == str(parse_vkey(text))


def _vkey(name="a", kind=b"\x01", public_key=None):
    content = kind + (public_key or ALICE.verifier.public_key)
    key_id = VerifierKey(name, content[1:]).key_id.hex()
    return f"{name}+{key_id}+{base64.b64encode(content).decode()}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected name"),
        ("a", "expected name"),
        (_vkey(name=""), "expected name"),
        (_vkey(name="a b"), "expected name"),
        (_vkey(name="a" * 129), "expected name"),
        (_vkey(kind=b"\x02"), "expected name"),
        (_vkey(public_key=b"k" * 31), "expected name"),
        (_vkey() + "\n", "base64"),
        (_vkey(public_key=bytes.fromhex(LOW_ORDER_KEY)), "low order"),
        (_vkey().replace("a+", "b+", 1), "expected key id"),
        (_vkey()[:2] + _vkey()[2:10].upper() + _vkey()[10:], "expected key id"),
    ],
)
def test_malformed_vkeys(text, message):
    """A vkey of another shape, another type, or with a foreign key id is refused."""
    with pytest.raises(KeyTrustError, match=message):
        parse_vkey(text)


def test_signature_line_is_what_parse_reads():
    """The line holds name, key id and signature."""
    line = signature_line(ALICE.verifier, b"s" * 64)
    found = parse_note(TEXT + b"\n" + line.encode()).signatures[0]

    assert (ALICE.name, ALICE.verifier.key_id, b"s" * 64) == (
        found.name,
        found.key_id,
        found.signature,
    )
