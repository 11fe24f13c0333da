"""ledger.format.cosignature: C2SP tlog-cosignature, v1 with Ed25519."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import IntegrityError, KeyTrustError
from ledger.format.cosignature import (
    TIME_MAX,
    CosignerKey,
    check_cosignature,
    cosign,
    cosigner_of,
    parse_cosigner,
    parse_lines,
    signed_message,
)
from ledger.format.note import Signature, format_line
from tests.unit.ledger.workshop import LOW_ORDER_KEY, key

SIGNER = key("example.com/w1")
COSIGNER = cosigner_of(SIGNER)
TEXT = (
    b"example.com/behind-the-sofa\n20852163\n"
    b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
)
AT_S = 1_679_315_147


def test_signed_message():
    """The message is the example of the specification, byte for byte."""
    expected = (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )

    assert expected == signed_message(TEXT, AT_S)


def test_line_format():
    """A line is dash, name, and base64 of key id, 8-byte time and signature."""
    line = cosign(SIGNER, TEXT, AT_S)
    dash, name, encoded = line.decode().removesuffix("\n").split(" ")
    blob = base64.b64decode(encoded)

    assert ("\u2014", COSIGNER.name) == (dash, name)
    assert (COSIGNER.key_id, AT_S) == (blob[:4], int.from_bytes(blob[4:12], "big"))
    Ed25519PublicKey.from_public_bytes(COSIGNER.public_key).verify(
        blob[12:], signed_message(TEXT, AT_S)
    )


def test_what_is_cosigned_checks():
    """A fresh line gives its time back."""
    assert AT_S == check_cosignature(cosign(SIGNER, TEXT, AT_S), TEXT, COSIGNER)


def test_extension_lines_are_cosigned():
    """The whole text is signed: without its extension lines a line does not check."""
    line = cosign(SIGNER, TEXT + b"more\n", AT_S)

    assert AT_S == check_cosignature(line, TEXT + b"more\n", COSIGNER)
    with pytest.raises(KeyTrustError):
        check_cosignature(line, TEXT, COSIGNER)


def test_vkey_round_trip():
    """A vkey names its key with type 4 and the id that goes with it."""
    text = str(COSIGNER)

    assert COSIGNER == parse_cosigner(text)
    assert b"\x04" == base64.b64decode(text.split("+", 2)[2])[:1]
    assert SIGNER.verifier.key_id != COSIGNER.key_id


def test_vkey_of_type_1():
    """Tools that write type 1 for a witness's key mean the same key."""
    assert COSIGNER == parse_cosigner(str(SIGNER.verifier))


def vkey(name, kind, public_key, key_id=None):
    """A vkey text with anything in it."""
    own = CosignerKey(name, public_key).key_id.hex()
    encoded = base64.b64encode(bytes([kind]) + public_key).decode()
    return f"{name}+{key_id or own}+{encoded}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("name", id="no parts"),
        pytest.param(vkey("w", 1, COSIGNER.public_key), id="the other type's id"),
        pytest.param(vkey("w", 6, COSIGNER.public_key), id="ML-DSA type"),
        pytest.param(vkey("w", 4, COSIGNER.public_key, "00000000"), id="other id"),
        pytest.param(vkey("w", 4, COSIGNER.public_key[:31]), id="short key"),
        pytest.param(vkey("w", 4, bytes.fromhex(LOW_ORDER_KEY)), id="low order"),
        pytest.param(vkey("", 4, COSIGNER.public_key), id="no name"),
        pytest.param(vkey("w 1", 4, COSIGNER.public_key), id="space"),
        pytest.param(vkey("w\u00a01", 4, COSIGNER.public_key), id="Unicode space"),
        pytest.param(vkey("w" * 256, 4, COSIGNER.public_key), id="long name"),
        pytest.param(str(COSIGNER) + "=", id="base64 with more padding"),
        pytest.param(str(COSIGNER) + "\n", id="newline"),
        pytest.param("w\ud800+00000000+AA==", id="lone surrogate"),
    ],
)
def test_vkey_refused(text):
    """A key that is not one of a cosigner is refused."""
    with pytest.raises(KeyTrustError):
        parse_cosigner(text)


def blob_line(blob, name=COSIGNER.name, key_id=COSIGNER.key_id):
    """A line that holds any bytes after the key id."""
    return format_line(Signature(name, key_id, blob))


def signed_blob(at_s):
    """A time and the signature that goes with it."""
    return at_s.to_bytes(8, "big") + SIGNER.sign(signed_message(TEXT, at_s))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(cosign(key("example.com/w2"), TEXT, AT_S), id="another witness"),
        pytest.param(SIGNER.note_line(TEXT), id="a plain signature of the same key"),
        pytest.param(cosign(SIGNER, TEXT + b"x\n", AT_S), id="another text"),
        pytest.param(blob_line(signed_blob(AT_S)[8:]), id="no time"),
        pytest.param(blob_line(signed_blob(AT_S) + b"x"), id="one byte more"),
        pytest.param(blob_line(signed_blob(0)), id="time zero"),
        pytest.param(blob_line(signed_blob(TIME_MAX + 1)), id="time past the limit"),
        pytest.param(
            blob_line((AT_S + 1).to_bytes(8, "big") + signed_blob(AT_S)[8:]),
            id="another time",
        ),
    ],
)
def test_line_refused(line):
    """A line that is not this witness's statement on this text is refused."""
    with pytest.raises(KeyTrustError):
        check_cosignature(line, TEXT, COSIGNER)


LINE = cosign(SIGNER, TEXT, AT_S)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(LINE[:-1], id="no newline"),
        pytest.param(LINE + LINE, id="two lines"),
        pytest.param(LINE.replace(b"\xe2\x80\x94", b"-"), id="hyphen"),
        pytest.param(LINE + b"\n", id="empty line after"),
        pytest.param(b"\n" + LINE, id="empty line before"),
        pytest.param(b"text\n\n" + LINE, id="a whole note"),
        pytest.param(blob_line(b"x" * 400), id="too long"),
        pytest.param(LINE.replace(b"\n", b"\r\n"), id="carriage return"),
    ],
)
def test_malformed_line(content):
    """What is not exactly one signature line is refused."""
    with pytest.raises(IntegrityError):
        check_cosignature(content, TEXT, COSIGNER)


def test_time_out_of_range():
    """A time that the format cannot hold is a mistake of the caller."""
    for at_s in (0, TIME_MAX + 1):
        with pytest.raises(ValueError, match="time"):
            cosign(SIGNER, TEXT, at_s)


def test_lines_come_back():
    """Several lines are parsed in order, and formatting gives the same bytes."""
    content = LINE + SIGNER.note_line(TEXT)

    assert content == b"".join(map(format_line, parse_lines(content)))
