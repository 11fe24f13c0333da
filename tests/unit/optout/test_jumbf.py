"""JUMBF: assertions in each carrier; CBOR."""

import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.embedded.cbor import DEPTH_MAX, ITEMS_MAX, decode_cbor
from producers.optout.embedded.jumbf import (
    ASSERTION_BYTES_MAX,
    ASSERTIONS_MAX,
    SEGMENTS_MAX,
    find_assertions,
)
from producers.optout.vocabulary.signals import SignalError

LABEL = b"cawg.training-mining"
DATA = {"entries": {"cawg.ai_generative_training": {"use": "notAllowed"}}}
JSON = json.dumps(DATA).encode()
CBOR = bytes.fromhex(
    "a167656e7472696573a1781b"
    + b"cawg.ai_generative_training".hex()
    + "a1637573656a"
    + b"notAllowed".hex()
)


def _box(kind, content):
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _assertion(content=None, *, label=LABEL):
    description = _box(b"jumd", kind_of(b"json") + b"\x03" + label + b"\0")
    return _box(b"jumb", description + (content or _box(b"json", JSON)))


def kind_of(name):
    return name + bytes.fromhex("00110010800000aa00389b71")


def _store(*assertions):
    claim = b"\x82\x78\x35self#jumbf=c2pa.assertions/" + LABEL + b"\0"
    return _box(
        b"jumb",
        _box(b"jumd", kind_of(b"c2pa") + b"\x03c2pa\0") + b"".join(assertions) + claim,
    )


STORE = _store(_assertion())


def _jpeg(store, cut=100):
    pieces = [store[at : at + cut] for at in range(0, len(store), cut)]
    segments = b""
    for number, piece in enumerate(pieces, 1):
        header = b"" if number == 1 else store[:8]
        payload = b"JP\0\1" + struct.pack(">I", number) + header + piece
        segments += b"\xff\xeb" + struct.pack(">H", len(payload) + 2) + payload
    return b"\xff\xd8\xff\xe0\0\4ab" + segments + b"\xff\xda\0\2" + b"\0" * 40


def _selectors(store):
    wrapped = b"C2PATXT\0\1" + struct.pack(">I", len(store)) + store
    return "\ufeff" + "".join(
        chr(0xFE00 + octet if octet < 16 else 0xE0100 + octet - 16) for octet in wrapped
    )


CARRIERS = {
    "bare": STORE,
    "png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", len(STORE), b"caBX") + STORE,
    "jpeg": _jpeg(STORE),
    "svg": b"<svg><metadata><c2pa:manifest>"
    + base64.b64encode(STORE)
    + b"</c2pa:manifest>",
    "html": b'<script type="application/c2pa">\n'
    + base64.encodebytes(STORE)
    + b"</script>",
    "text": ("Once upon a time." + _selectors(STORE)).encode(),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_carriers(carrier):
    """An assertion is found in each carrier."""
    (found,) = find_assertions(CARRIERS[carrier], is_text=False)

    assert (LABEL.decode(), DATA) == (found.label, found.data)


@pytest.mark.parametrize(
    "label", [LABEL, b"c2pa.training-mining", b"cawg.training-mining.v2__3"]
)
@pytest.mark.parametrize(
    "content", [_box(b"json", JSON), _box(b"cbor", CBOR)], ids=["json", "cbor"]
)
def test_labels_and_codings(label, content):
    """Every version and instance, in JSON and in CBOR."""
    (found,) = find_assertions(_store(_assertion(content, label=label)), is_text=False)

    assert (label.decode(), DATA) == (found.label, found.data)


def test_every_manifest_counts():
    """Assertions of ingredients are found beside those of the file."""
    assert 2 == len(list(find_assertions(STORE + STORE, is_text=False)))


