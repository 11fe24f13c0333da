"""Ed25519 keys that are safe to trust: the checks that libraries leave out.

`cryptography` accepts public keys of low order, under which one signature verifies
every message, and spellings of a point that are not canonical (docs/spec.md, KEY-1, 2).
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import KeyTrustError

FIELD: Final = 2**255 - 19
"""The prime p of the field (RFC 8032, section 5.1)."""

D: Final = -121665 * pow(121666, -1, FIELD) % FIELD
"""The curve's d (RFC 8032, section 5.1)."""


def check_public_key(public_key: bytes) -> None:
    """Refuse a public key that is malformed, not canonical or of low order.

    The point is decoded as in RFC 8032, section 5.1.3, and multiplied by the cofactor
    8: the neutral element there means that its order divides 8.

    Raises:
        KeyTrustError: the key must not be trusted.
    """
    if len(public_key) != 32:
        message = f"public key: expected 32 bytes, found {len(public_key)}"
        raise KeyTrustError(message)
    sign = public_key[31] >> 7
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= FIELD:
        message = "public key is not in its one spelling: y is not below 2^255 - 19"
        raise KeyTrustError(message)
    x = _recover_x(y, sign)
    if x is None:
        message = "public key encodes no point of the curve in its one spelling"
        raise KeyTrustError(message)
    point = (x, y)
    for _ in range(3):
        point = _add(point, point)
    if point == (0, 1):
        message = "public key has low order: one signature would verify every message"
        raise KeyTrustError(message)


def _recover_x(y: int, sign: int) -> int | None:
    """The x of RFC 8032, section 5.1.3, steps 2 to 4, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if (x * x - square) % FIELD:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if (x * x - square) % FIELD or (x == 0 and sign):
        return None
    return FIELD - x if x % 2 != sign else x


def _add(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Affine twisted Edwards addition (RFC 8032, section 5.1.4, before projection)."""
    x1, y1 = first
    x2, y2 = second
    cross = D * x1 * x2 * y1 * y2 % FIELD
    x = (x1 * y2 + x2 * y1) * pow(1 + cross, -1, FIELD) % FIELD
    y = (y1 * y2 + x1 * x2) * pow(1 - cross, -1, FIELD) % FIELD
    return x, y


def check_signature(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check one Ed25519 signature (RFC 8032, section 5.1.7).

    Raises:
        KeyTrustError: the key is unusable or the signature does not verify.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        error = "signature does not verify under its key"
        raise KeyTrustError(error) from None
