"""Ed25519 public keys and signatures: one spelling, no weak point, strict check."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verifier.findings import Code, Violation

# Field prime and curve constant. Source: RFC 8032, section 5.1.
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P

# The points of order 1, 2, 4 and 8 in their canonical spelling.
# Source: RFC 7748, section 7 and the block list of libsodium's
# ge25519_has_small_order; a test multiplies each by 8 and gets the identity.
LOW_ORDER = frozenset(
    bytes.fromhex(point)
    for point in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)


def check_public_key(key: bytes) -> None:
    """Check that 32 bytes spell a point in the one way, and not a weak one.

    Raises:
        Violation: KEY-1 or KEY-2.

    Source: RFC 8032, section 5.1.3.
    """
    if len(key) != 32 or not _is_canonical_point(key):
        raise Violation(
            Code.KEY_ENCODING,
            "KEY-1",
            expected="the canonical encoding of a curve point",
            found=key.hex(),
        )
    if key in LOW_ORDER:
        raise Violation(
            Code.KEY_LOW_ORDER,
            "KEY-2",
            expected="a point that is not of low order",
            found=key.hex(),
        )


def is_valid(key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether the signature holds under the key (cofactorless check).

    Source: RFC 8032, section 5.1.7, without multiplication by the cofactor.
    """
    try:
        _loaded(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_canonical_point(key: bytes) -> bool:
    number = int.from_bytes(key, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return False
    # x^2 = (y^2 - 1) / (d y^2 + 1); the denominator is never 0 on this curve.
    x_squared = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    if x_squared == 0:
        return sign == 0
    # Euler's criterion: a non-zero square to the power (p - 1) / 2 is 1.
    return pow(x_squared, (P - 1) // 2, P) == 1


@lru_cache(maxsize=4096)
def _loaded(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)
