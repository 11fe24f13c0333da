"""The vault's keys: vault show, vault rotate."""

from pathlib import Path
from typing import Any

import click

from ledger.workspace.workspace import Workspace
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    workspace_option,
)


@click.group("vault")
def vault_group() -> None:
    """Look at what the vault's keys are wrapped with, and wrap them anew."""


@vault_group.command()
@workspace_option
@json_option
def show(folder: Path, *, as_json: bool) -> None:
    """Print the vault's epoch and the store that keeps its key."""
    with open_workspace(folder) as workspace:
        document = _document(workspace)
    if as_json:
        print_json(document)
        return
    click.echo(f"epoch      {document['epoch'] or 'none yet'}")
    click.echo(f"key store  {document['key_store']}")
    if document["key_store"] != document["key_store_wanted"]:
        click.echo(
            f"wanted     {document['key_store_wanted']}, by tuneledger.toml: "
            "`tuneledger vault rotate` moves the key there"
        )


@vault_group.command()
@workspace_option
@json_option
def rotate(folder: Path, *, as_json: bool) -> None:
    """Wrap every key of the vault anew, and destroy the key that wrapped them.

    From then on no older copy of the vault can be opened, so back it up again, with
    keys/. The new key goes where tuneledger.toml says (key_store).
    """
    with open_workspace(folder) as workspace:
        workspace.vault.rotate()
        document = _document(workspace)
    if as_json:
        print_json(document)
        return
    click.echo(f"epoch      {document['epoch']}")
    click.echo(f"key store  {document['key_store']}")
    click.echo("older copies of the vault cannot be opened any more: back it up again")


def _document(workspace: Workspace) -> dict[str, Any]:
    epoch = workspace.vault.epoch
    return {
        "schema": "tuneledger.vault/1",
        "epoch": epoch.number if epoch else 0,
        "key_store": workspace.vault.key_store,
        "key_store_wanted": workspace.settings.key_store,
    }


COMMANDS = (vault_group,)
