"""Trainings in a vendor's house: hosted record, hosted list."""

from pathlib import Path
from typing import Any, Final, get_args

import click

from ledger.export.compute_status import compute_facts, compute_lines
from ledger.log.projector import project
from ledger.training.run_keys import TRAIN
from producers.commands.common import (
    json_option,
    open_ledger,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.flops import whole_number
from producers.commands.given import read_limited
from producers.recording.stated import HostedFacts, Tenancy, hosted_event

TERMS_BYTES_MAX: Final = 16 * 1024 * 1024
"""Longest terms; evidence is read whole."""

DATASET_BYTES_MAX: Final = 1024 * 1024 * 1024
"""Longest training file that is hashed."""


@click.group("hosted")
def hosted_group() -> None:
    """Record trainings that a vendor made in its own house."""


@hosted_group.command("record")
@click.option("--model-name", required=True, help="What the result is called here.")
@click.option("--vendor", required=True, help="The vendor's name.")
@click.option(
    "--base", "vendor_base", required=True, help="The vendor's name of what was tuned."
)
@click.option("--vendor-model", required=True, help="The vendor's id of the result.")
@click.option(
    "--terms",
    type=click.Path(path_type=Path),
    required=True,
    help="File with the terms in force; it is kept as evidence.",
)
@click.option(
    "--objective",
    type=click.Choice(
        ["pretraining", "continued_pretraining", "sft", "preference", "reinforcement"]
    ),
    default="sft",
    show_default=True,
    help="What was learnt.",
)
@click.option(
    "--technique",
    type=click.Choice(["full", "lora", "qlora"]),
    default=None,
    help="Which weights changed, if the vendor says.",
)
@click.option(
    "--tokens",
    "tokens_billed",
    callback=whole_number,
    required=True,
    help="Tokens on the bill; 2e9 is fine.",
)
@click.option(
    "--parameters",
    callback=whole_number,
    help="Weights of the base, to estimate the compute as 6 N D.",
)
@click.option(
    "--flop", callback=whole_number, help="Compute as the vendor states it, FLOP."
)
@click.option("--base-licence", default="", help="SPDX expression of the base.")
@click.option(
    "--base-flop", callback=whole_number, help="Training compute of the base, FLOP."
)
@click.option(
    "--base-flop-source",
    type=click.Choice(["declared", "estimated"]),
    default="declared",
    show_default=True,
    help="Where that comes from.",
)
@click.option(
    "--systemic-risk",
    "base_systemic_risk",
    is_flag=True,
    help="The base is a model with systemic risk.",
)
@click.option("--region", default="", help="Where the vendor computed.")
@click.option(
    "--tenancy",
    type=click.Choice(get_args(Tenancy)),
    default="not_stated",
    show_default=True,
    help="Whether others' jobs shared the machines.",
)
@click.option(
    "--dataset",
    type=click.Path(path_type=Path),
    help="Training file that was handed over; only its digest is recorded.",
)
@workspace_option
def record_command(
    terms: Path, dataset: Path | None, technique: Any, folder: Path, **stated: Any
) -> None:
    """Record a fine-tune that gave no weights; its compute is graded estimated."""
    content = read_limited(terms, TERMS_BYTES_MAX)
    handed = None if dataset is None else read_limited(dataset, DATASET_BYTES_MAX)
    facts = HostedFacts(technique=technique or "", **stated)
    with open_workspace(folder) as workspace:
        event = hosted_event(
            facts,
            hosted_id=workspace.random_bytes(16).hex(),
            terms=content,
            dataset=handed,
        )
        workspace.evidence.put(content)
        workspace.ledger.append([event], stream=TRAIN)
    figure = f"{event.flop} FLOP ({event.estimate})" if event.flop else "not known"
    say(f"compute estimated, not measured: {figure}")
    click.echo(event.hosted_id)


@hosted_group.command("list")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@workspace_option
@json_option
def list_command(path: Path | None, folder: Path, *, as_json: bool) -> None:
    """List them, from a workspace or a ledger at PATH."""
    with open_ledger(path or folder) as ledger:
        facts = compute_facts(project(ledger)["compute"])
    if as_json:
        print_json({"schema": "tuneledger.hosted/1", "hosted": facts["hosted"]})
        return
    only: dict[str, Any] = {**facts, "trainings": [], "attested": []}
    for line in compute_lines(only):
        click.echo(line)


COMMANDS = (hosted_group,)
