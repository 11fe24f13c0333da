"""Compare the files of records with the ledger: records."""

import sys
from collections import Counter
from pathlib import Path
from typing import Final

import click

from ledger.records.record_check import FAULTS, Checked, check_records
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)

EXIT_FAULTS: Final = 1
LISTED_MAX: Final = 100_000
"""Most records that the JSON document lists; all are counted."""


@click.command()
@workspace_option
@json_option
def records(folder: Path, *, as_json: bool) -> None:
    """Compare the file of every accepted record with the ledger.

    Lists what an event erased, and what is not as it should be. Exit code 1 where a
    file is missing, altered, left after its erasure, or of a record that nobody
    accepted.
    """
    counts: Counter[str] = Counter()
    listed: list[Checked] = []
    with open_workspace(folder) as workspace:
        for record in check_records(workspace):
            counts[record.standing] += 1
            if record.standing == "PRESENT":
                continue
            if not as_json:
                text = f"{record.record_id}  {record.standing} {record.event_id}"
                click.echo(text.rstrip())
            elif len(listed) < LISTED_MAX:
                listed.append(record)
    if as_json:
        print_json(
            {
                "schema": "tuneledger.records/1",
                "counts": dict(sorted(counts.items())),
                "records": [one._asdict() for one in listed],
            }
        )
    else:
        found = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        say(found or "no record was accepted")
    if any(counts[name] for name in FAULTS):
        sys.exit(EXIT_FAULTS)


COMMANDS = (records,)
