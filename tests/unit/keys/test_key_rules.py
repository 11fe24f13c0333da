"""What rotations and declarations change (ledger.keys.rules): KEY-9 and KEY-10."""

import pytest
from msgspec.structs import replace

from ledger.errors import IntegrityError, KeyTrustError
from ledger.events.keys import KeyCompromised, KeyRetired, LedgerCreated, RootKey
from ledger.keys.files import RoleGrant, grant_event, rotation_event, rotation_text
from ledger.keys.grants import Grants
from ledger.keys.rules import take_key_event
from tests.unit.ledger.workshop import LOW_ORDER_KEY, ORIGIN, key

ROOT = key(f"{ORIGIN}/root")
INGEST = RoleGrant(role="ingest", stream="ingest", families=("ingest", "spool"))
LOG = RoleGrant(role="log", stream="log", families=())
OLD, LOG_KEY = key(f"{ORIGIN}/ingest"), key(ORIGIN)


def named(name, seed):
    """A key of that name from another seed."""
    return type(OLD)(name, key(seed)._private)


NEW = named(OLD.name, "new")


@pytest.fixture
def grants():
    """Grants after genesis, with an ingest key granted by entry 1."""
    found = Grants()
    created = LedgerCreated(
        origin=ORIGIN,
        format_version=1,
        root_threshold=1,
        root_keys=[RootKey(name=ROOT.name, public_key=hex_of(ROOT))],
        line_bytes_max=16384,
        submission_bytes_max=1048576,
        entry_bytes_max=65535,
        submission_events_max=1024,
    )
    take_key_event(found, created, 0)
    take_key_event(found, grant_event(ORIGIN, LOG, LOG_KEY), 0)
    take_key_event(found, grant_event(ORIGIN, INGEST, OLD), 1)
    return found


def hex_of(signer):
    """The public key in hex."""
    return signer.verifier.public_key.hex()


def rotated(old=OLD, new=NEW, role="ingest", **changes):
    """The event by which `new` follows `old`."""
    return replace(rotation_event(ORIGIN, role, old, new), **changes)


def declared(since_seq, signer=OLD, **changes):
    """The event that declares a key compromised."""
    event = KeyCompromised(
        name=signer.name, public_key=hex_of(signer), since_seq=since_seq
    )
    return replace(event, **changes)


def test_a_rotation_text_is_that_of_the_format():
    """KEY-9, byte for byte."""
    text = rotation_text(ORIGIN, OLD.name, "ingest", b"\x01" * 32, b"\x02" * 32)

    assert (
        b"tuneledger/rotation/v1\nexample.org/acme\nexample.org/acme/ingest\ningest\n"
        + b"01" * 32
        + b"\n"
        + b"02" * 32
        + b"\n"
        == text
    )


def test_a_rotation_hands_over_everything(grants):
    """Name, role, families and stream go to the new key; the old one ends (KEY-9)."""
    take_key_event(grants, rotated(), 5)
    old, new = grants.grants[-2:]

    assert (5, hex_of(OLD)) == (old.retired_seq, new.follows)
    assert (new.name, new.role, new.families, new.stream_prefix) == (
        old.name,
        old.role,
        old.families,
        old.stream_prefix,
    )
    assert None is grants.check_signer(NEW.verifier, "ingest/worker-3", ["spool"])
    with pytest.raises(KeyTrustError, match="no active grant"):
        grants.check_signer(OLD.verifier, "ingest", ["ingest"])


def test_a_log_key_is_rotated(grants):
    """After the entry the new one signs checkpoints, and one log key is active."""
    new = named(ORIGIN, "new log")
    take_key_event(grants, rotated(LOG_KEY, new, "log"), 5)

    assert new.verifier == grants.log_key()
    assert None is grants.check_log_keys(5)


STRANGER = named(OLD.name, "stranger")
BAD_SIGNATURES = {
    "no consent": {"consent": "00" * 64},
    "consent by a stranger": {"consent": rotated(STRANGER, NEW).consent},
    "no possession": {"possession": "00" * 64},
    "consent to another key": {"consent": rotated(OLD, STRANGER).consent},
    "signatures swapped": {
        "consent": rotated().possession,
        "possession": rotated().consent,
    },
    "another role": {"consent": rotated(role="trainer").consent},
}


