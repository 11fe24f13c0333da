"""Training: train, on a base of our own or from elsewhere."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import click
from msgspec import UNSET, UnsetType

from ledger.errors import InputError
from producers import wiring
from producers.commands.common import open_workspace, say, workspace_option
from producers.commands.given import read_lora
from producers.commands.retraining import resume_option, resume_run
from producers.training.choose import NOTHING_CHOSEN, BaseChoice, Choices
from producers.training.settings import ALL_LINEAR, Lora, Privacy

BASE_TEXT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Longest text to pre-train on: it is held in memory."""

_OF_BASE: Final = ("name", "licence", "flop", "systemic_risk")
_FLOP_DIGITS_MAX: Final = 40
_PPM: Final = 10**6
_ALPHA_OVER_RANK: Final = 2
"""As in the demo's adapters."""

_NOISE: Final = Decimal("0.01"), Decimal(1000)
_CLIP: Final = Decimal("1e-6"), Decimal(10**6)
_DELTA: Final = Decimal("1e-12"), 1 - Decimal("1e-12")
_DELTA_DEFAULT: Final = Decimal("1e-5")


def _lora(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Lora | None:
    """Adapters, as RANK or RANK:TARGETS."""
    del context, parameter
    if value is None:
        return None
    rank, targets = read_lora(value, targets=ALL_LINEAR)
    return Lora(rank=rank, alpha=rank * _ALPHA_OVER_RANK, targets=targets)


def _millionths(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | None:
    """A decimal number as a whole number of millionths."""
    del context, parameter
    if value is None:
        return None
    try:
        number = Decimal(value) * _PPM
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 1 <= number <= _PPM and number == int(number)):
        message = "expected 0.000001 .. 1 in whole millionths, such as 2e-4"
        raise click.BadParameter(message)
    return int(number)


def _number(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Decimal | None:
    """A decimal number, exact."""
    del context, parameter
    if value is None:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = "expected a number, such as 1.1 or 1e-5"
        raise click.BadParameter(message)
    return number


def _flop(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """A whole number that may be written as 2e21, exact, as decimal text."""
    del context, parameter
    if value is None:
        return ""
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    most = Decimal(10) ** (_FLOP_DIGITS_MAX - 1)
    if not (number.is_finite() and 0 <= number <= most and number == int(number)):
        message = "expected a whole number, such as 2e21"
        raise click.BadParameter(message)
    return str(int(number))


@click.command()
@workspace_option
@click.option(
    "--base-text",
    type=click.File("rb"),
    help="Public text to pre-train the base on; the Python documentation by default.",
)
@click.option(
    "--base-model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a Hugging Face causal language model to train adapters on.",
)
@click.option("--base-name", default="", help="Its name; the folder's by default.")
@click.option("--base-licence", help="Its SPDX licence; its README's by default.")
@click.option("--base-flop", callback=_flop, help="Its training compute, FLOP.")
@click.option(
    "--base-systemic-risk", is_flag=True, help="It is a model with systemic risk."
)
@click.option(
    "--objective",
    type=click.Choice(["sft", "continued_pretraining"]),
    help="What is learnt; what the last training said, or continued_pretraining.",
)
@click.option(
    "--lora",
    callback=_lora,
    metavar="RANK[:TARGETS]",
    help="Adapters, as 16, 16:q_proj,v_proj or 16:all-linear.",
)
@click.option(
    "--context", type=click.IntRange(1, 65_536), help="Positions in a row of training."
)
@click.option("--batch", type=click.IntRange(1, 65_536), help="Rows in a step.")
@click.option(
    "--epochs",
    type=click.IntRange(1, 1000),
    help="Passes over the records that the cost of all slices adds up to.",
)
@click.option(
    "--learning-rate",
    "learning_rate_ppm",
    callback=_millionths,
    help="Peak learning rate, as 2e-4.",
)
@click.option(
    "--dp-noise",
    callback=_number,
    help="Noise of DP-SGD, as a multiple of the clip norm; 0 for no DP-SGD.",
)
@click.option(
    "--dp-clip", callback=_number, help="Norm that a row's gradient is clipped to."
)
@click.option(
    "--dp-delta",
    callback=_number,
    help="Delta at which epsilon is stated; 1e-5 by default.",
)
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    help="What adapters are trained on; cpu at first.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    help="Type of matrix products; weights and optimizer keep 32 bits. fp32 at first.",
)
@click.option(
    "--checkpointing/--no-checkpointing",
    default=None,
    help="Keep only the input of each block, and compute the rest again.",
)
@click.option(
    "--accumulate",
    type=click.IntRange(1, 65_536),
    help="Parts in which the rows of a step go through the model; 1 at first.",
)
@resume_option
def train(
    folder: Path,
    base_text: Any,
    base_model: Path | None,
    resumes: str | None,
    **given: Any,
) -> None:
    """Train an adapter for each shard, and print the run's id.

    Without --base-model and --base-text the base and the settings are those of the
    last training; at first they are those of a small model of our own.
    """
    choices = _choices(base_model, base_text, given)
    if resumes is not None:
        if choices != NOTHING_CHOSEN:
            message = "--resume goes on as the run began: give no other choice with it"
            raise click.UsageError(message)
        resume_run(folder, resumes)
        return
    with open_workspace(folder) as workspace:
        run_id = wiring.train(
            workspace,
            base_text=lambda: _text(base_text),
            choices=choices,
            progress=say,
        )
    click.echo(run_id)


def _choices(base_model: Path | None, base_text: Any, given: dict[str, Any]) -> Choices:
    """What was chosen; what is said of a base needs a base."""
    of_base = {name: given.pop(f"base_{name}") for name in _OF_BASE}
    base = None
    if base_model is not None:
        if base_text is not None:
            message = "--base-model and --base-text exclude each other"
            raise click.UsageError(message)
        base = BaseChoice(folder=base_model, **of_base)
    elif any(value not in {"", None, False} for value in of_base.values()):
        message = "what is said of a base needs --base-model"
        raise click.UsageError(message)
    privacy = _privacy(
        *(given.pop(f"dp_{name}") for name in ("noise", "clip", "delta"))
    )
    return Choices(
        base=base, is_from_text=base_text is not None, privacy=privacy, **given
    )


def _privacy(
    noise: Decimal | None, clip: Decimal | None, delta: Decimal | None
) -> Privacy | UnsetType | None:
    """DP-SGD as it was asked for; unset where it was asked to be left out."""
    if noise is None or not noise:
        if clip is not None or delta is not None:
            message = "--dp-clip and --dp-delta need --dp-noise above 0"
            raise click.UsageError(message)
        return None if noise is None else UNSET
    if clip is None:
        message = "--dp-noise needs --dp-clip"
        raise click.UsageError(message)
    delta = _DELTA_DEFAULT if delta is None else delta
    return Privacy(
        noise_multiplier_ppm=_whole("noise", noise, _NOISE, digits=6),
        clip_norm_ppm=_whole("clip", clip, _CLIP, digits=6),
        delta_ppt=_whole("delta", delta, _DELTA, digits=12),
    )


def _whole(
    name: str, number: Decimal, limits: tuple[Decimal, Decimal], *, digits: int
) -> int:
    """A number within limits as a whole number of its last decimal place."""
    least, most = limits
    # In range first: a number of a million places is not to be multiplied out.
    if least <= number <= most and number == (rounded := round(number, digits)):
        return int(rounded.scaleb(digits))
    message = (
        f"--dp-{name}: expected {least} .. {most} of at most {digits} decimal places, "
        f"found {number}"
    )
    raise click.UsageError(message)


def _text(base_text: Any) -> bytes:
    """What is to be pre-trained on, read only where it is."""
    if base_text is None:
        from producers.demo.corpus import base_text as documentation

        return documentation()
    text: bytes = base_text.read(BASE_TEXT_BYTES_MAX + 1)
    if len(text) > BASE_TEXT_BYTES_MAX:
        message = f"base text: expected at most {BASE_TEXT_BYTES_MAX} bytes"
        raise InputError(message)
    return text


COMMANDS = (train,)
