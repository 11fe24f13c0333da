"""Which root signatures key events need (ledger.keys.grants): SUB-7."""

import pytest

from ledger.errors import IntegrityError, KeyTrustError
from ledger.format.note import parse_note
from ledger.keys.grants import Grants
from tests.unit.ledger.workshop import ORIGIN, key

ROOTS = [key(f"{ORIGIN}/root-{number}") for number in range(3)]
WORKER = key(f"{ORIGIN}/ingest")


@pytest.fixture
def grants():
    """Three root keys, of which two must sign."""
    keys = [(one.name, one.verifier.public_key.hex()) for one in ROOTS]
    return Grants(origin=ORIGIN, root_threshold=2, root_keys=keys)


TEXT = b"text\n"


def _note(*signers, text=TEXT):
    lines = b"".join(signer.note_line(text) for signer in signers)
    return parse_note(TEXT + b"\n" + lines)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_any_threshold_of_root_keys_signs(grants, pair):
    """Two of three, in the order of genesis (SUB-7)."""
    assert None is grants.check_root(_note(*(ROOTS[number] for number in pair)))


@pytest.mark.parametrize(
    "note",
    [
        _note(ROOTS[0]),
        _note(*ROOTS),
        _note(ROOTS[1], ROOTS[0]),
        _note(ROOTS[0], ROOTS[0]),
        _note(ROOTS[0], ROOTS[1], ROOTS[1]),
        _note(ROOTS[0], WORKER),
        _note(ROOTS[0], ROOTS[1], WORKER),
    ],
    ids=["one", "three", "order", "same", "one twice", "stranger", "and a stranger"],
)
def test_no_other_signature_lines(grants, note):
    """Exactly the threshold, distinct, in order, nothing besides (SUB-7, SUB-8)."""
    with pytest.raises(IntegrityError):
        grants.check_root(note)


def test_root_signatures_are_checked(grants):
    """The right lines over another text are refused."""
    with pytest.raises(KeyTrustError, match="signature does not verify"):
        grants.check_root(_note(ROOTS[0], ROOTS[1], text=b"another\n"))