@pytest.mark.parametrize("changes", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES)
def test_a_rotation_needs_both_keys(grants, changes):
    """Consent of the old one and possession of the new one, over the same text."""
    with pytest.raises(KeyTrustError, match="signature does not verify"):
        take_key_event(grants, rotated(**changes), 5)


def test_a_rotation_to_a_weak_key_is_refused(grants):
    """Before its signature is asked for (KEY-2)."""
    with pytest.raises(KeyTrustError, match="low order"):
        take_key_event(grants, rotated(new_public_key=LOW_ORDER_KEY), 5)


NO_ROTATIONS = {
    "of a stranger": (rotated(STRANGER, NEW), r"is not active \(KEY-9\)"),
    "under another name": (rotated(name=ORIGIN), r"is not active \(KEY-9\)"),
    "to itself": (rotated(OLD, OLD), r"cannot be rotated to \(KEY-7\)"),
    "to a root key": (rotated(OLD, ROOT), r"cannot be rotated to \(KEY-7\)"),
    "to a granted key": (rotated(OLD, LOG_KEY), r"cannot be rotated to \(KEY-7\)"),
}


@pytest.mark.parametrize(("event", "message"), NO_ROTATIONS.values(), ids=NO_ROTATIONS)
def test_a_rotation_goes_from_an_active_key_to_a_new_one(grants, event, message):
    """KEY-7 and KEY-9."""
    with pytest.raises(IntegrityError, match=message):
        take_key_event(grants, event, 5)


def test_a_rotation_waits_for_the_next_entry(grants):
    """A key is not active in the entry that grants it."""
    with pytest.raises(IntegrityError, match=r"is not active \(KEY-9\)"):
        take_key_event(grants, rotated(), 1)


def test_a_rotated_key_is_over(grants):
    """It is neither rotated nor retired a second time."""
    take_key_event(grants, rotated(), 5)
    retired = KeyRetired(name=OLD.name, public_key=hex_of(OLD), reason="rotated")

    for event in (rotated(OLD, STRANGER), retired):
        with pytest.raises(IntegrityError, match="is not active"):
            take_key_event(grants, event, 6)


def test_a_compromised_key_ends(grants):
    """With the entry that declares it (KEY-10)."""
    take_key_event(grants, declared(3), 7)
    found = grants.grants[-1]

    assert (7, 3) == (found.retired_seq, found.compromised_since)
    with pytest.raises(KeyTrustError, match="no active grant"):
        grants.check_signer(OLD.verifier, "ingest", ["ingest"])


def test_a_key_that_ended_can_be_declared(grants):
    """It ended where it ended; the declaration says more."""
    take_key_event(grants, rotated(), 5)
    take_key_event(grants, declared(2), 9)
    old, new = grants.grants[-2:]

    assert (5, 2, None) == (
        old.retired_seq,
        old.compromised_since,
        new.compromised_since,
    )


@pytest.mark.parametrize(
    ("event", "seq"),
    [
        (declared(0, ROOT), 5),
        (declared(0, STRANGER), 5),
        (declared(0, name=ORIGIN), 5),
        (declared(0), 1),
    ],
    ids=["a root key", "a stranger", "another name", "in the entry that grants it"],
)
def test_only_a_key_that_was_granted_earlier_is_declared(grants, event, seq):
    """KEY-10."""
    with pytest.raises(IntegrityError, match=r"was never granted \(KEY-10\)"):
        take_key_event(grants, event, seq)


def test_a_declaration_is_about_the_past(grants):
    """Its own entry is the latest that it may name."""
    with pytest.raises(IntegrityError, match="at most 7, found 8"):
        take_key_event(grants, declared(8), 7)
    take_key_event(grants, declared(7), 7)

    assert 7 == grants.grants[-1].compromised_since


def test_a_second_declaration_reaches_further_back(grants):
    """Equal or later is refused (KEY-10)."""
    take_key_event(grants, declared(5), 7)

    with pytest.raises(IntegrityError, match="at most 4, found 5"):
        take_key_event(grants, declared(5), 8)
    take_key_event(grants, declared(4), 8)
    assert (7, 4) == (
        grants.grants[-1].retired_seq,
        grants.grants[-1].compromised_since,
    )


def test_a_copy_is_independent(grants):
    """An append that fails leaves the keys as they stood."""
    copied = grants.copy()
    take_key_event(copied, rotated(), 5)
    copied.runs["x"] = "y"

    assert (OLD.verifier, {}) == (grants.active_key(OLD.name), grants.runs)
