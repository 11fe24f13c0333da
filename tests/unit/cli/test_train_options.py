"""Options of `train`: what is refused before anything is read or trained."""

from decimal import Decimal

import pytest
from click.testing import CliRunner
from msgspec import UNSET

from producers.commands.training import _privacy, train
from producers.training.settings import Privacy


def run(tmp_path, *arguments):
    return CliRunner().invoke(train, ["-w", str(tmp_path / "none"), *arguments])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--lora", "x"], "expected RANK"),
        (["--lora", "16:"], "expected RANK"),
        (["--lora", "0"], "expected RANK"),
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
        (["--dp-noise", "1"], "needs --dp-clip"),
        (["--dp-clip", "1"], "need --dp-noise above 0"),
        (["--dp-noise", "0", "--dp-delta", "1e-5"], "need --dp-noise above 0"),
        (["--dp-noise", "0.001", "--dp-clip", "1"], "expected 0.01 .. 1000"),
        (["--dp-noise", "1.0000001", "--dp-clip", "1"], "at most 6 decimal places"),
        (["--dp-noise", "1", "--dp-clip", "1e999999"], "--dp-clip: expected"),
        (["--dp-noise", "x", "--dp-clip", "1"], "expected a number"),
        (["--dp-noise", "1", "--dp-clip", "1", "--dp-delta", "1"], "--dp-delta"),
        (["--dp-noise", "1", "--dp-clip", "-1"], "--dp-clip: expected"),
        (["--resume", "--dp-noise", "0"], "no other choice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_choice_out_of_range_is_refused(tmp_path, arguments, complaint):
    """One line says what was expected; the exit status is that of usage."""
    result = run(tmp_path, *arguments)

    assert 2 == result.exit_code
    assert complaint in result.output


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None, None), None),
        ((Decimal(0), None, None), UNSET),
        ((Decimal("1.1"), Decimal("1e-6"), None), (1_100_000, 1, 10**7)),
        ((Decimal("0.01"), Decimal(10**6), Decimal("1e-12")), (10**4, 10**12, 1)),
    ],
    ids=["nothing said", "left out", "usual delta", "all"],
)
def test_privacy_is_whole_numbers(given, expected):
    """Decimals are taken as they are spelled, without rounding."""
    if isinstance(expected, tuple):
        noise, norm, delta = expected
        expected = Privacy(
            noise_multiplier_ppm=noise, clip_norm_ppm=norm, delta_ppt=delta
        )

    assert expected == _privacy(*given)


def test_base_from_elsewhere_and_text_exclude_each_other(tmp_path):
    """A training is on one base."""
    text = tmp_path / "text"
    text.write_bytes(b"x")
    given = ["--base-text", str(text), "--base-model", str(tmp_path)]

    assert "exclude each other" in run(tmp_path, *given).output
