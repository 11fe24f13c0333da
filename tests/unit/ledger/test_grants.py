"""Who may sign what (ledger.keys.grants): KEY-5 to KEY-8, SUB-6, SUB-7, SUB-9."""

import pytest

from ledger.errors import InputError, IntegrityError, KeyTrustError
from ledger.events.keys import (
    KeyRetired,
    LedgerCreated,
    RootKey,
    StreamAbandoned,
)
from ledger.keys.files import RoleGrant, grant_event, possession_text
from ledger.keys.grants import Grants
from ledger.keys.rules import take_key_event
from tests.unit.ledger.workshop import LOW_ORDER_KEY, ORIGIN, key

ROOTS = [key(f"{ORIGIN}/root-{number}") for number in range(3)]
INGEST = RoleGrant(role="ingest", stream="ingest", families=("ingest",))
LOG = RoleGrant(role="log", stream="log", families=())
WORKER, LOG_KEY = key(f"{ORIGIN}/ingest"), key(ORIGIN)


def created(roots=ROOTS, threshold=2, **changes):
    """The genesis event with these root keys."""
    keys = [RootKey(name=k.name, public_key=k.verifier.public_key.hex()) for k in roots]
    fields = {
        "origin": ORIGIN,
        "format_version": 1,
        "root_threshold": threshold,
        "root_keys": keys,
        "line_bytes_max": 16384,
        "submission_bytes_max": 1048576,
        "entry_bytes_max": 65535,
        "submission_events_max": 1024,
    }
    return LedgerCreated(**(fields | changes))


def retired(signer):
    """The event that retires this key."""
    public_key = signer.verifier.public_key.hex()
    return KeyRetired(name=signer.name, public_key=public_key, reason="rotated")


@pytest.fixture
def grants():
    """Grants after genesis, with an ingest key granted by entry 1."""
    found = Grants()
    take_key_event(found, created(), 0)
    take_key_event(found, grant_event(ORIGIN, LOG, LOG_KEY), 0)
    take_key_event(found, grant_event(ORIGIN, INGEST, WORKER), 1)
    return found


