"""Witness keys and lines at their limits, each with the key id that it should have."""

import base64
from hashlib import sha256

import pytest

from tests.tamper.anchoring import Witness, note_text
from tests.unit.levels.office import small_ledger
from verifier.findings import Violation
from verifier.format.cosignature import (
    CosignatureLine,
    check_line,
    parse_line,
    parse_witness_vkey,
)
from verifier.format.note import NoteError
from verifier.format.tlog_policy import POLICY_BYTES_MAX, TlogPolicyError, parse_policy

WITNESS = Witness("w.example.net")
NOTE = small_ledger().checkpoints[3]
TIME_MAX_S = (2**53 - 1) // 1000


def vkey(name="w", kind=4, public=WITNESS.key.public):
    """A vkey whose key id fits, whatever the name and key."""
    key_id = sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


@pytest.mark.parametrize("kind", [1, 4])
@pytest.mark.parametrize(
    "name", ["w", "w" * 255, "\u00e9"], ids=["one", "most", "other letters"]
)
def test_read(name, kind):
    """Both types of a key are the same witness, under its name."""
    key = parse_witness_vkey(vkey(name, kind))

    assert (name, WITNESS.key.public) == (key.name, key.public_key)
    assert parse_witness_vkey(vkey(name)) == key


REFUSED = {
    "no name": vkey(""),
    "space": vkey("a b"),
    "no-break space": vkey("a\u00a0b"),
    "control character": vkey("a\x01b"),
    "name too long": vkey("w" * 256),
    "id in capitals": "w+AB" + vkey()[4:],
    "id too long": vkey().replace("+", "+00", 1),
    "key too long": vkey(public=WITNESS.key.public + b"\0"),
    "key too short": vkey(public=WITNESS.key.public[:-1]),
    "another type": vkey(kind=2),
    "no key": "w+00000000+",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_refused(text):
    """Name, id and key each have one shape."""
    with pytest.raises(NoteError):
        parse_witness_vkey(text)


def test_the_name_is_bounded_before_the_key_is_read():
    """What is refused for its name is not refused for its key."""
    with pytest.raises(NoteError, match="not name"):
        parse_witness_vkey(vkey("a b"))
    with pytest.raises(NoteError, match="not name"):
        parse_witness_vkey("w+ABCDEF01" + vkey()[10:])


@pytest.mark.parametrize("public", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32])
def test_weak_key(public):
    """A key of low order, or none of the curve, would let anybody cosign (KEY-2)."""
    with pytest.raises(Violation):
        parse_witness_vkey(vkey(public=public))


def line(name="w", *, time_s=7):
    """A line of the right shape; its signature does not hold."""
    blob = base64.b64encode(b"abcd" + time_s.to_bytes(8, "big") + bytes(64)).decode()
    return f"\u2014 {name} {blob}\n".encode()


def test_a_line_taken_apart():
    """Name, key id, time and signature."""
    assert CosignatureLine("w", b"abcd", 7, bytes(64)) == parse_line(line())


@pytest.mark.parametrize(
    ("time_s", "holds"), [(0, True), (TIME_MAX_S, True), (TIME_MAX_S + 1, False)]
)
def test_time_of_a_line(time_s, holds):
    """A time is one whose milliseconds are below 2^53."""
    if holds:
        assert time_s == parse_line(line(time_s=time_s)).time_s
    else:
        with pytest.raises(Violation, match="a time in Unix seconds"):
            parse_line(line(time_s=time_s))


def test_length_of_a_line():
    """A line of 512 bytes is read; one of 513 is not (ANC-3)."""
    room = 512 - len(line(""))
    assert "w" * room == parse_line(line("w" * room)).name
    with pytest.raises(Violation, match="at most 512 bytes"):
        parse_line(line("w" * (room + 1)))


@pytest.mark.parametrize("other", ["name", "key"])
def test_a_line_of_somebody_else(other):
    """A line holds under the key that it names, and under no other."""
    at_ms = 1_790_000_000_000
    key = parse_witness_vkey(WITNESS.vkey)
    made = WITNESS.line(NOTE, at_ms)
    assert at_ms // 1000 == check_line(made, note_text(NOTE), key)
    somebody = Witness(
        *{"name": ["x.example.net"], "key": ["w.example.net", "x"]}[other]
    )
    if other == "name":
        somebody.key.private = WITNESS.key.private
    with pytest.raises(Violation, match="a signature that does not hold"):
        check_line(somebody.line(NOTE, at_ms), note_text(NOTE), key)


def test_length_of_a_policy():
    """A policy of the limit is read; a byte more is not."""
    text = b"quorum none\n"
    longest = b"#" * (POLICY_BYTES_MAX - len(text) - 1) + b"\n" + text
    assert b"none" == parse_policy(longest).quorum
    with pytest.raises(TlogPolicyError, match="at most 1048576 bytes, found 1048577"):
        parse_policy(b"#" + longest)


W = [Witness(f"w{n}.example.net") for n in range(2)]
NAMED = "".join(f"witness w{n} {one.vkey}\n" for n, one in enumerate(W))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "line 1: expected a newline at the end"),
        ("\n\nquorum w0 \x01\n", "line 5: expected no control .* but tab, found 01"),
        ("quorum w0\nquorum w1\n", "line 4: expected exactly one quorum line"),
        ("quorum w2\n", "line 3: expected a quorum that an earlier line defines"),
        ("group g 3 w0 w1\n", "line 3: expected any, all or a number from 1 to 2"),
        ("group g 0 w0 w1\n", "line 3: expected any, all or a number from 1 to 2"),
        ("group g any w0 w0\n", "line 3: expected each name a member once"),
        ("group g any w7\n", "line 3: expected members that earlier lines define"),
        ("group w1 any w0\n", "line 3: expected a name that is not taken"),
        (f"witness w9 {W[0].vkey}\n", "line 3: expected each witness key once"),
        ("more\n", "line 3: expected a log, witness, group or quorum, found more"),
        ("log nonsense\n", "line 3: expected the vkey of a log"),
        ("# nothing\n", "expected exactly one quorum line, found none"),
    ],
)  # fmt: skip
def test_words_of_a_policy_that_is_refused(text, match):
    """The error names the line and what was expected there."""
    content = (NAMED + text).encode() if text else b"quorum none"
    with pytest.raises(TlogPolicyError, match=match):
        parse_policy(content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quorum w0\n", "w0"),
        ("quorum none\n", "none"),
        ("group g all w0 w1\nquorum g\n", "g (2 of w0, w1)"),
        ("group g any w0 w1\nquorum g\n", "g (1 of w0, w1)"),
    ],
)
def test_a_quorum_in_one_line(text, expected):
    """A quorum reads as its name, and a group's with how many of whom."""
    assert expected == parse_policy((NAMED + text).encode()).describe_quorum()
