"""One cosignature line: its shape, its message and its key."""

import base64

import pytest

from tests.tamper.anchoring import Witness, note_text
from tests.unit.levels.office import small_ledger
from verifier.findings import Code, Violation
from verifier.format.cosignature import (
    COSIGNATURE_BYTES_MAX,
    check_line,
    parse_line,
    parse_witness_vkey,
)
from verifier.format.note import NoteError

WITNESS = Witness("w0.example.net")
NOTE = small_ledger().checkpoints[3]
LINE = WITNESS.line(NOTE, 1_790_000_000_000)
KEY = parse_witness_vkey(WITNESS.vkey)


def test_time():
    """A line that holds says when it was made, in Unix seconds."""
    assert 1_790_000_000 == check_line(LINE, note_text(NOTE), KEY)


def with_blob(change) -> bytes:
    """The line with another blob."""
    name, _, blob = LINE[:-1].rpartition(b" ")
    return name + b" " + base64.b64encode(change(base64.b64decode(blob))) + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        with_blob(lambda blob: blob[:11] + bytes([blob[11] ^ 1]) + blob[12:]),
        with_blob(lambda blob: blob[:-1] + bytes([blob[-1] ^ 1])),
        with_blob(lambda blob: blob[:12] + bytes(64)),
    ],
    ids=["time", "signature", "zeros"],
)
def test_not_valid(line):
    """A known witness's line that does not hold is LV607."""
    with pytest.raises(Violation) as caught:
        check_line(line, note_text(NOTE), KEY)

    assert Code.COSIGNATURE_INVALID is caught.value.code


def test_other_checkpoint():
    """A line over one checkpoint does not hold over another."""
    other = small_ledger(4).checkpoints[4]
    with pytest.raises(Violation, match="does not hold"):
        check_line(LINE, note_text(other), KEY)


def test_plain_signature_is_no_cosignature():
    """A signature over the note text alone, with the right key id, does not hold."""
    signature = WITNESS.key.private.sign(note_text(NOTE))
    line = with_blob(lambda blob: blob[:12] + signature)
    with pytest.raises(Violation, match="does not hold"):
        check_line(line, note_text(NOTE), KEY)


MALFORMED = {
    "empty": b"",
    "no newline": LINE[:-1],
    "two newlines": LINE + b"\n",
    "two lines": LINE + LINE,
    "carriage return": LINE[:-1] + b"\r\n",
    "hyphen": b"- " + LINE.removeprefix("\u2014 ".encode()),
    "no name": LINE.replace(b" w0.example.net", b""),
    "two spaces": LINE.replace(b"net ", b"net  "),
    "plus in the name": LINE.replace(b"w0", b"w+0"),
    "not UTF-8": LINE.replace(b"w0", b"\xff0"),
    "padding missing": LINE.replace(b"=", b""),
    "url alphabet": LINE[:-2] + b"_\n",
    "short": with_blob(lambda blob: blob[:-1]),
    "long": with_blob(lambda blob: blob + b"\0"),
    "plain signature": with_blob(lambda blob: blob[:4] + blob[12:]),
    "time past 2^53": with_blob(lambda blob: blob[:4] + b"\xff" * 8 + blob[12:]),
    "past the limit": LINE.replace(b"w0", b"w" * COSIGNATURE_BYTES_MAX),
}


@pytest.mark.parametrize("line", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(line):
    """What is not one signature line of 76 bytes is LV606."""
    with pytest.raises(Violation) as caught:
        parse_line(line)

    assert (Code.ANCHOR_MALFORMED, "ANC-3") == (caught.value.code, caught.value.rule)


@pytest.mark.parametrize(
    "change",
    [
        lambda vkey: vkey.replace("+", "+0", 1),
        lambda vkey: vkey.replace("w0", "w1"),
        lambda vkey: vkey + "A",
        lambda vkey: vkey.rpartition("+")[0],
        lambda vkey: vkey.replace("w0", "w 0"),
        lambda _: "",
    ],
    ids=["key id", "name", "base64", "two parts", "space", "empty"],
)
def test_vkey_refused(change):
    """A vkey is `name+id+key`, and the id is that of name and key."""
    with pytest.raises(NoteError):
        parse_witness_vkey(change(WITNESS.vkey))


@pytest.mark.parametrize("kind", [0x02, 0x05, 0x06, 0xFF])
def test_other_algorithms_are_refused(kind):
    """A key of another algorithm is not read as an Ed25519 one."""
    material = base64.b64encode(bytes([kind]) + WITNESS.key.public).decode()
    with pytest.raises(NoteError, match="0x04"):
        parse_witness_vkey(f"w0+00000000+{material}")
