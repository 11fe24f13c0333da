"""Commands about shards: what they hold, and what another cut would cost."""

import contextlib
from pathlib import Path
from typing import cast

import click
from click.core import ParameterSource

from ledger.disk.places import vault_beside
from ledger.errors import InputError
from ledger.events.ingest import Hazard
from ledger.export.status import shards_document, shards_text
from ledger.log.projector import project
from ledger.ports import UnitRecord
from ledger.vault.vault import Vault
from ledger.workspace.settings import load_settings
from producers.commands.common import (
    json_option,
    open_ledger,
    print_json,
    workspace_option,
)
from producers.commands.reading import at_option, moment_of
from producers.commands.words import counted
from producers.placement.place import SHARDS_MAX, SLICES_MAX
from producers.placement.plan import plan
from producers.placement.plan_document import plan_document, plan_text
from producers.placement.units import Near

BATCH_MAX = 1_000_000


@click.group(invoke_without_command=True)
@workspace_option
@at_option
@json_option
@click.pass_context
def shards(
    context: click.Context, folder: Path, at: str | None, *, as_json: bool
) -> None:
    """Show every shard: its records, its weights and what waits for a retrain."""
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    with open_ledger(folder) as ledger:
        moment = moment_of(ledger, at)
        states = project(ledger, size=None if at is None else moment.size)
        document = shards_document(ledger, states, moment=moment)
    if as_json:
        print_json(document)
    else:
        click.echo(shards_text(document))


def _refuse_options(context: click.Context) -> None:
    """An option before the subcommand would be dropped without a word."""
    for parameter in context.params:
        if context.get_parameter_source(parameter) is ParameterSource.COMMANDLINE:
            message = f"shards: expected options after {context.invoked_subcommand}"
            raise click.UsageError(message)


@shards.command("plan")
@workspace_option
@click.option(
    "--shards",
    "shard_counts",
    type=click.IntRange(1, SHARDS_MAX),
    multiple=True,
    help="How many shards; the settings' by default. May be given several times.",
)
@click.option(
    "--slices",
    "slice_counts",
    type=click.IntRange(1, SLICES_MAX),
    multiple=True,
    help="How many slices in each; likewise. Every combination is planned.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, BATCH_MAX),
    default=10,
    show_default=True,
    help="How many erasures are retrained together in the second figure.",
)
@json_option
def plan_command(
    folder: Path,
    shard_counts: tuple[int, ...],
    slice_counts: tuple[int, ...],
    batch: int,
    *,
    as_json: bool,
) -> None:
    """Show what shards and slices would hold, and what an erasure would cost.

    As if all records were placed now on an empty map; nothing is written. A map that
    was declared stays as it is.
    """
    settings = load_settings(folder)
    records, near, key = _records(folder)
    documents = [
        plan_document(
            plan(
                records,
                shards=count,
                slices=slices,
                load_per_mille=settings.load_per_mille,
                key=key,
                near=near,
            ),
            batch=batch,
        )
        for count in shard_counts or (settings.shards,)
        for slices in slice_counts or (settings.slices,)
    ]
    if as_json:
        print_json({"records": len(records), "plans": documents})
        return
    click.echo(f"{counted(len(records), 'record')}; bytes stand for tokens")
    for document in documents:
        click.echo(plan_text(document))


def _records(folder: Path) -> tuple[list[UnitRecord], Near, bytes]:
    """The accepted records that may be trained on, what is near, and the secret.

    Raises:
        InputError: there is no vault.
        NotALedgerError: `folder` is no workspace.
    """
    path = vault_beside(folder)
    if not path.exists():
        message = f"shards plan: expected the vault {path.name}, found none"
        raise InputError(message)
    with contextlib.closing(Vault(path, is_writable=False)) as vault:
        records = [
            UnitRecord(
                record_id=record.record_id,
                subjects=record.subjects,
                size=max(record.bytes, 1),
                hazard=cast("Hazard", record.hazard),
                duplicates=record.digest.hex(),
            )
            for record in vault.records("pending = 0 AND quarantined = 0")
        ]
        near = {
            record_id: tuple(map(str, numbers))
            for record_id, numbers in vault.near.clusters().items()
        }
        return records, near, vault.secret("placement")


COMMANDS = (shards,)
