"""Files that the reader names: only regular ones are opened, and none is waited for."""

import os

import pytest

from verifier.given import open_regular


def test_a_regular_file(tmp_path):
    """A regular file is opened for reading."""
    (tmp_path / "file").write_bytes(b"content")
    with open_regular(tmp_path / "file") as file:
        assert b"content" == file.read()


def make(path, kind):
    """Something that is no regular file."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to(os.devnull)


def next_descriptor():
    """The lowest number that no open file has."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_nothing_else(tmp_path, kind):
    """A pipe, a folder and a device are refused, and left closed."""
    make(tmp_path / kind, kind)
    before = next_descriptor()
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path / kind)

    assert before == next_descriptor()
