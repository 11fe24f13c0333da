"""Exit codes 1, 8, 70 and 130, and that every error has its own."""

from pathlib import Path

import pytest

import cli
from ledger import errors
from ledger.disk.locks import file_lock
from ledger.errors import TuneledgerError
from ledger.log.ledger import Ledger
from producers.commands import reading
from tests.unit.cli.shell import check_one_error, write
from tests.unit.workspace.office import (
    PEOPLE,
    RECORDS,
    jsonl,
    letter,
    secrets_of,
    snapshot,
)


def test_init_into_a_full_folder(shell, trained):
    """What is there stays as it is."""
    before = snapshot(trained.folder)

    check_one_error(shell.run("init", trained.folder), 8, "exists and is not empty")
    assert before == snapshot(trained.folder)


@pytest.mark.parametrize(
    ("what", "command"),
    [
        ("train", ["train"]),
        ("train", ["retrain"]),
        ("train", ["erase", "s-1"]),
        ("ingest", ["scan", "https://x.example/"]),
    ],
    ids=["train", "retrain", "erase", "scan"],
)
def test_another_process_is_at_it(shell, trained, monkeypatch, what, command):
    """Waited for a while, then refused; the message says what is running."""
    kept = file_lock.__wrapped__.__kwdefaults__
    with file_lock(trained.folder / f".{what}.lock", what=what):
        monkeypatch.setitem(kept, "wait_seconds", 0.0)
        check_one_error(shell.w(*command), 8, f"{what} is running in another process")


def test_a_workspace_that_lost_its_fences(shell, trained):
    """Read-only until they are back."""
    trained.erase("jane")
    (trained.folder / "acme.fences").unlink()

    check_one_error(shell.w("retrain"), 8, "restore the fences file")
    assert 0 == shell.w("status").code


def test_an_erased_person_comes_back(shell, trained, tmp_path):
    """Re-ingest is blocked, with a reason: nothing of it was accepted."""
    trained.erase("jane")
    again = jsonl([{**RECORDS[0], "id": "again"}])
    ran = shell.w("ingest", write(tmp_path / "in", again))

    assert 3 == ran.code
    assert "blocked   1\n  subject_fenced   1\n" in ran.out


# 1: tampered


def test_a_flipped_byte(shell, trained):
    """The verifier says where; the commands refuse to go on."""
    path = trained.folder / "acme.ledger"
    content = bytearray(path.read_bytes())
    content[content.index(b"events_root ") + 20] ^= 1
    path.write_bytes(content)

    assert 1 == shell.run("verify", path, "--root", trained.vkey).code
    (trained.folder / "acme.views").unlink()
    check_one_error(shell.w("status"), 1, "")


# 70: any uncaught error


def test_an_uncaught_error_is_one_line(shell, monkeypatch):
    """Its kind and place only: its text may hold what nobody should see."""

    def broken(*_, **__):
        raise LookupError(letter("jane") + "\n" + PEOPLE["jane"])

    monkeypatch.setattr(reading, "log_document", broken)
    ran = shell.w("log")

    check_one_error(ran, 70, "LookupError in ")
    assert [] == [one for one in secrets_of("jane") if one in ran.err.encode()]


def test_an_interrupt_is_one_line(shell, monkeypatch):
    """130, and no trace."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "log_document", interrupted)
    ran = shell.w("log")

    check_one_error(ran, 130, "interrupted")
    assert 1 == len(ran.err.splitlines())


ERRORS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, TuneledgerError)
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_its_exit_code(shell, monkeypatch, kind):
    """The classes decide the code, the command line only passes it on."""

    def broken(*_, **__):
        message = "what is wrong"
        raise kind(message)

    monkeypatch.setattr(Ledger, "open", broken)

    check_one_error(shell.w("log"), kind.exit_code, "what is wrong")


def test_messages_name_no_path_of_ours(shell):
    """No line of a trace, no file of the program."""
    ran = shell.run("status", "-w", "/missing")

    assert str(Path(cli.__file__).parent) not in ran.err
