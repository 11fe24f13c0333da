"""Attacks on the folder and its files, by somebody who holds no key."""

import errno
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.bundle.attacks import NAMES, found
from verifier.bundle.verify import verify_bundle


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_flipped_bit(good, root_keys, tmp_path_factory, name, data):
    """Any one flipped bit in any file is found."""
    content = bytearray((good.bundle / name).read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    folder = tmp_path_factory.mktemp("flipped")
    shutil.copytree(good.bundle, folder, dirs_exist_ok=True)
    (folder / name).write_bytes(content)

    assert 1 == verify_bundle(folder, root_keys=root_keys).exit_code


@pytest.mark.parametrize("name", NAMES)
def test_missing_file(bundle, root_keys, name):
    """A file that is not there is named."""
    (bundle / name).unlink()

    report = verify_bundle(bundle, root_keys=root_keys)

    assert [(name, "BUN-1")] == [(item.where, item.rule) for item in report.findings]
    assert 1 == report.exit_code


def test_file_that_the_disk_refuses(bundle, root_keys, monkeypatch):
    """A fault of the disk is no finding: the bundle is not judged."""

    def refuse(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("verifier.bundle.files._open_plain", refuse)
    report = verify_bundle(bundle, root_keys=root_keys)

    assert ("UNREADABLE", os.strerror(errno.EIO)) == (report.verdict, report.unreadable)


@pytest.mark.parametrize("name", NAMES)
def test_emptied_file(bundle, root_keys, name):
    """An empty file is a finding."""
    (bundle / name).write_bytes(b"")

    assert 1 == verify_bundle(bundle, root_keys=root_keys).exit_code


def test_extra_file(bundle, root_keys):
    """A file that nothing covers is a finding, though the rest holds."""
    (bundle / "shard-0.safetensors").write_bytes(b"unsigned")

    assert ("LV901", "BUN-1", 1) == found(bundle, root_keys)


def test_extra_file_with_a_hostile_name(bundle, root_keys):
    """A name with terminal controls is shown as printable ASCII."""
    (bundle / "\x1b[2Jok\n").write_bytes(b"")

    text = verify_bundle(bundle, root_keys=root_keys).as_text()

    assert "\\x1b[2Jok\\n" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("name", NAMES)
def test_symlink(bundle, root_keys, tmp_path, name):
    """A link is not followed, even to the right bytes."""
    (bundle / name).rename(tmp_path / name)
    (bundle / name).symlink_to(tmp_path / name)

    report = verify_bundle(bundle, root_keys=root_keys)

    assert [(name, "BUN-1")] == [(item.where, item.rule) for item in report.findings]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_no_regular_file(bundle, root_keys, make):
    """A pipe does not block the reader, and a folder is no file."""
    (bundle / "checkpoint").unlink()
    make(bundle / "checkpoint")

    assert ("LV901", "BUN-1", 1) == found(bundle, root_keys)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("checkpoint", 1024), ("SHA256SUMS", 1024), ("statement.dsse.json", 1 << 20)],
)
def test_one_past_the_limit(bundle, root_keys, name, limit):
    """A file is read up to its limit and no further."""
    (bundle / name).write_bytes(b"x" * (limit + 1))

    assert ("LV901", "BUN-2", 1) == found(bundle, root_keys)


def test_sum_of_another_file(bundle, root_keys):
    """A wrong line in SHA256SUMS is a finding of its own."""
    sums = (bundle / "SHA256SUMS").read_text().replace("  checkpoint", "  receipts")
    (bundle / "SHA256SUMS").write_text(sums)

    assert ("LV902", "BUN-13", 1) == found(bundle, root_keys)
