"""What root decides about keys (ledger.log.key_admin)."""

import pytest

from ledger import create_ledger
from ledger.disk.locks import file_lock
from ledger.errors import InputError, KeyTrustError, LockedError, NotALedgerError
from ledger.events.keys import KeyCompromised, KeyGranted, KeyRotated
from ledger.keys.files import ROLE_GRANTS, load_key
from ledger.log.key_admin import KeyAdmin, open_key_admin
from ledger.log.key_standings import key_standings
from ledger.log.ledger import Ledger
from tests.unit.keys.conftest import check_keys
from tests.unit.ledger.workshop import (
    ORIGIN,
    Clock,
    Random,
    adopted,
    assigned,
    map_declared,
    open_ledger,
    role_key,
)

ROLES = [grant.role for grant in ROLE_GRANTS]


def admin(folder, **options):
    """The keys of a workspace, to be changed."""
    defaults = {"clock_ms": Clock(), "random_bytes": Random("admin")}
    return open_key_admin(folder, **(defaults | options))


@pytest.fixture(autouse=True)
def agreed(workspace):
    """After each test the independent verifier agrees with the keys."""
    yield
    check_keys(workspace)


def files(folder):
    """The key files of a workspace."""
    return sorted(path.name for path in (folder / "keys").iterdir())


def last_events(folder):
    """Types of the events of the newest entry."""
    with open_ledger(folder) as ledger:
        return [type(one.event) for one in ledger.events(ledger.size - 1)]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_rotated(workspace, role):
    """The new key has the old one's file, and the old one is gone."""
    old = role_key(workspace, role)
    before = files(workspace)
    with admin(workspace) as it:
        new = it.rotate(role)

    assert [KeyRotated] == last_events(workspace)
    assert new == role_key(workspace, role).verifier != old.verifier
    assert before == files(workspace)


def test_a_ledger_goes_on_after_rotations(workspace):
    """Every role signs with its new key, in processes that were open before too."""
    with open_ledger(workspace) as open_before:
        open_before.append([map_declared()], stream="shards")
        with admin(workspace) as it:
            for role in ROLES:
                it.rotate(role)
        open_before.append([assigned(1)], stream="shards")
    with open_ledger(workspace) as after:
        after.append([adopted()], stream="policy")

        assert 12 == after.size


def test_a_key_is_rotated_twice(workspace):
    """Each time from the newest one."""
    with admin(workspace) as it:
        first = it.rotate("ingest")
        second = it.rotate("ingest")

    assert second == role_key(workspace, "ingest").verifier != first


@pytest.mark.parametrize("role", ["ingest", "log"])
@pytest.mark.parametrize("moment", ["before the append", "before the rename"])
def test_a_kill_loses_no_key(workspace, monkeypatch, role, moment):
    """The next process finds the key that the ledger says is in force."""
    name = "append" if moment == "before the append" else "settle_keys"
    real = getattr(Ledger, name)

    def die(self, *arguments, **options):
        if name == "append" or self.size > 1:
            raise KeyboardInterrupt
        real(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, name, die)
        with pytest.raises(KeyboardInterrupt), admin(workspace) as it:
            it.rotate(role)
    assert f"{role}.pem.new" in files(workspace)
    is_rotated = moment == "before the rename"

    with open_ledger(workspace) as ledger:
        [grant] = [
            one for one in ledger.grants if one.role == role and one.retired_seq is None
        ]
        assert is_rotated == bool(grant.granted_seq)
        ledger.append([adopted()], stream="policy")
        assert grant.verifier == role_key(workspace, role).verifier
    assert is_rotated == (f"{role}.pem.new" not in files(workspace))
    with admin(workspace, random_bytes=Random("again")) as it:
        it.rotate(role)
    assert f"{role}.pem.new" not in files(workspace)


def test_a_rotation_asks_for_root_first(workspace):
    """Nothing is written without the root key."""
    (workspace / "keys" / "root.pem").unlink()
    before = files(workspace)

    with admin(workspace) as it, pytest.raises(KeyTrustError, match="key root: "):
        it.rotate("ingest")
    assert before == files(workspace)


