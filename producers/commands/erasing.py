"""Forgetting people: erase."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args

import click

from ledger.erasing.condemned import condemned_line
from ledger.erasing.preview import preview
from ledger.errors import InputError
from ledger.events.erasure_request import Ground
from ledger.export.erasure_status import erasure_document, erasure_text
from ledger.vault.papers import Papers
from ledger.workspace.workspace import Workspace
from producers import wiring
from producers.commands.common import (
    EXIT_WAITING,
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.given import read_limited
from producers.erasing.eraser import Erased

LIST_BYTES_MAX: Final = 1024 * 1024
"""Longest file of subjects."""

ground_option = click.option(
    "--ground",
    type=click.Choice(get_args(Ground)),
    default="not_stated",
    show_default=True,
    help="GDPR Article 17(1).",
)
request_option = click.option(
    "--request",
    "reference",
    default="",
    metavar="ID",
    help="Your own reference to the request; it stays in the vault.",
)
received_option = click.option(
    "--received",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day (UTC) on which the request came; today by default.",
)
models_option = click.option(
    "--delete-models",
    is_flag=True,
    help="Delete models without shards that saw the person.",
)


@click.command()
@click.argument("subject", required=False)
@workspace_option
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path),
    help="A file with one subject a line: all in one erasure.",
)
@ground_option
@request_option
@received_option
@click.option("--what-if", is_flag=True, help="Say what it would touch; write nothing.")
@click.option("--no-retrain", is_flag=True, help="Destroy now, retrain later.")
@click.option(
    "--no-prove", is_flag=True, help="Leave out the clean-process comparison."
)
@models_option
@json_option
def erase(
    subject: str | None,
    folder: Path,
    file: Path | None,
    reference: str,
    received: datetime | None,
    *,
    ground: Ground,
    what_if: bool,
    no_retrain: bool,
    no_prove: bool,
    delete_models: bool,
    as_json: bool,
) -> None:
    """Erase a data SUBJECT, by local alias or identifier, and retrain its shard.

    Exit code 4 while steps are outstanding.
    """
    subjects = given_subjects(subject, file)
    if what_if:
        print_preview(preview(folder, subjects), as_json=as_json)
        return
    with open_workspace(folder) as workspace:
        erased = wiring.erase(
            workspace,
            subjects,
            ground=ground,
            retrain=not no_retrain,
            prove=not no_prove,
            delete_models=delete_models,
            received_at_ms=received_ms(received, workspace.clock_ms()),
            reference=reference,
            progress=say,
        )
        documents = [erased_document(workspace, one) for one in erased]
    print_erasures(documents, as_json=as_json)
    if not all(one.certificate for one in erased):
        sys.exit(EXIT_WAITING)


def given_subjects(subject: str | None, file: Path | None) -> list[str]:
    """The subject that was named, or those of a file.

    Raises:
        InputError: both, neither, or a file without any.
    """
    if (subject is None) == (file is None):
        message = "expected a SUBJECT, or --from FILE with one a line"
        raise InputError(message)
    if file is None:
        return [str(subject)]
    try:
        lines = read_limited(file, LIST_BYTES_MAX).decode().splitlines()
    except UnicodeDecodeError:
        message = f"{file}: expected UTF-8"
        raise InputError(message) from None
    subjects = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not subjects:
        message = f"{file}: expected one subject a line, found none"
        raise InputError(message)
    return subjects


def received_ms(day: datetime | None, now_ms: int) -> int | None:
    """The start of a day in UTC, Unix milliseconds; None for none.

    Raises:
        InputError: it is still to come.
    """
    if day is None:
        return None
    at_ms = int(day.replace(tzinfo=UTC).timestamp()) * 1000
    if not 0 <= at_ms <= now_ms:
        message = "--received: expected a day that has begun"
        raise InputError(message)
    return at_ms


def erased_document(workspace: Workspace, one: Erased) -> dict[str, Any]:
    """An erasure as plain values, with the references to it."""
    document = erasure_document(
        one.erasure_id,
        one.erasure,
        certificate=one.certificate,
        now_ms=workspace.clock_ms(),
    )
    document["requests"] = Papers(workspace.vault).references(one.erasure_id)
    return document


def print_erasures(documents: list[dict[str, Any]], *, as_json: bool) -> None:
    """One erasure by itself; several as a list."""
    if not as_json:
        click.echo("\n".join(map(erasure_text, documents)))
    elif len(documents) == 1:
        print_json(documents[0])
    else:
        print_json({"schema": "tuneledger.erasures/1", "erasures": documents})


def print_preview(document: dict[str, Any], *, as_json: bool) -> None:
    """What an erasure would touch."""
    if as_json:
        print_json(document)
        return
    click.echo(f"records    {len(document['records'])}")
    for hit in document["shards"]:
        first, last = hit["slice_first"], hit["slice_last"]
        click.echo(f"shard {hit['shard']:<4} slices {first} to {last} to train again")
    for run in document["runs"]:
        click.echo(f"run        {run['run_id']}  model {run['model']}")
    for whole in document["whole"]:
        if whole["tokens"]:
            click.echo(
                f"model      {whole['weights_sha256'][:16]} of run {whole['run_id']}: "
                f"whole model, full retrain, {whole['tokens']} tokens"
            )
    for one in document["weights"]:
        click.echo(f"delete     {condemned_line(one)}")
    for run in document["open_runs"]:
        click.echo(f"open       run {run} has no end on record: what it saves goes too")
    for name in document["hosted_not_known"]:
        click.echo(f"hosted     {name}: not known whether it saw them; ask the vendor")
    full = document["tokens_full"]
    click.echo(f"tokens     {document['tokens_expected']} of {full} for all shards")


COMMANDS = (erase,)
