"""Names and arguments that no honest person types: an exit code and safe lines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.vault.identifiers import mask_identifier
from tests.tamper.harness import told_ledger

ROOT = Path(__file__).parents[3]
COMMANDS = {"cli": ["-m", "cli", "verify"], "verifier": ["-m", "verifier"]}


def run(*arguments, **environment):
    """A command in a process of its own, as a shell starts it."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
    )


@pytest.fixture(params=COMMANDS)
def verify(request, tmp_path):
    """Verifies a sound ledger under the given name."""
    ledger = told_ledger()

    def verify_as(name, **environment):
        path = tmp_path / os.fsdecode(name)
        ledger.write(tmp_path / "plain.ledger").rename(path)
        root = ledger.roots[0].vkey
        return run(*COMMANDS[request.param], path, "--root", root, **environment)

    return verify_as


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        (b"n\xff.ledger", "utf-8"),
        (b"x" * 250, "utf-8"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}.ledger".encode(), "ascii"),
    ],
    ids=["not UTF-8", "long", "ASCII terminal"],
)
def test_name_does_not_decide(verify, name, encoding):
    """A sound ledger verifies under any name that the file system takes."""
    done = verify(name, PYTHONIOENCODING=encoding)

    assert (0, b"") == (done.returncode, done.stderr)


def test_name_prints_no_line(verify):
    """A line break in the name is shown, so it makes no line of the report."""
    done = verify(b"a\nRESULT          L1 authentic   exit 0")

    assert 1 == sum(line.startswith(b"RESULT") for line in done.stdout.splitlines())
    assert b"a\\nRESULT" in done.stdout.splitlines()[0]


def test_bundle_name_prints_no_line(tmp_path):
    """The same holds for the folder of a bundle."""
    folder = tmp_path / "a\nRESULT          L1 authentic   exit 0"
    folder.mkdir()
    done = run("-m", "cli", "verify-bundle", folder)

    assert 1 == sum(line.startswith(b"RESULT") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    "command", [*COMMANDS.values(), ["-m", "cli", "verify-bundle"]]
)
def test_endless_key_file(command):
    """A device that never ends is no key file."""
    done = run(*command, "any.ledger", "--root", "@/dev/zero")

    assert 2 == done.returncode
    assert done.stderr.endswith(b"cannot be read (not a regular file)\n")


PIPED = {
    "root": (2, ["verify", "any.ledger", "--root", "@{pipe}"]),
    "policy": (2, ["verify", "any.ledger", "--policy", "{pipe}"]),
    "older": (6, ["consistency", "{pipe}", "any.ledger"]),
    "newer": (6, ["consistency", "{ledger}", "{pipe}"]),
    "request": (2, ["witness", "cosign", "any", "{pipe}"]),
    "key": (2, ["witness", "add", "any", "--vkey", "@{pipe}"]),
    "token": (2, ["timestamp", "add", "{pipe}"]),
}


@pytest.mark.parametrize(("code", "arguments"), PIPED.values(), ids=PIPED)
def test_pipe_that_nobody_writes(trained, tmp_path, code, arguments):
    """No command waits for one where it takes a file's name."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ledger = trained.folder / "acme.ledger"
    done = run(
        "-m", "cli", *(one.format(pipe=pipe, ledger=ledger) for one in arguments)
    )

    assert code == done.returncode
    assert b"not a regular file" in done.stderr + done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["erase", b"\xff"], ["attest", b"\xff", "--out", "x"], ["show", b"\xff"]],
    ids=["erase", "attest", "show"],
)
def test_argument_that_is_not_utf_8(trained, tmp_path, arguments):
    """Bytes that are no text are an input error."""
    done = run("-m", "cli", *arguments, "-w", trained.folder)

    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())


@pytest.mark.parametrize(
    ("expected", "identifier"),
    [
        ("****@****.**g", "\u202ejane@\u202eexample.\u202e\ng"),
        ("****", "\x1b[2Jjane"),
        ("****", "\ud800"),
        (
            "\N{LATIN SMALL LETTER E WITH ACUTE}***",
            "\N{LATIN SMALL LETTER E WITH ACUTE}va",
        ),
    ],
    ids=["bidi", "escape", "surrogate", "letter"],
)
def test_mask_shows_letters_and_digits_only(expected, identifier):
    """Nothing that a terminal obeys is left in a masked identifier."""
    assert expected == mask_identifier(identifier)


def test_a_forgotten_at_sign(trained):
    """A file name where a key is expected says what to type."""
    ledger = str(trained.folder / "acme.ledger")
    done = subprocess.run(
        [sys.executable, "-m", "verifier", ledger, "--root", "acme.vkey"],
        capture_output=True,
        check=False,
        text=True,
    )

    assert 2 == done.returncode
    assert "for the keys in a file give @acme.vkey" in done.stderr