def test_root_keys_come_from_where_the_caller_says(workspace, tmp_path):
    """Such as a stick that is in the machine for this command only."""
    stick = tmp_path / "stick"
    stick.mkdir()
    (workspace / "keys" / "root.pem").rename(stick / "root.pem")

    with admin(workspace, root_folder=stick) as it:
        assert f"{ORIGIN}/ingest" == it.rotate("ingest").name


def test_a_lost_key_cannot_consent(workspace):
    """It is revoked, and another one added."""
    (workspace / "keys" / "ingest.pem").unlink()

    with admin(workspace) as it:
        with pytest.raises(KeyTrustError, match=r"ingest\.pem cannot be read"):
            it.rotate("ingest")
        it.revoke("ingest", since_seq=1)
        assert f"{ORIGIN}/ingest" == it.add("ingest").name


def test_a_worker_gets_a_key_of_its_own(workspace):
    """Its stream is signed by it where its file is, else by the role's key."""
    with admin(workspace) as it:
        worker = it.add("sharder", name="worker-3", stream="shards/worker-3")
    with open_ledger(workspace) as ledger:
        families = {"shards"}
        role = role_key(workspace, "sharder").verifier
        assert worker == ledger.stream_signer("shards/worker-3", families).verifier
        assert role == ledger.stream_signer("shards/worker-4", families).verifier
    (workspace / "keys" / "worker-3.pem").unlink()
    with open_ledger(workspace) as ledger:
        assert role == ledger.stream_signer("shards/worker-3", families).verifier


REFUSED = {
    "a log key": (("log",), {}, "a ledger has one log key"),
    "no role": (("boss",), {}, "role: expected one of ci, eraser"),
    "an active name": (("ingest",), {}, "is active; choose another one with --name"),
    "another role's name": (("ingest",), {"name": "ci"}, "name: expected letters"),
    "root's name": (("ingest",), {"name": "root-9"}, "name: expected letters"),
    "a path": (("ingest",), {"name": "../x"}, "name: expected letters"),
    "another role's stream": (
        ("ingest",),
        {"name": "w", "stream": "shards"},
        "stream: expected ingest or one below it",
    ),
    "no stream": (
        ("ingest",),
        {"name": "w", "stream": "ingest/UP"},
        "breaks its own schema",
    ),
}


@pytest.mark.parametrize(
    ("arguments", "options", "message"), REFUSED.values(), ids=REFUSED
)
def test_what_cannot_be_added(workspace, arguments, options, message):
    """Nothing is appended, and no private key is left behind."""
    before = files(workspace)
    with admin(workspace) as it, pytest.raises(InputError, match=message):
        it.add(*arguments, **options)
    assert before == files(workspace)
    with open_ledger(workspace) as ledger:
        assert 1 == ledger.size


def test_a_retired_key_is_destroyed(workspace):
    """Its name is free again."""
    with admin(workspace) as it:
        it.retire("eraser")
        assert "eraser.pem" not in files(workspace)
        it.add("eraser")
    assert "eraser.pem" in files(workspace)


def test_the_log_key_is_not_retired(workspace):
    """Nobody could sign the next checkpoint."""
    with admin(workspace) as it, pytest.raises(InputError, match="rotate it instead"):
        it.retire("log")


def test_a_revoked_key_leaves_its_role_empty(workspace):
    """The caller is told to add one."""
    with admin(workspace) as it:
        revoked = it.revoke("ingest", since_seq=1)

    assert ("ingest", None, True) == (
        revoked.role,
        revoked.successor,
        revoked.is_role_empty,
    )
    assert "ingest.pem" not in files(workspace)


def test_a_revoked_worker_leaves_the_role_its_key(workspace):
    """Only the worker's file is destroyed."""
    with admin(workspace) as it:
        it.add("ingest", name="worker-3")
        revoked = it.revoke("worker-3", since_seq=1)

    assert not revoked.is_role_empty
    assert "ingest.pem" in files(workspace)
    assert "worker-3.pem" not in files(workspace)


def test_a_revoked_log_key_is_followed_in_the_same_entry(workspace):
    """The entry that declares it is covered by its successor (KEY-6)."""
    with admin(workspace) as it:
        revoked = it.revoke("log", since_seq=0)

    assert [KeyCompromised, KeyGranted] == last_events(workspace)
    assert revoked.successor == role_key(workspace, "log").verifier
    with open_ledger(workspace) as ledger:
        assert 2 == ledger.append([adopted()], stream="policy").seq


