"""Scan again what records were copied from, before a run: rescan."""

import dataclasses
import sys
from pathlib import Path

import click

from producers import rescanning
from producers.commands.common import (
    EXIT_POLICY,
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.rescan_output import (
    NAMED_MAX,
    SHOWN_MAX,
    RescanReport,
    rescan_steps,
    show_rescan,
)
from producers.commands.scan_documents import rescan_document
from producers.commands.scan_options import (
    fresh_option,
    scan_options,
    workers_option,
)
from producers.commands.scan_output import refuse_crashes
from producers.commands.taken_out import name_records
from producers.rights import carrying_port, review_port
from producers.scanning import ScanOptions


@click.command()
@click.option(
    "--keep-unreadable",
    is_flag=True,
    help="Keep records whose site could not be read and said nothing else.",
)
@fresh_option
@workers_option
@scan_options
@workspace_option
@json_option
def rescan(
    folder: Path,
    options: ScanOptions,
    workers: int,
    *,
    keep_unreadable: bool,
    fresh: bool,
    as_json: bool,
) -> None:
    """Scan anew what records were copied from; quarantine what is not allowed now.

    Names the records, and the shards, runs and models that saw them. Exit code 3 where
    a record was quarantined, or rests on a site that could not be read, or on a URL
    that could not be looked at: those are printed. Policy files that were read within
    the last day are not asked for again, unless --fresh.
    """
    report = RescanReport(as_json=as_json)
    with open_workspace(folder) as workspace:
        decided_on, carrying = review_port(workspace), carrying_port(workspace)
        found = rescanning.rescan(
            workspace,
            options=dataclasses.replace(options, workers=workers, is_fresh=fresh),
            report=lambda one: report.take(one, decided_on(one), carrying(one)),
            progress=say,
            keep_unreadable=keep_unreadable,
        )
        most = NAMED_MAX if as_json else SHOWN_MAX
        taken_out = name_records(workspace, found.quarantined, most=most)
    if as_json:
        print_json(rescan_document(found, report.not_allowed, taken_out))
    else:
        show_rescan(found, taken_out, cleared=report.cleared)
    for step in rescan_steps(found):
        say(step)
    refuse_crashes(found.verdicts)
    if not found.is_clear:
        sys.exit(EXIT_POLICY)
