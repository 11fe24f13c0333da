"""Commands about compute: flops estimate, flops audit, flops import."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import get_args

import click

from producers.commands.common import json_option, print_json
from producers.commands.flops_audit import audit_command
from producers.commands.flops_import import import_command
from producers.commands.given import read_lora
from producers.flops.config import load_config
from producers.flops.count import (
    ALL_LINEAR,
    AttentionKernel,
    Checkpointing,
    Lora,
    Training,
)
from producers.flops.estimate import FLOP_MAX, Workload, estimate
from producers.flops.rendering import estimate_document, estimate_text


def whole_number(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | None:
    """A whole number that may be written as 2e9, exact."""
    del context, parameter
    if value is None:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal(-1)
    if number.is_finite() and 0 <= number <= FLOP_MAX and number == int(number):
        return int(number)
    message = f"expected a whole number 0 .. {FLOP_MAX:.0e}"
    raise click.BadParameter(message)


def _lora(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Lora | None:
    """Adapters, as RANK or RANK:TARGETS."""
    del context, parameter
    if value is None:
        return None
    rank, targets = read_lora(value, targets=ALL_LINEAR)
    return Lora(rank=rank, targets=targets)


@click.group("flops")
def flops_group() -> None:
    """Count what a training costs."""


@flops_group.command("estimate")
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--tokens",
    callback=whole_number,
    required=True,
    help="Positions trained on, padding and repetitions included; 2e9 is fine.",
)
@click.option(
    "--sequence",
    callback=whole_number,
    help="Positions in a sequence; the model's context by default, which is the most.",
)
@click.option(
    "--lora",
    callback=_lora,
    metavar="RANK[:TARGETS]",
    help="Adapters, as 16, 16:q_proj,v_proj or 16:all-linear; full training without.",
)
@click.option(
    "--checkpointing",
    type=click.Choice(get_args(Checkpointing)),
    default="none",
    show_default=True,
    help="Activation checkpointing of each block.",
)
@click.option(
    "--attention",
    type=click.Choice(get_args(AttentionKernel)),
    default="fused",
    show_default=True,
    help="Fused kernels compute the scores again in the backward pass.",
)
@click.option(
    "--reference", is_flag=True, help="Each batch also goes through the frozen base."
)
@click.option(
    "--evaluation-tokens",
    callback=whole_number,
    default="0",
    help="Positions evaluated.",
)
@click.option(
    "--base-flop", callback=whole_number, help="Training compute of the base, FLOP."
)
@click.option(
    "--systemic-risk", is_flag=True, help="The base is a model with systemic risk."
)
@json_option
def estimate_command(
    config: Path,
    tokens: int,
    sequence: int | None,
    lora: Lora | None,
    checkpointing: Checkpointing,
    attention: AttentionKernel,
    evaluation_tokens: int,
    base_flop: int | None,
    *,
    reference: bool,
    systemic_risk: bool,
    as_json: bool,
) -> None:
    """Count a training from the model's CONFIG.json, without weights.

    With adapters and checkpointing, activations are taken to need gradients from the
    embeddings on, as libraries arrange it.
    """
    training = Training(
        lora=lora,
        checkpointing=checkpointing,
        attention=attention,
        input_gradients=lora is not None and checkpointing != "none",
    )
    work = Workload(
        tokens=tokens,
        sequence=sequence,
        evaluation_tokens=evaluation_tokens,
        has_reference=reference,
        base_flop=base_flop,
        base_systemic_risk=systemic_risk,
    )
    found = estimate(load_config(config), training, work)
    if as_json:
        print_json(estimate_document(found))
    else:
        click.echo(estimate_text(found))


flops_group.add_command(audit_command)
flops_group.add_command(import_command)

COMMANDS = (flops_group,)
