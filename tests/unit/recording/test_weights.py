"""The digest of saved weights, and what the system's own tool says of the list."""

import hashlib
import shutil
import subprocess

import pytest

from ledger.errors import InputError
from producers.recording.weights import weights_manifest, weights_sha256


@pytest.fixture
def folder(tmp_path):
    """Two files of weights, one of them further down, and one of another kind."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.safetensors").write_bytes(b"one")
    (tmp_path / "a.safetensors").write_bytes(b"two")
    (tmp_path / "optimizer.pt").write_bytes(b"three")
    return tmp_path


def test_file(folder):
    """A file's digest is that of its bytes."""
    expected = hashlib.sha256(b"two").hexdigest()

    assert expected == weights_sha256(folder / "a.safetensors")


def test_digest(folder):
    """A digest stands for itself."""
    assert "5a" * 32 == weights_sha256("5a" * 32)


def test_folder(folder):
    """A folder's digest is that of its list, which `sha256sum` checks."""
    manifest = weights_manifest(folder)
    names = [line.split("  ")[1] for line in manifest.decode().splitlines()]

    assert ["a.safetensors", "b/x.safetensors"] == names
    assert hashlib.sha256(manifest).hexdigest() == weights_sha256(folder)
    tool = shutil.which("sha256sum")
    if tool:
        subprocess.run([tool, "-c", "--quiet"], input=manifest, cwd=folder, check=True)


@pytest.mark.parametrize("name", ["missing", "b"], ids=["no-file", "no-weights"])
def test_nothing_to_digest(folder, name):
    """What holds no weights is refused."""
    (folder / "b" / "x.safetensors").unlink()
    with pytest.raises(InputError, match="weights"):
        weights_sha256(folder / name)
