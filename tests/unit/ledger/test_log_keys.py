"""Key events by root, and what they change (ledger.log.ledger)."""

import pytest

from ledger import Ledger, create_ledger
from ledger.errors import ConflictError, InputError, KeyTrustError
from ledger.events.keys import KeyRetired, StreamAbandoned
from ledger.keys.files import RoleGrant, SigningKey, grant_event, load_key, save_key
from tests.unit.ledger.workshop import (
    ORIGIN,
    Clock,
    assigned,
    key,
    lines_of,
    new_workspace,
    open_ledger,
    role_key,
    spool,
)

SHARDER = RoleGrant(role="sharder", stream="shards", families=("shards",))
LOG = RoleGrant(role="log", stream="log", families=())


@pytest.fixture
def ledger(workspace):
    """The ledger of a fresh workspace."""
    with open_ledger(workspace) as found:
        yield found


def retired(signer):
    """The event that retires this key."""
    public_key = signer.verifier.public_key.hex()
    return KeyRetired(name=signer.name, public_key=public_key, reason="rotated")


def replace_key(workspace, role, signer):
    """Put another private key where a role's key lies."""
    (workspace / "keys" / f"{role}.pem").unlink()
    save_key(workspace / "keys", role, signer, None)


def test_root_retires_and_grants(workspace, ledger):
    """The new key signs after that entry, the old one no more (KEY-6)."""
    old = role_key(workspace, "sharder")
    new = key(old.name)
    ledger.append([assigned(0)], stream="shards")
    ledger.append([retired(old), grant_event(ORIGIN, SHARDER, new)], stream="root")

    with pytest.raises(KeyTrustError, match="key sharder: expected the key with id"):
        ledger.append([assigned(1)], stream="shards")
    replace_key(workspace, "sharder", new)
    assert 3 == ledger.append([assigned(1)], stream="shards").seq
    assert [0, 2] == [
        grant.granted_seq for grant in ledger.grants if grant.role == "sharder"
    ]


def test_a_retired_key_is_refused(workspace, ledger):
    """What it spooled before is refused, and may be signed again by its successor."""
    producer = spool(workspace, ledger)
    note, lines = producer.seal(lines_of(assigned(0))), lines_of(assigned(0))
    ledger.append([retired(producer.signer)], stream="root")

    with pytest.raises(KeyTrustError, match="has no active grant"):
        ledger.submit(note, lines)
    with pytest.raises(KeyTrustError, match="no active key may sign shards"):
        ledger.append([assigned(0)], stream="shards")


def test_a_submission_of_a_key_that_was_retired_later_stands(workspace, ledger):
    """Sending it again still returns its receipt."""
    producer = spool(workspace, ledger)
    note, lines = producer.seal(lines_of(assigned(0))), lines_of(assigned(0))
    first = ledger.submit(note, lines)
    ledger.append([retired(producer.signer)], stream="root")

    assert first == ledger.submit(note, lines)


def test_the_log_key_is_replaced(workspace, ledger):
    """The retiring entry is covered by the next log key (KEY-6)."""
    new = key(ORIGIN)
    old = role_key(workspace, "log")
    ledger.append([assigned(0)], stream="shards")
    replace_key(workspace, "log", new)
    receipt = ledger.append(
        [retired(old), grant_event(ORIGIN, LOG, new)], stream="root"
    )
    assert new.verifier.key_id.hex() == ledger.grants[-1].verifier.key_id.hex()
    ledger.append([assigned(1)], stream="shards")
    ledger.close()

    assert 2 == receipt.seq
    with open_ledger(workspace) as again:
        assert 4 == again.size


def test_a_ledger_keeps_a_log_key(workspace, ledger):
    """Retiring the only one is refused: nobody could sign the checkpoint."""
    with pytest.raises(KeyTrustError, match="no log key is active"):
        ledger.append([retired(role_key(workspace, "log"))], stream="root")
    assert 1 == ledger.append([assigned()], stream="shards").seq


BAD_EVENTS = {
    "retire a stranger": (lambda: retired(key("stranger")), "is not active"),
    "grant a key twice": (
        lambda: grant_event(ORIGIN, SHARDER, key(f"{ORIGIN}/ci")),
        r"\(KEY-7\)",
    ),
    "a wrong count": (
        lambda: StreamAbandoned(stream="shards", submissions=3),
        "holds 0 submissions, found 3",
    ),
}


@pytest.mark.parametrize(("event", "message"), BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_key_event_that_contradicts_is_refused(ledger, event, message):
    """Exit code 2, nothing written."""
    with pytest.raises(InputError, match=message) as caught:
        ledger.append([event()], stream="root")

    assert (2, 1) == (caught.value.exit_code, ledger.size)


def test_root_needs_its_key(workspace, ledger):
    """With the root key elsewhere, nobody grants by accident."""
    (workspace / "keys" / "root.pem").unlink()

    with pytest.raises(KeyTrustError, match=r"key root: .*cannot be read"):
        ledger.append([retired(role_key(workspace, "ci"))], stream="root")


def test_an_abandoned_stream_is_closed(workspace, ledger):
    """Nothing follows in it; streams below it go on (SUB-9)."""
    producer = spool(workspace, ledger)
    lines = lines_of(assigned(0))
    first = producer.seal(lines)
    receipt = ledger.submit(first, lines)
    ledger.append([StreamAbandoned(stream="shards", submissions=1)], stream="root")

    with pytest.raises(InputError, match="stream shards was abandoned"):
        ledger.append([assigned(1)], stream="shards")
    with pytest.raises(InputError, match="stream shards was abandoned"):
        ledger.submit(producer.seal(lines_of(assigned(1))), lines_of(assigned(1)))
    assert receipt == ledger.submit(first, lines)
    assert 3 == ledger.append([assigned(1)], stream="shards/worker-2").seq


def test_a_grant_of_the_family_keys_opens_no_other_stream(workspace, ledger):
    """Key events stay in root, whatever a grant says (SUB-7)."""
    keeper = key(f"{ORIGIN}/keeper")
    grant = RoleGrant(role="governance", stream="ops", families=("keys", "policy"))
    ledger.append([grant_event(ORIGIN, grant, keeper)], stream="root")
    event = retired(role_key(workspace, "ci"))

    with pytest.raises(InputError, match="family keys belongs in stream root"):
        ledger.append([event], stream="ops")


def test_a_passphrase_opens_every_key(tmp_path):
    """Without it the ledger can be read, not written."""
    create_ledger(tmp_path / "acme", origin=ORIGIN, passphrase=b"pw", clock_ms=Clock())
    with Ledger.open(tmp_path / "acme", passphrase=b"pw", clock_ms=Clock()) as ledger:
        assert 1 == ledger.append([assigned()], stream="shards").seq
    with Ledger.open(tmp_path / "acme", clock_ms=Clock()) as ledger:
        assert 10 == len(list(ledger.events()))
        with pytest.raises(KeyTrustError, match="needs a passphrase"):
            ledger.append([assigned()], stream="shards")


def test_saved_keys_are_those_of_the_genesis(tmp_path):
    """Each granted key has its private half in the workspace."""
    folder = new_workspace(tmp_path / "acme")
    with open_ledger(folder) as ledger:
        for grant in ledger.grants:
            found = load_key(folder / "keys", grant.role, grant.name, None)
            assert isinstance(found, SigningKey)
            assert grant.verifier == found.verifier
    with pytest.raises(ConflictError):
        save_key(folder / "keys", "ci", key("x"), None)
