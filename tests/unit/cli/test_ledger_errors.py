"""Exit code 6: what is no readable ledger is refused and left alone."""

import os

import pytest

from tests.unit.cli.shell import check_one_error
from tests.unit.workspace.office import (
    snapshot,
)

READS = {
    "status": ["status"],
    "summary": ["summary"],
    "log": ["log"],
    "show": ["show", "0.0"],
}
WRITES = {
    "train": ["train"],
    "erase": ["erase", "s-1"],
    "retrain": ["retrain"],
    "scan": ["scan", "https://site.example/"],
}
ALL = {**READS, **WRITES}


@pytest.mark.parametrize("command", ALL.values(), ids=ALL)
@pytest.mark.parametrize("kind", ["missing", "empty", "file"])
def test_no_workspace(here, tmp_path, command, kind):
    """A missing folder, an empty one or a file is no workspace; nothing is made."""
    folder = tmp_path / "acme"
    if kind == "empty":
        folder.mkdir()
    if kind == "file":
        folder.write_bytes(b"text")
    before = snapshot(tmp_path)

    check_one_error(here.run(*command, "-w", folder), 6, "is no workspace")
    assert before == snapshot(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", os.urandom(9000)], ids=len)
@pytest.mark.parametrize("command", ALL.values(), ids=ALL)
def test_garbage_instead_of_a_ledger(shell, trained, command, content):
    """What is no ledger is refused and left as it is."""
    (trained.folder / "acme.ledger").write_bytes(content)
    before = snapshot(trained.folder)

    check_one_error(shell.w(*command), 6, "is not a ledger")
    assert before == snapshot(trained.folder)


@pytest.mark.parametrize("kind", ["missing", "text", "garbage", "vault"])
def test_verify_what_is_no_ledger(here, trained, kind):
    """Nothing is called tampered that cannot be judged."""
    path = trained.folder / "other"
    if kind == "text":
        path.write_bytes(b"text")
    if kind == "garbage":
        path.write_bytes(os.urandom(9000))
    if kind == "vault":
        path = trained.folder / "acme.vault"

    check_one_error(here.run("verify", path, "--root", trained.vkey), 6, "")


@pytest.mark.parametrize("command", READS.values(), ids=READS)
def test_a_ledger_file_that_is_missing(here, tmp_path, command):
    """`-w` of a `.ledger` file that is not there."""
    check_one_error(here.run(*command, "-w", tmp_path / "x.ledger"), 6, "no")


def test_a_private_file_of_another_kind(shell, trained):
    """Garbage where the vault should be."""
    (trained.folder / "acme.vault").write_bytes(b"not a database, but long enough")

    check_one_error(shell.w("retrain"), 6, "acme.vault")
