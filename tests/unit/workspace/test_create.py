"""Workspace.create: whole or not at all."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import ConflictError, InputError, StorageError
from ledger.log import genesis
from ledger.workspace import new as new_workspace
from ledger.workspace.new import FOLDERS
from ledger.workspace.settings import Settings
from ledger.workspace.workspace import Workspace
from tests.unit.workspace.office import Office, new_office, snapshot

ROOT = Path(__file__).parents[3]
SETTINGS = Settings(origin="example.org/acme")


def everything(folder):
    """Names of all that lies under a folder, hidden files included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_workspace_verifies(office):
    """It opens, is private, and its genesis verifies under the key that was printed."""
    with office.open() as workspace:
        assert 1 == workspace.ledger.size
        assert [office.vkey] == workspace.ledger.root_keys
    office.check()

    assert set(FOLDERS) <= {path.name for path in office.folder.iterdir()}
    assert {0o700} == {
        stat.S_IMODE((office.folder / name).stat().st_mode) for name in FOLDERS
    }
    assert {0o600} == {
        stat.S_IMODE(path.stat().st_mode) for path in (office.folder / "keys").iterdir()
    }


def test_an_empty_folder_is_taken(tmp_path):
    """As `mkdir` and `git clone` leave it."""
    (tmp_path / "acme").mkdir()

    new_office(tmp_path / "acme").check()


@pytest.mark.parametrize("kind", ["full", "file"])
def test_what_is_there_is_never_touched(tmp_path, kind):
    """A folder with anything in it, or a file, is a conflict."""
    taken = tmp_path / "acme"
    if kind == "full":
        taken.mkdir()
        (taken / "precious").write_bytes(b"data")
    else:
        taken.write_bytes(b"data")
    before = snapshot(tmp_path)
    with pytest.raises(ConflictError, match="exists and is not empty") as caught:
        Workspace.create(taken, SETTINGS)

    assert 8 == caught.value.exit_code
    assert before == snapshot(tmp_path)


def test_twice_is_a_conflict(office):
    """The first workspace stays as it is."""
    before = snapshot(office.folder)
    with pytest.raises(ConflictError):
        Workspace.create(office.folder, SETTINGS)

    assert before == snapshot(office.folder)


def test_a_malformed_origin_leaves_nothing(tmp_path):
    """Refused before anything is kept."""
    with pytest.raises(InputError, match="origin"):
        Workspace.create(tmp_path / "acme", Settings(origin="two words"))

    assert [] == everything(tmp_path)


def fail_at(patch, module, name, *, after):
    """Let a step fail before or after it did its work."""
    real = getattr(module, name)

    def failing(*args, **options):
        if after:
            real(*args, **options)
        message = "the disk is gone"
        raise StorageError(message)

    patch.setattr(module, name, failing)


STEPS = [
    (new_workspace, "create_ledger"),
    (new_workspace, "save_settings"),
    (genesis, "save_key"),
    (genesis, "_write_genesis"),
]


@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_error_at_any_step_leaves_nothing(
    tmp_path, monkeypatch, module, name, after
):
    """Neither a workspace nor a key; and the next try works."""
    with monkeypatch.context() as patch:
        fail_at(patch, module, name, after=after)
        with pytest.raises(StorageError):
            Workspace.create(tmp_path / "acme", SETTINGS, root_folder=tmp_path / "safe")
    assert [] == everything(tmp_path)

    Workspace.create(tmp_path / "acme", SETTINGS, root_folder=tmp_path / "safe")
    assert (tmp_path / "safe" / "root.pem").exists()


def test_a_rename_that_fails_takes_the_root_key_back(tmp_path, monkeypatch):
    """A root key without its ledger would only stop the next try."""
    (tmp_path / "acme").write_bytes(b"")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with pytest.raises(StorageError):
        Workspace.create(tmp_path / "acme", SETTINGS, root_folder=tmp_path / "safe")

    assert ["acme", "safe"] == everything(tmp_path)


def test_an_error_after_the_rename_takes_nothing_back(tmp_path, monkeypatch):
    """The workspace stands, and so must its root key."""
    with monkeypatch.context() as patch:
        fail_at(patch, new_workspace, "sync_folder", after=False)
        with pytest.raises(StorageError):
            Workspace.create(tmp_path / "acme", SETTINGS, root_folder=tmp_path / "safe")

    assert (tmp_path / "safe" / "root.pem").exists()
    with Workspace(tmp_path / "acme") as workspace:
        assert 1 == workspace.ledger.size


CHILD = """
import os, signal, sys
from pathlib import Path
from ledger.disk import files
from ledger.workspace import workspace
from ledger.workspace.settings import Settings
left = int(sys.argv[2])
real = os.fsync
def fsync(descriptor):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)
os.fsync = fsync
workspace.Workspace.create(Path(sys.argv[1]), Settings(origin="example.org/acme"))
print("created")
"""


@pytest.mark.parametrize("syncs", [0, 3, 11, 19])
def test_a_kill_leaves_no_half_workspace(tmp_path, syncs):
    """After kill -9 there is no workspace, and the next try sweeps up and works."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path / "acme", str(syncs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert -signal.SIGKILL == done.returncode, done
    if (tmp_path / "acme").exists():
        assert (tmp_path / "acme" / "tuneledger.toml").exists()
        return
    vkey = Workspace.create(tmp_path / "acme", SETTINGS)
    Office(folder=tmp_path / "acme", vkey=vkey).check()

    assert ["acme"] == [path.name for path in tmp_path.iterdir()]


def test_the_root_key_elsewhere(tmp_path):
    """With `--root-out` the workspace cannot sign for root."""
    Workspace.create(tmp_path / "acme", SETTINGS, root_folder=tmp_path / "safe")

    assert (tmp_path / "safe" / "root.pem").exists()
    assert not (tmp_path / "acme" / "keys" / "root.pem").exists()
    assert {"acme", "safe"} == {path.name for path in tmp_path.iterdir()}


def test_a_root_key_is_never_overwritten(tmp_path):
    """A second ledger does not take the first one's root key away."""
    Workspace.create(tmp_path / "one", SETTINGS, root_folder=tmp_path / "safe")
    before = (tmp_path / "safe" / "root.pem").read_bytes()
    with pytest.raises(ConflictError, match="never overwritten"):
        Workspace.create(tmp_path / "two", SETTINGS, root_folder=tmp_path / "safe")

    assert before == (tmp_path / "safe" / "root.pem").read_bytes()
    assert not (tmp_path / "two").exists()
