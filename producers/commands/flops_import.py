"""Figures of others: flops import."""

from pathlib import Path

import click

from ledger.errors import ConflictError, InputError
from ledger.projections.compute import ComputeState
from ledger.training.run_keys import TRAIN
from producers.commands.common import open_workspace, say, workspace_option
from producers.commands.given import read_limited
from producers.commands.ids import whole_run_id
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
        compute: ComputeState = workspace.states()["compute"]
        run_id = whole_run_id(workspace.ledger, run_id)
        if run_id and run_id not in compute.runs:
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
        _check_new(compute, event.file_sha256)
        workspace.evidence.put(content)
        workspace.ledger.append([event], stream=TRAIN)
    say(f"attested by {event.source}, not measured: {event.flop} FLOP")
    click.echo(event.attestation_id)


def _check_new(compute: ComputeState, file_sha256: str) -> None:
    """Refuse a file that is on record: its figure would stand there twice.

    Raises:
        ConflictError: the message names the event that holds it.
    """
    for one in compute.attested:
        if one.file_sha256 == file_sha256:
            message = (
                f"file {file_sha256[:16]} is on record already: event {one.event_id}, "
                f"model {one.model_name}; see `status`"
            )
            raise ConflictError(message)
