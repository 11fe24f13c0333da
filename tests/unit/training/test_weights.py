"""Weight files: named by their content, and refused when it changed."""

import os
import stat

import pytest

torch = pytest.importorskip("torch")

from ledger.errors import InputError, IntegrityError, StorageError  # noqa: E402
from producers.training.weights import (  # noqa: E402
    BYTES_MAX,
    WeightStore,
    decode_tensors,
    encode_tensors,
)

TENSORS = {"b": torch.arange(6.0).view(2, 3), "a": torch.ones(4)}
ABSENT = "0" * 64


@pytest.fixture
def store(tmp_path):
    return WeightStore(tmp_path / "models")


def test_saved_tensors_load_again(store):
    """What is saved comes back under its digest."""
    loaded = store.load(store.save(TENSORS))

    assert {"a": [1.0] * 4, "b": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]} == {
        name: tensor.tolist() for name, tensor in loaded.items()
    }


def test_digest_does_not_depend_on_order_or_layout(store):
    """The same tensors have the same digest, however they were laid out in memory."""
    other = {"a": TENSORS["a"], "b": TENSORS["b"].t().contiguous().t()}

    assert store.save(TENSORS) == store.save(other)


def test_file_is_private(store):
    """Weights that saw personal data are for their owner alone."""
    path = store.folder / f"{store.save(TENSORS)}.safetensors"

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_altered_file_is_refused(store):
    """One flipped bit, and the file no longer has its name's digest."""
    sha256 = store.save(TENSORS)
    path = store.folder / f"{sha256}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(IntegrityError, match="altered"):
        store.load(sha256)


def test_deleting_twice_is_deleting_once(store):
    """Deletion is idempotent."""
    sha256 = store.save(TENSORS)
    store.delete(sha256)
    store.delete(sha256)

    assert [] == store.list()


def test_list_is_sorted_and_ignores_other_files(store):
    """Only weight files are listed."""
    (store.folder / "notes.safetensors").touch()
    digests = [store.put(content) for content in (b"1", b"2", b"3")]

    assert sorted(digests) == store.list()


def test_missing_weights_are_refused(store):
    """A digest without a file is an error, not nothing."""
    with pytest.raises(InputError, match="found none"):
        store.get(ABSENT)


@pytest.mark.parametrize(
    "name", ["", "../" + "0" * 61, "0" * 63, "A" * 64, "0" * 64 + "\n"]
)
def test_name_that_is_no_digest_is_refused(store, name):
    """A name cannot lead out of the folder."""
    with pytest.raises(InputError, match="digest"):
        store.get(name)


def test_half_written_file_is_swept(store):
    """What a killed writer left is deleted when the store is opened again."""
    (store.folder / "1234.partial").write_bytes(b"half")
    WeightStore(store.folder)

    assert [] == list(store.folder.iterdir())


def test_refused_write_leaves_nothing(store):
    """A write that the disk refuses raises, and leaves no file."""
    store.folder.rmdir()

    with pytest.raises(StorageError, match="cannot be written"):
        store.put(b"x")
    assert not store.folder.exists()


def test_sealed_file_hides_the_content(tmp_path):
    """With a cipher the file is sealed, and its name is the clear content's digest."""

    def flip(sha256, content):
        assert 64 == len(sha256)
        return bytes(byte ^ 0xFF for byte in content)

    store = WeightStore(tmp_path, seal=flip, unseal=flip)
    content = encode_tensors(TENSORS)
    sha256 = store.put(content)

    assert content not in (tmp_path / f"{sha256}.sealed").read_bytes()
    assert content == store.get(sha256)


def test_other_bytes_are_no_tensors():
    """Bytes that are not safetensors are refused."""
    with pytest.raises(InputError, match="safetensors"):
        decode_tensors(b"not safetensors")


def plant_pipe(path):
    os.mkfifo(path)


def plant_device(path):
    path.symlink_to("/dev/zero")


def plant_folder(path):
    path.mkdir()


def plant_sparse(path):
    path.touch()
    os.truncate(path, BYTES_MAX + 1)


@pytest.mark.parametrize(
    "plant", [plant_pipe, plant_device, plant_folder, plant_sparse]
)
def test_something_else_in_a_files_place(store, plant):
    """It is refused at once: nothing is waited for, and nothing without end is read."""
    digest = store.save(TENSORS)
    path = store.folder / f"{digest}.safetensors"
    path.unlink()
    plant(path)

    with pytest.raises(IntegrityError, match=f"weights {digest[:16]} cannot be read: "):
        store.get(digest)
