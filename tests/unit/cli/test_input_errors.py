"""Exit code 2: input is refused by the rule it breaks, never by its values."""

import json

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
    """With --strict, the number of the line and the rule, never what stood in it."""
    good = jsonl([{**RECORDS[0], "id": "new"}])
    ran = shell.w("ingest", write(tmp_path / "in", good + line), "--strict")

    check_one_error(ran, 2, text)


def test_every_bad_line_is_told(shell, tmp_path):
    """Without it the rest is ingested; the lines go into a file beside it all."""
    good = jsonl([{**RECORDS[0], "id": "new"}])
    bad = b"".join(line.rstrip(b"\n") + b"\n" for line, _ in BAD_LINES.values())
    ran = shell.w("ingest", write(tmp_path / "in", bad + good))
    letters = shell.folder.with_name("acme.dead-letters.jsonl")
    header, *lines = map(json.loads, letters.read_bytes().splitlines())

    assert 5 == ran.code
    assert (
        f"accepted  1\n  licence          1\nunreadable {len(BAD_LINES)}\n" == ran.out
    )
    assert {"format": "tuneledger/dead-letters/v1"} == header
    assert [f"line {n}" for n in range(1, len(BAD_LINES) + 1)] == [
        one["place"] for one in lines
    ]
    assert 0o600 == letters.stat().st_mode & 0o777


def test_dead_letters_in_the_workspace(shell, tmp_path):
    """They would lie among files of another lifecycle."""
    inside = shell.folder / "letters"
    ran = shell.w("ingest", write(tmp_path / "in"), "--dead-letters", inside)

    check_one_error(ran, 2, "expected a file outside the workspace")


def test_dead_letters_over_another_file(shell, tmp_path):
    """Whatever else is there is not written over, the input least of all."""
    file = write(tmp_path / "in")
    ran = shell.w("ingest", file, "--dead-letters", file)

    check_one_error(ran, 2, "expected a new file or one of dead letters")


def test_an_id_twice_in_a_file(shell, tmp_path):
    """The first counts; the second is no record of its own."""
    new = {**RECORDS[0], "id": "new"}
    ran = shell.w("ingest", write(tmp_path / "1", jsonl([new, new])))

    assert 5 == ran.code
    assert "line 2: expected an id of its own, found that of line 1" in ran.err


def test_a_record_id_that_is_known(shell, tmp_path):
    """It is kept as it is, and nothing is decided on it again."""
    new = write(tmp_path / "in", jsonl([{**RECORDS[0], "id": "new"}]))
    shell.w("ingest", new)
    again = shell.w("ingest", new)

    assert (0, "kept      1\n") == (again.code, again.out)


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
