"""The verifier's own command line: options, their bounds, and exit codes."""

import pytest

from verifier import __main__ as command
from verifier.report import verdict as report


@pytest.fixture
def asked(monkeypatch):
    """What `verify` is called with; it answers with an empty report."""
    seen = {}

    def verify(path, **options):
        seen.update(options, path=path)
        return report.Report(path=path, level_asked=1)

    monkeypatch.setattr(command, "verify", verify)
    return seen


def test_defaults(asked, capsys):
    """Nothing but the file is needed."""
    assert 0 == command.main(["acme.ledger"])

    assert {
        "path": "acme.ledger",
        "root_keys": [],
        "root_threshold": None,
        "policy": None,
        "pin": None,
        "level": None,
        "fork_out": None,
        "full": False,
        "jobs": 1,
    } == asked
    assert capsys.readouterr().out.startswith("LEDGER          acme.ledger\n")


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("--jobs=1", "jobs", 1),
        ("--jobs=64", "jobs", 64),
        ("--root-threshold=1", "root_threshold", 1),
        ("--root-threshold=16", "root_threshold", 16),
        ("--level=0", "level", 0),
        ("--level=4", "level", 4),
        ("--full", "full", True),
        ("--pin=pins", "pin", "pins"),
        ("--fork-out=fork.json", "fork_out", "fork.json"),
        ("--root=" + "ab" * 32, "root_keys", ["ab" * 32]),
    ],
)
def test_option(asked, option, name, value):
    """An option reaches the verification, up to its bounds."""
    command.main(["acme.ledger", option])

    assert value == asked[name]


@pytest.mark.parametrize(
    "option",
    [
        "--jobs=0",
        "--jobs=65",
        "--jobs=x",
        "--root-threshold=0",
        "--root-threshold=17",
        "--level=-1",
        "--level=5",
        "--pin",
    ],
)
def test_option_out_of_bounds(asked, option):
    """What is out of bounds is a usage error, and nothing is verified."""
    with pytest.raises(SystemExit) as stop:
        command.main(["acme.ledger", option])

    assert (2, {}) == (stop.value.code, asked)


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (RuntimeError("odd"), 70, "error: RuntimeError: odd\n"),
    ],
    ids=["interrupted", "bug"],
)
def test_exit_code_of_a_fault(monkeypatch, capsys, fault, code, line):
    """An interrupt and a mistake of the program have exit codes of their own."""

    def verify(*_, **__):
        raise fault

    monkeypatch.setattr(command, "verify", verify)

    assert code == command.main(["acme.ledger"])
    assert ("", line) == capsys.readouterr()
