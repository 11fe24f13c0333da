"""Ed25519 vectors of RFC 8032, and a key under which everything verifies."""

import json

import pytest

from ledger.errors import KeyTrustError
from ledger.format import ed25519 as ledger_ed25519
from verifier.findings import Violation
from verifier.format import ed25519


class VerifierEd25519:
    """The verifier's side."""

    def is_valid(self, key: bytes, signature: bytes, message: bytes) -> bool:
        return ed25519.is_valid(key, signature, message)

    def accepts_key(self, key: bytes) -> bool:
        try:
            ed25519.check_public_key(key)
        except Violation:
            return False
        return True


class WriterEd25519:
    """The writer's side."""

    def is_valid(self, key: bytes, signature: bytes, message: bytes) -> bool:
        try:
            ledger_ed25519.check_signature(key, signature, message)
        except KeyTrustError:
            return False
        return True

    def accepts_key(self, key: bytes) -> bool:
        try:
            ledger_ed25519.check_public_key(key)
        except KeyTrustError:
            return False
        return True


IMPLEMENTATIONS = [VerifierEd25519(), WriterEd25519()]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda side: type(side).__name__)
def side(request):
    return request.param


@pytest.mark.cases("rfc8032-ed25519.json", "tests")
def test_signature(case, side):
    """The published signature holds, and for no other message or signature."""
    key, message = bytes.fromhex(case["pk"]), bytes.fromhex(case["msg"])
    signature = bytes.fromhex(case["sig"])
    flipped = bytes([signature[0] ^ 1]) + signature[1:]

    assert side.accepts_key(key)
    assert side.is_valid(key, signature, message)
    assert not side.is_valid(key, signature, message + b"x")
    assert not side.is_valid(key, flipped, message)


@pytest.mark.cases("rfc8032-ed25519.json", "tests")
def test_signature_with_s_above_the_order(case, side):
    """S + L is another spelling of a valid signature, and is refused."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = bytes.fromhex(case["sig"])
    s = int.from_bytes(signature[32:], "little") + order
    forged = signature[:32] + s.to_bytes(32, "little")

    assert not side.is_valid(
        bytes.fromhex(case["pk"]), forged, bytes.fromhex(case["msg"])
    )


def test_low_order_key(cases_dir, side):
    """A key under which one signature verifies every message is refused."""
    case = json.loads((cases_dir / "low-order-key.json").read_text("utf-8"))

    assert not side.accepts_key(bytes.fromhex(case["pk"]))
