"""Exit code 2: input is refused by the rule it breaks, never by its values."""

import pytest

from tests.unit.cli.shell import Shell, check_one_error, write
from tests.unit.workspace.office import (
    RECORDS,
    jsonl,
)

BAD_LINES = {
    "malformed": (b"{not json}\n", "line 2: expected one JSON object"),
    "cut": (b'{"id": "x", "te', "line 2: expected one JSON object"),
    "array": (b"[]\n", "line 2: expected "),
    "unknown-field": (b'{"id": "x", "colour": 1}\n', "line 2: expected "),
    "not-utf-8": (b'{"id": "\xff"}\n', "line 2: expected UTF-8"),
    "oversize": (b"x" * (2**20 + 1), "line 2: expected at most 1048576 bytes"),
    "blank": (b"\n", "line 2: expected"),
    "nan": (b'{"id": NaN}\n', "line 2: expected JSON"),
}


@pytest.mark.parametrize(("line", "text"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_line_that_is_no_record(shell, tmp_path, line, text):
    """The number of the line and the rule, never what stood in it."""
    good = jsonl([{**RECORDS[0], "id": "new"}])

    check_one_error(shell.w("ingest", write(tmp_path / "in", good + line)), 2, text)


def test_a_record_id_that_is_known(shell, tmp_path):
    """Twice in one file, or ingested before."""
    new = {**RECORDS[0], "id": "jane@home"}
    twice = shell.w("ingest", write(tmp_path / "1", jsonl([new, new])))
    again = shell.w("ingest", write(tmp_path / "2", jsonl([new])))

    check_one_error(twice, 2, "line 2: expected an id of its own")
    check_one_error(again, 2, "line 1: expected a new id, found one already ingested")
    assert "jane@home" not in twice.err + again.err


def test_an_unknown_subject(shell):
    """Nobody of that name; the name is not repeated."""
    ran = shell.w("erase", "nobody@nowhere.example")

    check_one_error(ran, 2, "unknown subject: expected an alias such as s-1")
    assert "nobody" not in ran.err


USAGE = {
    "no-such-command": (["frobnicate"], "No such command"),
    "no-such-option": (["status", "--frobnicate"], "No such option"),
    "no-argument": (["ingest"], "Missing argument"),
    "no-such-file": (["ingest", "/missing/file"], "No such file"),
    "a-folder": (["ingest", "/"], "directory"),
    "bad-choice": (["erase", "x", "--ground", "boredom"], "is not one of"),
    "bad-number": (["log", "--last", "0"], "--last"),
    "bad-level": (["verify", "x", "--level", "9"], "--level"),
    "bad-event": (["show", "seven"], "event id: expected SEQ.INDEX"),
    "no-such-event": (["show", "999.0"], "no such event"),
    "no-such-index": (["show", "0.999"], "no such event"),
    "huge-event": (["show", "9" * 30 + ".0"], "event id: expected SEQ.INDEX"),
    "other-digits": (["show", "\uff11.0"], "event id: expected SEQ.INDEX"),
    "no-such-run": (["attest", "0" * 32, "--out", "/tmp/never"], "run"),
}


@pytest.mark.parametrize(("arguments", "text"), USAGE.values(), ids=USAGE)
def test_usage(shell, arguments, text):
    """One line, also for what the option parser refuses."""
    workspace = [] if arguments[0] in {"frobnicate", "verify"} else ["-w", shell.folder]

    check_one_error(shell.run(*arguments, *workspace), 2, text)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--shards", 0), ("--shards", 5000), ("--slices", 0), ("--origin", "two words")],
)
def test_init_with_a_bad_setting(here, tmp_path, option, value):
    """The field is named, and nothing is left."""
    ran = here.run("init", tmp_path / "acme", option, value)

    check_one_error(ran, 2, f"$.{option.removeprefix('--')}")
    assert [] == list(tmp_path.iterdir())


def test_settings_that_are_malformed(shell, trained):
    """A typing error in tuneledger.toml is named."""
    (trained.folder / "tuneledger.toml").write_text('origin = "x"\nshards = "many"\n')

    check_one_error(shell.w("retrain"), 2, "tuneledger.toml: ")


def test_no_model_yet(office, capsys):
    """A summary is of a model."""
    check_one_error(Shell(capsys, office.folder).w("summary"), 2, "run train first")


def test_nothing_to_train(office, capsys):
    """A training is of records."""
    check_one_error(Shell(capsys, office.folder).w("train"), 2, "run ingest first")
