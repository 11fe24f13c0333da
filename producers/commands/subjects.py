"""People: what is known of one, and who may come back."""

import json
from pathlib import Path

import click

from ledger.disk.files import write_once
from ledger.erasing.access import subject_document
from ledger.erasing.preview import find_subject
from ledger.erasing.readmission import readmit as readmit_person
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.words import plain


@click.group()
def subject() -> None:
    """Answer a data subject: access (GDPR Article 15), and coming back."""


@subject.command()
@click.argument("subject", metavar="SUBJECT")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A new file, mode 0600, instead of the terminal.",
)
@workspace_option
@json_option
def show(subject: str, folder: Path, out: Path | None, *, as_json: bool) -> None:
    """Show everything that is known of a SUBJECT, by local alias or identifier.

    The texts are in clear: give them to that person and nobody else.
    """
    with open_workspace(folder) as workspace:
        found = find_subject(workspace.vault, subject)
        document = subject_document(workspace, found)
    if out is not None:
        write_once(out, json.dumps(document, indent=2).encode() + b"\n")
        say("the file holds personal data in clear; delete it once it is sent")
        click.echo(str(out))
    elif as_json:
        print_json(document)
    else:
        for record in document["records"]:
            place = f"shard {record['shard']}, slice {record['slice']}"
            click.echo(f"record     {record['record_id']}  {place}")
            click.echo(f"           {plain(record['text'])}")
        for run in document["runs"]:
            click.echo(f"run        {run['run_id']}  model {plain(run['model'])}")
        for one in document["recipients"]:
            click.echo(f"recipient  {one['name']}  {one['handed']}")
        if document["erasure"]:
            click.echo(f"erasure    {document['erasure']}")


@subject.command()
@click.argument("identifier", metavar="IDENTIFIER")
@workspace_option
def readmit(identifier: str, folder: Path) -> None:
    """Let an erased person come back, by IDENTIFIER, who consented anew.

    What was erased stays erased; the ledger is not told.
    """
    with open_workspace(folder) as workspace:
        erasure_id = readmit_person(workspace, identifier)
    click.echo(f"erasure {erasure_id} fences this person no longer")


COMMANDS = (subject,)