def changed(event, **changes):
    """The event with some fields replaced."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**(fields | changes))


def test_a_granted_key_may_sign(grants):
    """In its stream and those below, its families."""
    for stream in ("ingest", "ingest/worker-3"):
        assert None is grants.check_signer(WORKER.verifier, stream, ["ingest"])


@pytest.mark.parametrize(
    ("stream", "families", "message"),
    [
        ("ingestion", ["ingest"], "no active grant for stream ingestion"),
        ("shards", ["ingest"], "no active grant for stream shards"),
        ("ingest", ["shards"], "may not sign family shards in stream ingest"),
        ("ingest", ["ingest", "shards"], "may not sign family shards"),
    ],
)
def test_a_grant_has_its_bounds(grants, stream, families, message):
    """Another stream and another family are refused (SUB-6)."""
    with pytest.raises(KeyTrustError, match=message):
        grants.check_signer(WORKER.verifier, stream, families)


def test_an_unknown_key_may_not_sign(grants):
    """The name of a granted key is not enough."""
    stranger = key("stranger").verifier
    same_name = type(stranger)(WORKER.name, stranger.public_key)

    with pytest.raises(KeyTrustError, match="no active grant"):
        grants.check_signer(same_name, "ingest", ["ingest"])


def test_a_retired_key_may_not_sign(grants):
    """Its grant ended at that entry (KEY-6, KEY-8)."""
    take_key_event(grants, retired(WORKER), 7)

    assert 7 == grants.grants[-1].retired_seq
    with pytest.raises(KeyTrustError, match="no active grant"):
        grants.check_signer(WORKER.verifier, "ingest", ["ingest"])
    with pytest.raises(KeyTrustError, match=f"key {WORKER.name} has no active grant"):
        grants.active_key(WORKER.name)


def test_a_key_is_found_by_its_name(grants):
    """Names of active keys are unique."""
    assert WORKER.verifier == grants.active_key(WORKER.name)


@pytest.mark.parametrize(
    "event",
    [retired(key("stranger")), changed(retired(WORKER), name="other")],
    ids=["another key", "another name"],
)
def test_only_an_active_key_is_retired(grants, event):
    """Name and public key must be those of an active grant (KEY-8)."""
    with pytest.raises(IntegrityError, match=r"entry 2: key .*is not active"):
        take_key_event(grants, event, 2)


def test_a_key_is_retired_once(grants):
    """The second time it is not active."""
    take_key_event(grants, retired(WORKER), 2)

    with pytest.raises(IntegrityError, match="is not active"):
        take_key_event(grants, retired(WORKER), 3)


SECOND = key(f"{ORIGIN}/second")
PROOFS = {
    "zeros": {"possession": "00" * 64},
    "of another role": {"role": "scanner"},
    "under another name": {"name": f"{ORIGIN}/third"},
    "by another key": {"public_key": key("x").verifier.public_key.hex()},
    "in another ledger": {
        "possession": SECOND.sign(
            possession_text("other", SECOND.name, "ingest", SECOND.verifier.public_key)
        ).hex()
    },
}


@pytest.mark.parametrize("changes", PROOFS.values(), ids=PROOFS)
def test_possession_must_verify(grants, changes):
    """The granted key itself signs origin, name, role and key (KEY-5)."""
    event = changed(grant_event(ORIGIN, INGEST, SECOND), **changes)

    with pytest.raises(KeyTrustError, match="signature does not verify"):
        take_key_event(grants, event, 2)


def test_a_weak_key_is_not_granted(grants):
    """A key of low order is refused before its signature is asked for (KEY-2)."""
    event = changed(grant_event(ORIGIN, INGEST, SECOND), public_key=LOW_ORDER_KEY)

    with pytest.raises(KeyTrustError, match="low order"):
        take_key_event(grants, event, 2)


def _renamed(signer, name):
    return type(signer)(name, signer._private)


CI_WITH_FAMILIES = RoleGrant(role="ci", stream="ci", families=("ingest",))
NO_GRANTS = {
    "granted already": grant_event(ORIGIN, INGEST, _renamed(WORKER, "new-name")),
    "a root key": grant_event(ORIGIN, INGEST, ROOTS[2]),
    "a name in use": grant_event(ORIGIN, INGEST, _renamed(SECOND, WORKER.name)),
    "a ci key with families": grant_event(ORIGIN, CI_WITH_FAMILIES, SECOND),
    "a log key of another name": grant_event(ORIGIN, LOG, SECOND),
    "the origin for another role": grant_event(
        ORIGIN, INGEST, _renamed(SECOND, ORIGIN)
    ),
}


def test_one_log_key_is_active_after_an_entry(grants):
    """Inside the entry that replaces it there may be two (KEY-7)."""
    take_key_event(grants, grant_event(ORIGIN, LOG, _renamed(SECOND, ORIGIN)), 2)

    with pytest.raises(IntegrityError, match="at most one active log key, found 2"):
        grants.check_log_keys(2)


def test_a_key_is_not_retired_in_the_entry_that_grants_it(grants):
    """It is not active there yet (KEY-8)."""
    take_key_event(grants, grant_event(ORIGIN, INGEST, SECOND), 2)

    with pytest.raises(IntegrityError, match=r"is not active \(KEY-8\)"):
        take_key_event(grants, retired(SECOND), 2)


@pytest.mark.parametrize("event", NO_GRANTS.values(), ids=NO_GRANTS)
def test_a_grant_must_be_new(grants, event):
    """Keys are unique for ever, names while active, and the log key is one (KEY-7)."""
    with pytest.raises(IntegrityError, match=r"cannot be granted \(KEY-7\)"):
        take_key_event(grants, event, 2)


def test_a_retired_key_is_never_granted_again(grants):
    """A public key is granted at most once (KEY-7)."""
    take_key_event(grants, retired(WORKER), 2)

    with pytest.raises(IntegrityError, match=r"cannot be granted \(KEY-7\)"):
        take_key_event(grants, grant_event(ORIGIN, INGEST, WORKER), 3)


def test_a_retired_name_is_free(grants):
    """Another key may take the name of a retired one."""
    take_key_event(grants, retired(WORKER), 2)
    take_key_event(
        grants, grant_event(ORIGIN, INGEST, _renamed(SECOND, WORKER.name)), 2
    )

    assert SECOND.verifier.public_key == grants.active_key(WORKER.name).public_key


def test_a_log_key_has_no_families(grants):
    """It signs checkpoints and nothing else (KEY-7)."""
    take_key_event(grants, retired(LOG_KEY), 2)
    families = RoleGrant(role="log", stream="log", families=("ingest",))

    with pytest.raises(IntegrityError, match="cannot be granted"):
        take_key_event(
            grants, grant_event(ORIGIN, families, _renamed(SECOND, ORIGIN)), 2
        )


def test_a_log_key_is_replaced_in_one_entry(grants):
    """Retire the old one, grant the new one (KEY-7)."""
    take_key_event(grants, retired(LOG_KEY), 2)
    with pytest.raises(KeyTrustError, match="no log key is active"):
        grants.log_key()
    take_key_event(grants, grant_event(ORIGIN, LOG, _renamed(SECOND, ORIGIN)), 2)

    assert SECOND.verifier.public_key == grants.log_key().public_key


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (created(threshold=4), "with enough root keys"),
        (created(roots=[ROOTS[0], ROOTS[0]]), "must differ in name and key"),
        (
            created(roots=[ROOTS[0], _renamed(ROOTS[0], "x")]),
            "must differ in name and key",
        ),
        (
            created(roots=[ROOTS[0], _renamed(ROOTS[1], ROOTS[0].name)]),
            "must differ in name and key",
        ),
        (retired(WORKER), "expected keys.ledger_created.v1 first"),
        (grant_event(ORIGIN, INGEST, WORKER), "expected keys.ledger_created.v1 first"),
        (
            StreamAbandoned(stream="x", submissions=0),
            "expected keys.ledger_created.v1 first",
        ),
    ],
    ids=["threshold", "twice", "key twice", "name twice", "retired", "granted", "lost"],
)
def test_a_ledger_begins_with_sound_root_keys(event, message):
    """The first event creates, with root keys that differ (ENT-6)."""
    with pytest.raises(IntegrityError, match=message):
        take_key_event(Grants(), event, 0)


def test_a_weak_root_key_is_refused():
    """A root key of low order would let anybody sign key events (KEY-2)."""
    weak = [RootKey(name="root", public_key=LOW_ORDER_KEY)]

    with pytest.raises(KeyTrustError, match="low order"):
        take_key_event(Grants(), created(root_keys=weak, threshold=1), 0)


def test_a_ledger_is_created_once(grants):
    """The genesis event occurs nowhere else (ENT-6)."""
    with pytest.raises(IntegrityError, match="entry 2: a ledger is created once"):
        take_key_event(grants, created(), 2)


@pytest.mark.parametrize(
    ("stream", "families", "message"),
    [
        ("root", {"ingest"}, "stream root carries"),
        ("root", {"keys", "ingest"}, "stream root carries"),
        ("ingest", {"keys"}, "family keys belongs in stream root"),
        ("ingest", {"keys", "ingest"}, "family keys belongs in stream root"),
        ("root/x", {"keys"}, "family keys belongs in stream root"),
        ("lost", {"ingest"}, "stream lost was abandoned"),
    ],
)
def test_streams_carry_what_they_may(grants, stream, families, message):
    """Key events in root and nothing else there; nothing in a closed stream."""
    take_key_event(grants, StreamAbandoned(stream="lost", submissions=0), 2)

    with pytest.raises(InputError, match=message):
        grants.check_stream(stream, families)


def test_usual_streams_are_open(grants):
    """Each family but keys in any stream but root."""
    assert None is grants.check_stream("root", {"keys"})
    assert None is grants.check_stream("ingest/worker-3", {"ingest", "shards"})