def test_a_refused_revocation_leaves_no_successor(workspace):
    """The log key goes on, and the new one that nobody granted is deleted."""
    before = files(workspace)
    with admin(workspace) as it:
        with pytest.raises(InputError, match="found 9"):
            it.revoke("log", since_seq=9)
        assert before == files(workspace)
        assert f"{ORIGIN}/ingest" == it.rotate("ingest").name


def test_what_a_kill_left_of_a_new_key(workspace):
    """Half a private key is deleted by the next one who changes keys."""
    (workspace / "keys" / ".log.pem.new.0123abcd.tmp").write_bytes(b"half")
    with admin(workspace):
        assert [] == [name for name in files(workspace) if name.endswith(".tmp")]


def test_a_key_that_ended_is_revoked_by_its_id(workspace):
    """The active one of that name is what the name means."""
    old = role_key(workspace, "ingest").verifier
    with admin(workspace) as it:
        new = it.rotate("ingest")
        assert old == it.revoke(old.key_id.hex(), since_seq=1).key
        assert new == it.revoke("ingest", since_seq=1).key
        with pytest.raises(InputError, match=f"found .*{old.key_id.hex()}"):
            it.revoke("ingest", since_seq=0)
    assert "ingest.pem" not in files(workspace)


@pytest.mark.parametrize("which", ["root", "root-1", "nobody", "00000000"])
def test_no_other_key_is_changed(workspace, which):
    """Root keys are those of genesis, and others are not there."""
    with admin(workspace) as it:
        for change in (it.rotate, it.retire):
            with pytest.raises(InputError):
                change(which)
        with pytest.raises(InputError):
            it.revoke(which, since_seq=0)


def test_a_role_with_two_keys_needs_a_name(workspace):
    """The role's own name still means its first key."""
    with admin(workspace) as it:
        it.add("ingest", name="worker-3")
        assert f"{ORIGIN}/ingest" == it.rotate("ingest").name
        it.add("ingest", name="worker-4")
        it.retire("ingest")
        with pytest.raises(InputError, match=r"worker-3 .*worker-4 "):
            it.rotate("ingest")


def test_one_process_changes_keys_at_a_time(workspace, monkeypatch):
    """Two would overwrite each other's new key file."""
    with (
        file_lock(workspace / ".keys.lock", what="key"),
        monkeypatch.context() as patch,
    ):
        patch.setitem(file_lock.__wrapped__.__kwdefaults__, "wait_seconds", 0)
        with pytest.raises(LockedError, match="key is running"), admin(workspace):
            pass


def test_a_folder_without_a_ledger_is_left_alone(tmp_path):
    """Not even a lock file appears."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotALedgerError), admin(tmp_path / "empty"):
        pass
    assert [] == list((tmp_path / "empty").iterdir())


def test_a_passphrase_encrypts_new_keys_too(tmp_path):
    """The old passphrase opens them."""
    folder = tmp_path / "other"
    create_ledger(folder, origin=ORIGIN, passphrase=b"pw", clock_ms=Clock())
    with admin(folder, passphrase=b"pw") as it:
        new = it.rotate("log")

    content = (folder / "keys" / "log.pem").read_bytes()
    assert content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert new == load_key(folder / "keys", "log", ORIGIN, b"pw").verifier


def test_standings(workspace):
    """Every key, root first, with what became of it and where its file is."""
    with admin(workspace) as it:
        it.rotate("ingest")
        it.revoke("scanner", since_seq=0)
    with open_ledger(workspace) as ledger:
        found = key_standings(ledger)
    by_state = {
        state: [one.role for one in found if one.state == state]
        for state in ("retired", "compromised")
    }

    assert ["root", *ROLES, "ingest"] == [one.role for one in found]
    assert {"retired": ["ingest"], "compromised": ["scanner"]} == by_state
    assert (1, workspace / "keys" / "ingest.pem") == (
        found[-1].granted_seq,
        found[-1].file,
    )
    assert {None} == {one.file for one in found if one.state != "active"}
    assert workspace / "keys" / "root.pem" == found[0].file


def test_an_admin_takes_an_open_ledger_too(workspace):
    """For programs that hold one."""
    with open_ledger(workspace) as ledger:
        KeyAdmin(ledger, random_bytes=Random("x")).rotate("ci")

        assert 2 == ledger.size