def test_private_boxes_are_skipped():
    """Padding in front of the data is no data."""
    content = _box(b"free", b"json" * 9) + _box(b"json", JSON)
    (found,) = find_assertions(_assertion(content), is_text=False)

    assert found.data == DATA


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(STORE[:-100], id="cut"),
        pytest.param(_assertion(_box(b"free", b"")), id="no data"),
        pytest.param(_assertion(_box(b"json", b"{")), id="broken JSON"),
        pytest.param(_assertion(_box(b"json", b'{"a":1,"a":2}')), id="key twice"),
        pytest.param(_assertion(_box(b"json", b"[" * 60_000)), id="deep JSON"),
        pytest.param(_assertion(_box(b"json", b"9" * 5000)), id="huge integer"),
        pytest.param(_assertion(_box(b"cbor", b"\xa1")), id="broken CBOR"),
        pytest.param(_assertion(_box(b"json", b"0" * ASSERTION_BYTES_MAX)), id="large"),
        pytest.param(_store(*[_assertion()] * (ASSERTIONS_MAX + 1)), id="too many"),
        pytest.param(_assertion().replace(b"jumb", b"jumx"), id="no box"),
        pytest.param(b"\0" * 25 + LABEL + b"\0", id="label alone"),
        pytest.param(b"jumd" + b"\0" * 17 + LABEL + b"\0", id="at the start"),
        pytest.param(b"<c2pa:manifest>abc</c2pa:manifest>", id="broken base64"),
        pytest.param(b"GIF89a" + LABEL[:9] + b"\xff" + LABEL[9:] + LABEL, id="mention"),
    ],
)
def test_unreadable_assertion_is_an_error(body):
    """An assertion that is there and cannot be read is never silence."""
    with pytest.raises(SignalError):
        list(find_assertions(body, is_text=False))


def test_prose_may_name_the_label():
    """A text about the assertion carries none."""
    assert [] == list(find_assertions(b"Use cawg.training-mining.", is_text=True))


@given(st.data())
def test_any_damage_is_survived(data):
    """A flipped byte is an assertion, nothing or an error, and nothing else."""
    body = bytearray(data.draw(st.sampled_from(list(CARRIERS.values()))))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        list(find_assertions(bytes(body), is_text=False))
    except SignalError:
        return


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("00", 0),
        ("1819", 25),
        ("1bffffffffffffffff", 2**64 - 1),
        ("20", -1),
        ("3903e7", -1000),
        ("43010203", b"\1\2\3"),
        ("62c3bc", "ü"),
        ("5f42010243030405ff", b"\1\2\3\4\5"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("83010203", [1, 2, 3]),
        ("9f0102ff", [1, 2]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("bf6161f5ff", {"a": True}),
        ("f4", False),
        ("f6", None),
        ("f7", None),
        ("f93e00", 1.5),
        ("fb3ff8000000000000", 1.5),
        ("c11a514b67b0", 1363896240),
    ],
)
def test_cbor(octets, expected):
    """Items of RFC 8949, appendix A, decode to what it says."""
    assert expected == decode_cbor(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("", id="empty"),
        pytest.param("18", id="cut"),
        pytest.param("0000", id="two items"),
        pytest.param("1c", id="reserved length"),
        pytest.param("1f", id="endless integer"),
        pytest.param("5f6161ff", id="text chunk in bytes"),
        pytest.param("5f5f4161ffff", id="endless chunk"),
        pytest.param("9f", id="no break"),
        pytest.param("ff", id="lone break"),
        pytest.param("a10000", id="number as key"),
        pytest.param("a2616100616101", id="key twice"),
        pytest.param("61ff", id="not UTF-8"),
        pytest.param("f0", id="unknown simple value"),
        pytest.param("9bffffffffffffffff", id="long array"),
        pytest.param("5bffffffffffffffff", id="long string"),
        pytest.param("81" * (DEPTH_MAX + 1) + "00", id="deep"),
        pytest.param("c1" * (DEPTH_MAX + 1) + "00", id="deep tags"),
        pytest.param("9f" + "00" * ITEMS_MAX + "ff", id="too many"),
        pytest.param("5f" + "40" * ITEMS_MAX + "ff", id="too many chunks"),
    ],
)
def test_broken_cbor_is_refused(octets):
    """What is no bounded item of the kinds that are read is an error."""
    with pytest.raises(SignalError):
        decode_cbor(bytes.fromhex(octets))


@given(st.binary(max_size=64))
def test_any_bytes_are_decoded_or_refused(octets):
    """No input raises anything else."""
    try:
        decode_cbor(octets)
    except SignalError:
        return


def test_segments_are_bounded():
    """A JPEG of segments has an end."""
    with pytest.raises(SignalError):
        list(find_assertions(_jpeg(bytes(SEGMENTS_MAX + 1), cut=1), is_text=False))
