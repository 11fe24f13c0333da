"""Figures of others: flops import."""

from pathlib import Path

import click

from ledger.errors import InputError
from ledger.training.run_keys import TRAIN
from producers.commands.common import open_workspace, say, workspace_option
from producers.commands.given import read_limited
from producers.metering.integrations.attested import BYTES_MAX
from producers.recording.stated import attested_event


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model-name", required=True, help="The model that resulted.")
@click.option(
    "--run",
    "run_id",
    default="",
    metavar="RUN",
    help="The run of this ledger that the file is about.",
)
@workspace_option
def import_command(file: Path, model_name: str, run_id: str, folder: Path) -> None:
    """Record what a FILE states of a training's compute, and keep the file.

    FILE is a trainer_state.json of transformers or a flops_meter.json of SageMaker.
    What it states is attested: it stands beside what was measured, in no sum.
    """
    content = read_limited(file, BYTES_MAX)
    with open_workspace(folder) as workspace:
        if run_id and run_id not in workspace.states()["compute"].runs:
            message = (
                f"--run: expected a run of this ledger (see status), found {run_id}"
            )
            raise InputError(message)
        event = attested_event(
            content,
            attestation_id=workspace.random_bytes(16).hex(),
            model_name=model_name,
            run_id=run_id,
        )
        workspace.evidence.put(content)
        workspace.ledger.append([event], stream=TRAIN)
    say(f"attested by {event.source}, not measured: {event.flop} FLOP")
    click.echo(event.attestation_id)
