"""Weights for others: models export."""

from pathlib import Path

import click

from producers.commands.common import open_workspace, say, workspace_option
from producers.exporting import export_weights


@click.group("models")
def models_group() -> None:
    """Hand out what runs made."""


@models_group.command()
@click.argument("run_id")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new folder."
)
@workspace_option
def export(run_id: str, out: Path, folder: Path) -> None:
    """Write the adapters of the finished run RUN_ID as safetensors files, in clear.

    In the workspace they are encrypted. A copy is out of reach of an erasure: keep a
    list of whom you give it to.
    """
    with open_workspace(folder) as workspace:
        paths = export_weights(workspace, run_id, out)
    for path in paths:
        click.echo(str(path))
    say("these files are not encrypted, and no erasure reaches them")


COMMANDS = (models_group,)
