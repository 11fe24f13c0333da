"""ledger.vault.record_keys: a record opens with all its keys, or not."""

import hmac

import pytest

from ledger.errors import IntegrityError
from ledger.vault.record_keys import commitment, derive, seal, unseal

JANE, BOB, CAROL = (bytes([number]) * 32 for number in (1, 2, 3))
RECORD, OTHER = "ab" * 16, "cd" * 16
TEXT = b"what was written"


def sealed(*keys, record_id=RECORD, context="this ledger"):
    return seal(
        keys, record_id, TEXT, context=context, random_bytes=lambda n: b"\7" * n
    )


def test_opens_with_every_key():
    """Sealed and opened with the same keys, the text is the same."""
    blob = sealed(JANE, BOB, CAROL)

    assert TEXT == unseal([JANE, BOB, CAROL], RECORD, blob, context="this ledger")


@pytest.mark.parametrize(
    "keys",
    [[BOB, CAROL], [JANE, CAROL], [JANE, BOB], [JANE], [BOB, JANE, CAROL]],
    ids=["no-jane", "no-bob", "no-carol", "jane-alone", "another-order"],
)
def test_any_one_key_less_and_nothing_opens(keys):
    """Each subject's key is needed, in the one order."""
    with pytest.raises(IntegrityError, match="altered or is another record's"):
        unseal(keys, RECORD, sealed(JANE, BOB, CAROL), context="this ledger")


@pytest.mark.parametrize(
    ("record_id", "context"),
    [(OTHER, "this ledger"), (RECORD, "another ledger")],
    ids=["another-record", "another-ledger"],
)
def test_a_blob_is_bound_to_its_record_and_ledger(record_id, context):
    """A file copied over another record's, or into another workspace, is refused."""
    with pytest.raises(IntegrityError, match=f"record {record_id}"):
        unseal([JANE], record_id, sealed(JANE), context=context)


@pytest.mark.parametrize("position", range(len(sealed(JANE))))
def test_any_altered_byte_is_refused(position):
    """Nonce, text and tag are all covered."""
    blob = bytearray(sealed(JANE))
    blob[position] ^= 1

    with pytest.raises(IntegrityError):
        unseal([JANE], RECORD, bytes(blob), context="this ledger")


@pytest.mark.parametrize("size", [0, 1, 11, 12, 13, 27])
def test_a_cut_blob_is_refused(size):
    """Down to nothing at all, a cut file is one error and no crash."""
    with pytest.raises(IntegrityError):
        unseal([JANE], RECORD, sealed(JANE)[:size], context="this ledger")


def test_commitment_depends_on_key_record_and_text():
    """Nobody without the keys can check a guess, and no two records share one."""
    found = {
        commitment([JANE], RECORD, TEXT),
        commitment([BOB], RECORD, TEXT),
        commitment([JANE, BOB], RECORD, TEXT),
        commitment([JANE], OTHER, TEXT),
        commitment([JANE], RECORD, TEXT + b"."),
    }

    assert 5 == len(found)
    assert commitment([JANE], RECORD, TEXT) in found


def test_keys_for_different_purposes_differ():
    """The commitment's key does not open the file."""
    assert derive([JANE], RECORD, "blob") != derive([JANE], RECORD, "commitment")


def test_derivation_is_hkdf():
    """RFC 5869, section 2: extract with a salt of zeros, then one block of expand."""
    extracted = hmac.digest(bytes(32), JANE + BOB, "sha256")
    info = f"tuneledger/blob/v1\n{RECORD}".encode()

    assert hmac.digest(extracted, info + b"\1", "sha256") == derive(
        [JANE, BOB], RECORD, "blob"
    )


@pytest.mark.parametrize("keys", [[], [b""], [bytes(31)], [JANE, bytes(33)]])
def test_weak_keys_are_a_programming_error(keys):
    """No key, or one of another size, never derives anything."""
    with pytest.raises(ValueError, match="32 bytes"):
        derive(keys, RECORD, "blob")
