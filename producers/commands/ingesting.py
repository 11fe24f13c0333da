"""`tuneledger ingest`: a file of records in, a decision on each out."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, get_args

import click

from ledger.events.policy import Jurisdiction
from producers.commands.common import (
    EXIT_POLICY,
    EXIT_WAITING,
    json_option,
    jurisdiction_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.next_steps import ingest_steps
from producers.commands.scan_options import scan_options
from producers.commands.words import plain
from producers.ingest import IngestReport
from producers.ingest.dead_letters import DeadLetters, stop_at_first
from producers.ingest.sources import (
    SourceFormat,
    load_mapping,
    open_source,
)
from producers.ingest.world import Refuse
from producers.ingesting import ingest_source
from producers.previewing import Preview, preview
from producers.rights import shunned_port
from producers.scanning import ScanOptions

EXIT_INCOMPLETE: Final = 5

mapping_option = click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(path_type=Path),
    help="TOML file that says which column is which field.",
)
format_option = click.option(
    "--format",
    "kind",
    type=click.Choice(get_args(SourceFormat)),
    help="How records are stored; the name of FILE says by default.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@workspace_option
@click.option("--dataset", default="", help="Name of the classified dataset it is.")
@mapping_option
@format_option
@click.option(
    "--resume", is_flag=True, help="Go on with an ingest of FILE that was cut off."
)
@click.option("--strict", is_flag=True, help="Stop at the first line or row amiss.")
@click.option(
    "--dead-letters",
    "letters",
    type=click.Path(path_type=Path),
    help="Where unreadable lines go; WORKSPACE.dead-letters.jsonl by default.",
)
@click.option("--dry-run", is_flag=True, help="Decide and print; write nothing.")
@json_option
@jurisdiction_option
@scan_options
def ingest(
    file: Path,
    folder: Path,
    options: ScanOptions,
    dataset: str,
    mapping_file: Path | None,
    kind: SourceFormat | None,
    letters: Path | None,
    *,
    resume: bool,
    strict: bool,
    dry_run: bool,
    as_json: bool,
    jurisdictions: tuple[Jurisdiction, ...],
) -> None:
    """Decide on every record of FILE, and keep what is accepted.

    FILE is JSON Lines with {"id", "text", "url", "licence", "subjects": [...]} on each
    line, Parquet, or a saved Hugging Face dataset (docs/ingest.md). Exit code 5 where
    something could not be read, 4 where records wait for a person, 3 where all were
    blocked.
    """
    mapping = None if mapping_file is None else load_mapping(mapping_file)
    with open_source(file, given=kind, mapping=mapping) as source:
        if dry_run:
            found = preview(
                folder,
                source,
                shunned=shunned_port(options),
                dataset=dataset,
                jurisdictions=jurisdictions,
            )
            _dry_run(found, as_json=as_json)
            return
        with (
            open_workspace(folder) as workspace,
            _refuser(letters, folder, strict=strict) as refuse,
        ):
            report = ingest_source(
                workspace,
                source,
                options=options,
                progress=say,
                name="-" if str(file) == "-" else str(file.resolve()),
                dataset=dataset,
                mapping=mapping,
                refuse=refuse,
                resume=resume,
                jurisdictions=jurisdictions,
            )
    if as_json:
        print_json(_document(report))
    else:
        _show(report)
    sys.exit(_exit_code(report))


@contextlib.contextmanager
def _refuser(letters: Path | None, folder: Path, *, strict: bool) -> Iterator[Refuse]:
    """What becomes of lines that are no record."""
    if strict:
        yield stop_at_first
        return
    beside = folder.resolve()
    path = letters or beside.with_name(f"{beside.name}.dead-letters.jsonl")
    with DeadLetters(path, workspace=folder, progress=say) as dead:
        yield dead.put


def _show(report: IngestReport) -> None:
    for decision, count in sorted(report.decisions.items()):
        click.echo(f"{decision:<9} {count}")
    for reason, count in sorted(report.reasons.items()):
        click.echo(f"  {reason:<16} {count}")
    for name, count in (("kept", report.skipped), ("unreadable", report.unreadable)):
        if count:
            click.echo(f"{name:<9} {count}")
    if sum(report.reasons.values()) > sum(report.decisions.values()):
        say("a record may have several reasons")
    for step in ingest_steps(report.decisions, report.reasons):
        say(step)


def _document(report: IngestReport) -> dict[str, Any]:
    return {
        "schema": "tuneledger.ingest/1",
        "decisions": dict(sorted(report.decisions.items())),
        "reasons": dict(sorted(report.reasons.items())),
        "scanned": report.scanned,
        "kept": report.skipped,
        "unreadable": report.unreadable,
    }


def _exit_code(report: IngestReport) -> int:
    if report.unreadable:
        return EXIT_INCOMPLETE
    if report.decisions.get("pending"):
        return EXIT_WAITING
    is_blocked = report.decisions and not report.decisions.get("accepted")
    return EXIT_POLICY if is_blocked else 0


def _dry_run(found: Iterable[Preview], *, as_json: bool) -> None:
    """Print a line for each record, and the counts."""
    counts: Counter[str] = Counter()
    shown: list[dict[str, Any]] = []
    for one in found:
        counts[one.outcome] += 1
        if as_json:
            shown.append(_preview_document(one))
        else:
            click.echo(_preview_line(one))
    if as_json:
        counted = dict(sorted(counts.items()))
        print_json(
            {"schema": "tuneledger.dry-run/1", "counts": counted, "records": shown}
        )
    else:
        for outcome, count in sorted(counts.items()):
            click.echo(f"{outcome:<10} {count}")
    if counts["unreadable"]:
        sys.exit(EXIT_INCOMPLETE)


def _preview_line(one: Preview) -> str:
    """A record's id is told on the terminal only."""
    name = f" ({plain(one.name)})" if one.name else ""
    why = ", ".join(one.reasons)
    detail = f": {one.detail}" if one.detail else ""
    rule = f" by {one.rule}" if one.rule else ""
    return f"{one.place}{name}: {one.outcome}{rule} {why}{detail}".rstrip()


def _preview_document(one: Preview) -> dict[str, Any]:
    return {
        "place": one.place,
        "id": one.name,
        "outcome": one.outcome,
        "rule": one.rule,
        "reasons": list(one.reasons),
        "detail": one.detail,
    }


COMMANDS = (ingest,)
