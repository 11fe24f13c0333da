"""A reader who goes away early is no error, and changes no verdict."""

import subprocess
import sys

import pytest


def _piped(*arguments):
    """Exit code and stderr of a command whose reader is gone from the start."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    return process.wait(), err


@pytest.mark.parametrize("command", ["status", "log"])
def test_a_list_that_nobody_reads(trained, command):
    """Nothing is said about it, and the exit code is 0."""
    code, err = _piped("cli.py", command, "-w", str(trained.folder))

    assert (0, b"") == (code, err)


@pytest.mark.parametrize("program", [["cli.py", "verify"], ["-m", "verifier"]])
def test_a_verdict_that_nobody_reads(trained, program):
    """Without a pinned root the code stays 7."""
    code, err = _piped(*program, str(trained.folder / "acme.ledger"))

    assert (7, b"") == (code, err)
