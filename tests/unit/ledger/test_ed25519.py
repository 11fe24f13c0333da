"""Keys that must not be trusted (ledger.format.ed25519)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import KeyTrustError
from ledger.format.ed25519 import FIELD, D, check_public_key, check_signature
from tests.unit.ledger.workshop import LOW_ORDER_KEY, key

ROOT_OF_MINUS_ONE = pow(2, (FIELD - 1) // 4, FIELD)


def _encode(x, y):
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _square_root(value):
    """A square root in the field, or None (p = 5 mod 8)."""
    root = pow(value, (FIELD + 3) // 8, FIELD)
    for candidate in (root, root * ROOT_OF_MINUS_ONE % FIELD):
        if candidate * candidate % FIELD == value % FIELD:
            return candidate
    return None


def _torsion():
    """The eight points of order 1, 2, 4 and 8, from their equations.

    Order 1 and 2 have x = 0, order 4 has y = 0; a point of order 8 doubles to one of
    order 4, so x^2 = -y^2 and the curve equation gives d y^4 + 2 y^2 - 1 = 0.
    """
    points = [(0, 1), (0, FIELD - 1)]
    points += [(x, 0) for x in (ROOT_OF_MINUS_ONE, FIELD - ROOT_OF_MINUS_ONE)]
    root = _square_root((1 + D) % FIELD)
    for square in ((root - 1) * pow(D, -1, FIELD), (-root - 1) * pow(D, -1, FIELD)):
        y = _square_root(square % FIELD)
        if y is None:
            continue
        x = y * ROOT_OF_MINUS_ONE % FIELD
        points += [(a, b) for a in (x, FIELD - x) for b in (y, FIELD - y)]
    return points


TORSION = _torsion()


def test_there_are_eight_torsion_points_on_the_curve():
    """The list above is complete: eight distinct points that satisfy the equation."""
    assert 8 == len(set(TORSION))
    for x, y in TORSION:
        assert (1 + D * x * x * y * y) % FIELD == (y * y - x * x) % FIELD


@pytest.mark.parametrize("point", TORSION, ids=lambda point: hex(point[1])[:10])
def test_low_order_keys_are_refused(point):
    """All eight points of the torsion subgroup are refused (KEY-2)."""
    with pytest.raises(KeyTrustError, match="low order"):
        check_public_key(_encode(*point))


def _other_spellings():
    """Every second spelling of a torsion point: y + p, or a sign on x = 0."""
    for x, y in TORSION:
        for sign in (0, 1):
            for spelt in (y, y + FIELD):
                content = (spelt | sign << 255).to_bytes(32, "little")
                is_own = spelt == y and sign == x & 1
                is_point = x == 0 or sign == x & 1
                if spelt < 2**255 and is_point and not is_own:
                    yield content


@pytest.mark.parametrize("content", list(_other_spellings()), ids=lambda c: c.hex()[:8])
def test_other_spellings_are_refused(content):
    """y at or above p, and the sign on x = 0, are refused (KEY-1)."""
    with pytest.raises(KeyTrustError, match="one spelling"):
        check_public_key(content)


@pytest.mark.parametrize("excess", range(19))
def test_every_y_from_the_prime_up_is_refused(excess):
    """The 19 values from p to 2^255 - 1 are no spelling of anything."""
    with pytest.raises(KeyTrustError, match="not below 2\\^255 - 19"):
        check_public_key((FIELD + excess).to_bytes(32, "little"))


def test_bytes_that_encode_no_point_are_refused():
    """y = 2 has no x on the curve."""
    with pytest.raises(KeyTrustError, match="no point of the curve"):
        check_public_key((2).to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_the_length_is_checked(length):
    """A key is 32 bytes."""
    with pytest.raises(KeyTrustError, match=f"expected 32 bytes, found {length}"):
        check_public_key(b"k" * length)


@pytest.mark.parametrize("number", range(16))
def test_usual_keys_are_accepted(number):
    """The public half of a seed is a point of large order in its one spelling."""
    assert check_public_key(key(f"key {number}").verifier.public_key) is None


def test_a_library_accepts_what_is_refused_here():
    """`cryptography` verifies any message under the neutral element; so we look."""
    forged = bytes.fromhex(LOW_ORDER_KEY) + bytes(32)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(LOW_ORDER_KEY))

    for message in (b"one", b"another"):
        public.verify(forged, message)


def test_signature_round_trip():
    """A signature verifies over its own message."""
    signer = key("signer")

    assert (
        check_signature(signer.verifier.public_key, signer.sign(b"text"), b"text")
        is None
    )


ORDER = 2**252 + 27742317777372353535851937790883648493


def _plus_order(signature):
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


@pytest.mark.parametrize(
    "change",
    [
        lambda signature: signature[:-1],
        lambda signature: signature + b"\x00",
        lambda signature: b"",
        lambda signature: bytes(64),
        lambda signature: bytes([signature[0] ^ 1]) + signature[1:],
        _plus_order,
    ],
    ids=["63 bytes", "65 bytes", "empty", "zeros", "one bit", "scalar + L"],
)
def test_other_signatures_are_refused(change):
    """A signature has 64 bytes, a reduced scalar and one spelling."""
    signer = key("signer")
    signature = change(signer.sign(b"text"))

    with pytest.raises(KeyTrustError, match="signature does not verify"):
        check_signature(signer.verifier.public_key, signature, b"text")


def test_a_signature_over_another_message_is_refused():
    """One byte of the message matters."""
    signer = key("signer")

    with pytest.raises(KeyTrustError, match="signature does not verify"):
        check_signature(signer.verifier.public_key, signer.sign(b"text"), b"texT")


def test_an_unusable_key_is_refused():
    """A key of another length is no crash."""
    digest = hashlib.sha256(b"x").digest()

    with pytest.raises(KeyTrustError, match="signature does not verify"):
        check_signature(digest[:31], bytes(64), b"text")
