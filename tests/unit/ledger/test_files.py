"""Files that are whole or absent (ledger.disk.files)."""

import errno
import os
from pathlib import Path

import pytest

from ledger.disk.files import (
    disk_errors,
    remove_temporaries,
    write_all,
    write_atomic,
    write_once,
)
from ledger.errors import ConflictError, InputError, StorageError


@pytest.mark.parametrize("write", [write_atomic, write_once])
def test_a_file_is_written_whole_and_private(tmp_path, write):
    """Its bytes are there, its mode is 0600, and nothing else is left."""
    write(tmp_path / "file", b"content")

    assert b"content" == (tmp_path / "file").read_bytes()
    assert 0o600 == (tmp_path / "file").stat().st_mode & 0o777
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_write_atomic_replaces(tmp_path):
    """The old content is gone at once."""
    write_atomic(tmp_path / "file", b"old")
    write_atomic(tmp_path / "file", b"new")

    assert b"new" == (tmp_path / "file").read_bytes()


def test_write_once_never_replaces(tmp_path):
    """An existing file is refused, and no temporary file stays behind."""
    write_once(tmp_path / "file", b"old")
    with pytest.raises(ConflictError, match="exists and is never overwritten"):
        write_once(tmp_path / "file", b"new")

    assert b"old" == (tmp_path / "file").read_bytes()
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_a_refused_write_is_a_storage_error(tmp_path):
    """A folder that is not there: one line with the file and the reason."""
    with pytest.raises(StorageError) as caught:
        write_atomic(tmp_path / "missing" / "file", b"content")

    assert (
        "file: the disk refused the write (No such file or directory); "
        "nothing was kept" == str(caught.value)
    )


def test_a_new_file_needs_its_folder(tmp_path):
    """The caller named a folder that is not there: a mistake of usage."""
    with pytest.raises(InputError, match="there is no folder"):
        write_once(tmp_path / "missing" / "file", b"content")


def test_a_replace_that_fails_leaves_no_temporary(tmp_path):
    """A folder in the way is not replaced, and the temporary file is removed."""
    (tmp_path / "file" / "below").mkdir(parents=True)
    with pytest.raises(StorageError):
        write_atomic(tmp_path / "file", b"content")

    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_temporaries_of_a_killed_writer_are_removed(tmp_path):
    """Only what a writer left is deleted."""
    for name in (".file.00.tmp", "file", "kept.tmp"):
        (tmp_path / name).write_bytes(b"")
    remove_temporaries(tmp_path)

    assert ["file", "kept.tmp"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), OSError()],
    ids=["disk full", "no number"],
)
def test_disk_errors_say_what_was_written(error):
    """Every refused write becomes one line."""
    with (
        pytest.raises(StorageError, match="vault: the disk refused"),
        disk_errors("vault"),
    ):
        raise error


def test_write_all(tmp_path):
    """Every file is there with its content and mode, and nothing else."""
    files = [(f"{number}.bin", bytes([number]) * number) for number in range(20)]
    write_all(tmp_path, files, what="files")

    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert dict(files) == found
    assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}


@pytest.mark.parametrize("call", ["fsync", "open", "replace"])
def test_write_all_that_the_disk_refuses(tmp_path, monkeypatch, call):
    """One line says what was being written, and no half file is left."""
    owner = Path if call == "replace" else os
    real, calls = getattr(owner, call), []

    def refuse(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, call, refuse)
        files = [(f"{number}.bin", b"content") for number in range(5)]
        with pytest.raises(StorageError, match="corpus: the disk refused the write"):
            write_all(tmp_path, files, what="corpus")

    left = list(tmp_path.iterdir())
    assert [] == [path for path in left if path.suffix == ".tmp"]
    assert {b"content"} >= {path.read_bytes() for path in left}
