"""Options of `train`: what is refused before anything is read or trained."""

import pytest
from click.testing import CliRunner

from producers.commands.training import train


def run(tmp_path, *arguments):
    return CliRunner().invoke(train, ["-w", str(tmp_path / "none"), *arguments])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--lora", "x"], "expected RANK"),
        (["--lora", "16:"], "expected RANK"),
        (["--learning-rate", "0"], "in whole millionths"),
        (["--learning-rate", "2"], "in whole millionths"),
        (["--learning-rate", "1e-7"], "in whole millionths"),
        (["--learning-rate", "nan"], "in whole millionths"),
        (["--base-flop", "1.5"], "whole number"),
        (["--base-flop", "-1"], "whole number"),
        (["--base-flop", "1e41"], "whole number"),
        (["--base-name", "x"], "needs --base-model"),
        (["--base-licence", "MIT"], "needs --base-model"),
        (["--base-systemic-risk"], "needs --base-model"),
        (["--base-model", "absent"], "does not exist"),
        (["--resume", "--batch", "4"], "no other choice"),
        (["--context", "0"], "1<=x<=65536"),
        (["--epochs", "1001"], "1<=x<=1000"),
        (["--objective", "preference"], "not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_choice_out_of_range_is_refused(tmp_path, arguments, complaint):
    """One line says what was expected; the exit status is that of usage."""
    result = run(tmp_path, *arguments)

    assert 2 == result.exit_code
    assert complaint in result.output


def test_base_from_elsewhere_and_text_exclude_each_other(tmp_path):
    """A training is on one base."""
    text = tmp_path / "text"
    text.write_bytes(b"x")
    given = ["--base-text", str(text), "--base-model", str(tmp_path)]

    assert "exclude each other" in run(tmp_path, *given).output
