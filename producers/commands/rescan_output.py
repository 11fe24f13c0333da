"""What a rescan prints."""

from typing import TYPE_CHECKING, Any, Final

import click

from ledger.projections.affected import Affected
from producers.commands.scan_documents import verdict_document
from producers.commands.scan_output import result_line
from producers.commands.taken_out import TakenOut
from producers.commands.words import counted, plain
from producers.rescanning import Rescanned
from producers.rights import Decided

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult

SHOWN_MAX: Final = 20
"""Most records that are named on a terminal."""

NAMED_MAX: Final = 10_000
"""Most records, and most URLs that are not allowed, in one document."""


class RescanReport:
    """Takes every scan of a rescan: prints it, or keeps it for the document.

    Attributes:
        not_allowed: the first URLs that are not allowed, as plain values.
        cleared: how many URLs a person has cleared.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.not_allowed: list[dict[str, Any]] = []
        self.cleared = 0
        self._as_json = as_json

    def take(
        self, result: "ScanResult", review: Decided | None, licences: tuple[str, ...]
    ) -> None:
        """Take one scan; an allowed one is not worth a line.

        Args:
            result: what it found.
            review: what a person decided on it.
            licences: those by which records of its URL stay.
        """
        if result.verdict == "allowed":
            return
        if review is not None and review.outcome == "cleared":
            self.cleared += 1
        if not self._as_json:
            licensed = "".join(f" [licence {one}]" for one in licences)
            click.echo(f"{result_line(result, review)}{licensed}")
        elif len(self.not_allowed) < NAMED_MAX:
            document = verdict_document(result, review)
            self.not_allowed.append({**document, "licences": list(licences)})


def show_rescan(found: Rescanned, taken_out: list[TakenOut], *, cleared: int) -> None:
    """The outcome as lines."""
    counts = ", ".join(
        f"{count} {name}" for name, count in sorted(found.verdicts.items()) if count
    )
    click.echo(f"urls         {counts or 'none'}")
    if cleared:
        click.echo(f"cleared      {counted(cleared, 'URL')} by a person")
    show_taken_out(len(found.quarantined), taken_out)
    if found.kept:
        records = counted(found.kept, "record")
        click.echo(f"kept         {records} whose site could not be read")
    if found.failed:
        records = counted(found.kept_failed, "record")
        click.echo(f"kept         {records} whose URL failed:")
        for url in found.failed:
            click.echo(f"failed       {url}")
    show_affected(found.affected)


def show_taken_out(count: int, taken_out: list[TakenOut]) -> None:
    """How many records were taken out, and the names of the first."""
    click.echo(f"quarantined  {counted(count, 'record')}")
    for one in taken_out:
        click.echo(f"  {plain(one.id)}  {plain(one.url)}")
    if left := count - len(taken_out):
        click.echo(f"  and {left} more, not named here")


def show_affected(saw: Affected) -> None:
    """What saw the records that were taken out, as lines."""
    for name, values in (
        ("shards", [str(number) for _, number in saw.shards]),
        ("runs", saw.runs),
        ("models", saw.models),
        ("weights", saw.weights),
        ("served", saw.served),
    ):
        if values:
            click.echo(f"{name:<12} {' '.join(values)}")


def rescan_steps(found: Rescanned) -> list[str]:
    """What to do next; empty where nothing is left to do."""
    steps = []
    if found.quarantined:
        step = "next: the next `tuneledger train` leaves out what was quarantined"
        if found.affected.served:
            step += "; weights in service saw it: decide whether they may stay"
        steps.append(step)
    if found.kept:
        steps.append(
            "next: rescan again in an hour; kept records rest on what could not be read"
        )
    if found.failed:
        steps.append("next: rescan again; records of URLs that failed are unchecked")
    return steps
