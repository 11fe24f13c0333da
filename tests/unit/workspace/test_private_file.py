"""ledger.disk.private_file: SQLite files that forget, and know their ledger."""

import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger.disk import private_file, sqlite
from ledger.disk.private_file import Seen, check_seen
from ledger.errors import LockedError, NotALedgerError, ReadOnlyError, StorageError
from ledger.vault.fences import Fences
from ledger.vault.vault import Vault

SEEN = Seen(genesis="ab" * 32, size=7, root="cd" * 32)


def open_vault(folder, **options):
    return closing(Vault(folder / "v.vault", **options))


def test_only_its_owner_reads_it(tmp_path):
    """Mode 0600 whatever the umask is; no other file stays beside it."""
    before = os.umask(0)
    try:
        with open_vault(tmp_path) as vault:
            vault.subject("jane@example.org")
    finally:
        os.umask(before)

    assert [0o600] == [
        stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir() if p.is_file()
    ]


def test_the_journal_is_as_private_as_the_file(tmp_path):
    """While a transaction is open, what it would undo lies in a file of mode 0600."""
    before = os.umask(0)
    try:
        with open_vault(tmp_path) as vault, vault.transaction():
            vault.subject("jane@example.org")
            modes = {
                path.suffix: stat.S_IMODE(path.stat().st_mode)
                for path in tmp_path.iterdir()
                if path.is_file()
            }
    finally:
        os.umask(before)

    assert {".vault": 0o600, ".vault-journal": 0o600} == modes


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough", b"SQLite format 3\0" * 100]
)
def test_garbage_is_refused(tmp_path, content):
    """One line, and the file stays as it is."""
    (tmp_path / "v.vault").write_bytes(content)
    with pytest.raises(NotALedgerError, match=r"v\.vault"), open_vault(tmp_path):
        pass

    assert content == (tmp_path / "v.vault").read_bytes()


def test_an_empty_file_is_a_new_one(tmp_path):
    """A kill between creating and filling it leaves nothing to repair."""
    (tmp_path / "v.vault").touch(mode=0o600)
    with open_vault(tmp_path) as vault:
        assert [] == vault.subjects()


def test_a_file_of_another_kind_is_refused(tmp_path):
    """A fences file is no vault."""
    Fences(tmp_path / "v.vault").close()
    with pytest.raises(NotALedgerError, match="not a file of this kind"):
        Vault(tmp_path / "v.vault")


def test_a_refused_file_is_closed(tmp_path):
    """No descriptor of what is no database stays open."""
    path = tmp_path / "v.vault"
    path.write_bytes(b"text")
    with pytest.raises(NotALedgerError):
        Vault(path)

    assert str(path) not in map(os.path.realpath, Path("/proc/self/fd").iterdir())


def test_looking_makes_nothing(tmp_path):
    """Opened to look, a missing vault stays missing and a full one unchanged."""
    with pytest.raises(NotALedgerError, match=r"v\.vault is missing"):
        Vault(tmp_path / "v.vault", is_writable=False)
    assert [] == list(tmp_path.iterdir())

    with open_vault(tmp_path) as vault:
        jane = vault.subject("jane@example.org")
    before = (tmp_path / "v.vault").read_bytes()
    with open_vault(tmp_path, is_writable=False) as vault:
        assert jane == vault.find_identifier("jane@example.org")
        with pytest.raises(StorageError):
            vault.subject("bob@example.org")
    assert before == (tmp_path / "v.vault").read_bytes()


def test_a_folder_that_is_missing(tmp_path):
    """The disk's refusal is one line of ours."""
    with pytest.raises(StorageError, match=r"v\.vault: the disk refused"):
        Vault(tmp_path / "missing" / "v.vault")


HOLDER = """
import sys
from pathlib import Path
from ledger.vault.vault import Vault
vault = Vault(Path(sys.argv[1]))
with vault.transaction():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_another_process_holds_the_lock(tmp_path, monkeypatch):
    """LockedError with exit code 8 after the wait; afterwards it works."""
    monkeypatch.setattr(sqlite, "LOCK_WAIT_MS", 20)
    monkeypatch.setattr(private_file, "LOCK_WAIT_MS", 20)
    command = [sys.executable, "-c", HOLDER, tmp_path / "v.vault"]
    with (
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        ) as holder,
    ):
        assert "held\n" == holder.stdout.readline()
        with pytest.raises(LockedError, match="another writer") as caught:
            Vault(tmp_path / "v.vault")
        assert 8 == caught.value.exit_code
        holder.communicate("go\n")
    with open_vault(tmp_path) as vault:
        assert [] == vault.subjects()


def test_what_was_seen_is_remembered(tmp_path):
    """Nothing at first, then the newest state, across sessions."""
    with open_vault(tmp_path) as vault:
        assert vault.seen() is None
        vault.remember(SEEN)
        vault.remember(Seen(genesis=SEEN.genesis, size=8, root="ee" * 32))
    with open_vault(tmp_path) as vault:
        assert 8 == vault.seen().size


@pytest.mark.parametrize(
    ("expected", "now", "root_then"),
    [
        ("belongs to another ledger", Seen("ff" * 32, 9, "ee" * 32), SEEN.root),
        ("it became shorter", Seen(SEEN.genesis, 6, "ee" * 32), None),
        ("another history", Seen(SEEN.genesis, 9, "ee" * 32), "ee" * 32),
        ("another history", Seen(SEEN.genesis, 7, "ee" * 32), "ee" * 32),
        ("another history", Seen(SEEN.genesis, 9, "ee" * 32), None),
    ],
    ids=["other", "shorter", "forked", "rewritten", "checkpoint-gone"],
)
def test_a_ledger_that_is_not_what_it_was(expected, now, root_then):
    """Opened read-only: writing on would hide the loss."""
    with pytest.raises(ReadOnlyError, match=expected) as caught:
        check_seen(Path("v.vault"), SEEN, now, root_then)
    assert 8 == caught.value.exit_code


def test_a_ledger_that_grew():
    """The usual case, and a file that never saw a ledger."""
    now = Seen(genesis=SEEN.genesis, size=9, root="ee" * 32)

    check_seen(Path("v.vault"), SEEN, now, SEEN.root)
    check_seen(Path("v.vault"), None, now, None)
