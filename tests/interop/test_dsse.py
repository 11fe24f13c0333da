"""The DSSE vector of secure-systems-lab/dsse, protocol.md."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

import ledger.export.dsse
import verifier.bundle.dsse


@pytest.fixture
def vector(cases_dir):
    """The one vector that the specification gives."""
    return json.loads((cases_dir / "dsse.json").read_text("utf-8"))


@pytest.fixture(
    params=[ledger.export.dsse, verifier.bundle.dsse], ids=["ledger", "verifier"]
)
def dsse(request):
    """Both implementations."""
    return request.param


def test_pae(vector, dsse):
    """The pre-authentication encoding is that of the vector."""
    found = dsse.pae(vector["payloadType"], vector["body"].encode())

    assert vector["pae"].encode() == found


def test_signature_verifies_over_the_pae(vector, dsse):
    """The vector's ECDSA signature holds over our encoding."""
    raw = base64.b64decode(vector["envelope"]["signatures"][0]["sig"])
    halves = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point = ec.EllipticCurvePublicNumbers(
        int(vector["X"]), int(vector["Y"]), ec.SECP256R1()
    )

    point.public_key().verify(
        utils.encode_dss_signature(*halves),
        dsse.pae(vector["payloadType"], vector["body"].encode()),
        ec.ECDSA(SHA256()),
    )


def test_envelope_is_read(vector):
    """An envelope without key id and with unknown fields is read as DSSE asks."""
    content = json.dumps(vector["envelope"] | {"extra": 1}).encode()

    envelope = verifier.bundle.dsse.parse_envelope(content, where="envelope")

    assert vector["payloadType"] == envelope.payload_type
    assert vector["body"].encode() == envelope.payload
    assert [""] == [signature.keyid for signature in envelope.signatures]


@pytest.mark.parametrize(
    ("payload_type", "payload", "expected"),
    [
        ("", b"", b"DSSEv1 0  0 "),
        ("é", b"\xff", b"DSSEv1 2 \xc3\xa9 1 \xff"),
        ("a b", b"1 2", b"DSSEv1 3 a b 3 1 2"),
    ],
    ids=["empty", "bytes, not characters", "spaces"],
)
def test_pae_counts_bytes(dsse, payload_type, payload, expected):
    """Lengths are those of the bytes, so no two inputs share an encoding."""
    assert expected == dsse.pae(payload_type, payload)
