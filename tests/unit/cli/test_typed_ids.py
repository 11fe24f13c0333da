"""Ids that are begun, and paths that cannot be written."""

import os

import pytest

from ledger.errors import InputError
from producers.commands.ids import whole_id
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.workspace.office import new_office

KNOWN = ["0123456789abcdef" * 2, "01234567ffffffff" * 2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (KNOWN[0], KNOWN[0]),
        ("0123456789", KNOWN[0]),
        ("01234567f", KNOWN[1]),
        ("0123456", "0123456"),
        ("89abcdef", "89abcdef"),
        ("newest run", "newest run"),
    ],
    ids=["whole", "begun", "other", "short", "of-none", "no-id"],
)
def test_a_whole_id_of_its_beginning(text, found):
    """What begins none is left to whoever looks for it."""
    assert found == whole_id(text, KNOWN, "run")


def test_a_beginning_of_two(tmp_path):
    """Nothing is guessed."""
    with pytest.raises(InputError, match="begins 2 runs: give more digits"):
        whole_id("01234567", KNOWN, "run")


@pytest.fixture
def shell(capsys, tmp_path):
    """Commands on a new workspace."""
    return Shell(capsys, new_office(tmp_path / "acme").folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(shell, tmp_path):
    """Exit code 2, the path, and what to do."""
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    ran = shell.w("prove", "0.0", "--out", shut / "proof.json")

    check_one_error(ran, 2, f"{shut / 'proof.json'}: cannot be written there")
    assert "name a folder that you may write to" in ran.err


def test_a_path_through_a_file(shell, tmp_path):
    """A name that leads through a file cannot be made, by anybody."""
    (tmp_path / "file").write_bytes(b"")
    ran = shell.run("init", tmp_path / "file" / "shop")

    check_one_error(ran, 2, "cannot be written there (Not a directory)")


def test_a_name_that_is_too_long(shell, tmp_path):
    """The system's limit is the caller's to keep."""
    ran = shell.w("prove", "0.0", "--out", tmp_path / ("x" * 300))

    check_one_error(ran, 2, "cannot be written there (File name too long)")
