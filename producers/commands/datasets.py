"""`tuneledger dataset`: what the keeper of a dataset says of it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, get_args

import click
import msgspec

from ledger.events.ingest import Classification, ConsentReview, PersonalData
from ledger.vault.datasets import REVIEW_BYTES_MAX, Datasets
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    workspace_option,
)
from producers.commands.ingesting import mapping_option
from producers.commands.words import plain
from producers.datasets import Listed, Stated, classify, listed, shown
from producers.ingest.sources import SourceFormat, load_mapping


@click.group()
def dataset() -> None:
    """Classify datasets; their names stay in the vault."""


@dataset.command("classify")
@click.argument("name")
@click.option(
    "--classification",
    type=click.Choice(get_args(Classification)),
    required=True,
    help="Who may see it.",
)
@click.option(
    "--personal-data",
    type=click.Choice(get_args(PersonalData)),
    required=True,
    help="What it holds of persons.",
)
@click.option(
    "--consent-review",
    type=click.Choice(get_args(ConsentReview)),
    required=True,
    help="While it is pending, so are the dataset's records.",
)
@click.option(
    "--review-document",
    type=click.File("rb"),
    help="The review's text; it stays in the vault.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(get_args(SourceFormat)),
    default="jsonl",
    show_default=True,
    help="How its records are stored.",
)
@mapping_option
@workspace_option
def classify_command(
    name: str,
    folder: Path,
    classification: Classification,
    personal_data: PersonalData,
    consent_review: ConsentReview,
    review_document: BinaryIO | None,
    kind: SourceFormat,
    mapping_file: Path | None,
) -> None:
    """Register the dataset NAME, or classify it anew; print its id."""
    document = b""
    if review_document is not None:
        document = review_document.read(REVIEW_BYTES_MAX + 1)
    stated = Stated(
        classification=classification,
        personal_data=personal_data,
        consent_review=consent_review,
        review_document=document,
    )
    mapping = None if mapping_file is None else load_mapping(mapping_file)
    with open_workspace(folder) as workspace:
        event = classify(workspace, name, stated, kind=kind, mapping=mapping)
    click.echo(event.dataset_id)


@dataset.command("list")
@json_option
@workspace_option
def list_command(folder: Path, *, as_json: bool) -> None:
    """List every dataset, with the counts of its newest reading."""
    with open_workspace(folder) as workspace:
        found = listed(workspace)
    if as_json:
        print_json([_document(one) for one in found])
        return
    for one in found:
        click.echo(_line(one))


@dataset.command("show")
@click.argument("name")
@json_option
@workspace_option
def show_command(name: str, folder: Path, *, as_json: bool) -> None:
    """Show the dataset NAME: its newest classification, and its newest reading."""
    with open_workspace(folder) as workspace:
        one = shown(workspace, name)
    if as_json:
        print_json(_document(one))
        return
    said = msgspec.to_builtins(one.classified)
    read = {} if one.read is None else msgspec.to_builtins(one.read)
    for field, value in {"name": plain(one.name), **said, **read}.items():
        if field not in {"type", "salt"}:
            click.echo(f"{field:<18} {value if value != '' else '-'}")


@dataset.command("rename")
@click.argument("name")
@click.argument("new")
@workspace_option
def rename_command(name: str, new: str, folder: Path) -> None:
    """Call the dataset NAME by a NEW name; the ledger has neither."""
    with open_workspace(folder) as workspace:
        Datasets(workspace.vault).rename(name, new)
    click.echo("renamed; older copies of the vault have the old name")


def _line(one: Listed) -> str:
    said = one.classified
    counts = "not read"
    if one.read is not None:
        counts = (
            f"{one.read.accepted} accepted, {one.read.pending} pending, "
            f"{one.read.blocked} blocked, {one.read.unreadable} unreadable"
        )
    return (
        f"{said.dataset_id} {said.classification} personal_data={said.personal_data} "
        f"consent_review={said.consent_review} {plain(one.name)}: {counts}"
    )


def _document(one: Listed) -> dict[str, Any]:
    found: dict[str, Any] = asdict(one)
    found["classified"] = msgspec.to_builtins(one.classified)
    found["read"] = msgspec.to_builtins(one.read)
    return found


COMMANDS = (dataset,)
