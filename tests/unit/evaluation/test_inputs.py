"""What is wrong with the input is said before any model is loaded."""

import json

import pytest

pytest.importorskip("torch")

from ledger.events.model import Evaluated
from tests.unit.cli.shell import Shell, check_one_error

LONG = {"prefix": "p" * 5000, "secret": "a", "candidates": ["a", "b"]}
SHORT = {"prefix": "p ", "secret": "a", "candidates": ["a", "b"]}


@pytest.fixture
def shell(capsys, trained, monkeypatch):
    """Commands on a trained office where no model can be opened."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a model was opened")

    monkeypatch.setattr("producers.serving.ensemble.open_model", refuse)
    return Shell(capsys, trained.folder)


def texts(tmp_path, *lines):
    """A file of texts, with an empty line before them."""
    path = tmp_path / "texts.jsonl"
    path.write_text("\n" + "\n".join(map(json.dumps, lines)))
    return path


@pytest.mark.parametrize("probe", ["exposure", "verbatim"])
def test_a_text_that_is_too_long_is_named_by_its_line(shell, trained, tmp_path, probe):
    """Lines are counted as an editor counts them, empty ones too."""
    path = texts(tmp_path, SHORT, LONG)
    ran = shell.w("evaluate", "--probe", probe, "--texts", path)

    check_one_error(ran, 2, "texts, line 3: expected prefix and secret of at most")
    assert [] == trained.events(Evaluated)


def test_a_line_that_is_no_canary(shell, tmp_path):
    """The same for what is malformed."""
    path = texts(tmp_path, SHORT, {"secret": 1})
    ran = shell.w("evaluate", "--probe", "min_k", "--texts", path)

    check_one_error(ran, 2, "texts, line 3: expected an object")


def test_held_out_bytes_that_are_no_text(shell, tmp_path):
    """A loss on noise says nothing."""
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(200, 256)))

    check_one_error(shell.w("evaluate", "--held-out", path), 2, "UTF-8")


def test_the_other_run_is_looked_for_first(shell, trained, tmp_path):
    """Nothing is measured of the one before it is known that there is the other."""
    path = tmp_path / "held-out.txt"
    path.write_text("a text")
    ran = shell.w("evaluate", "--held-out", path, "--against", "nobody")

    check_one_error(ran, 2, "id of a finished run")
    assert [] == trained.events(Evaluated)
