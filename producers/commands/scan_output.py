"""What scans and rescans print."""

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from producers.commands.evidence import channel_line
from producers.optout.vocabulary.bases import bases
from producers.rescanning import Rescanned

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult


def show_result(result: "ScanResult") -> None:
    """One line a URL."""
    reasons = " ".join(result.reasons)
    click.echo(f"{result.verdict:<9} {result.url} {reasons}".rstrip())


def show_refused(result: "ScanResult") -> None:
    """One line for a URL that is not allowed."""
    if result.verdict != "allowed":
        show_result(result)


def show_details(result: "ScanResult") -> None:
    """A URL's verdict by usage and by law, and what every channel said."""
    show_result(result)
    click.echo(f"  scan {result.scan_id}  access {result.access}")
    usages = "  ".join(f"{usage} {verdict}" for usage, verdict in result.usages)
    click.echo(f"  usages: {usages}")
    click.echo(
        f"  by the specifications alone: {result.spec_verdict}; "
        f"by RFC 9309 alone: {result.robots_rfc9309}"
    )
    for basis in bases(result.verdict, result.access):
        click.echo(f"  basis {basis.basis}: {basis.standing}; {basis.why}")
    for yes, no in result.contradictions:
        click.echo(f"  contradiction: {yes} allows, {no} does not")
    for reading in result.readings:
        click.echo(f"  {channel_line(reading.read)}")


def rescan_document(found: Rescanned) -> dict[str, Any]:
    """The outcome as plain values."""
    saw = dataclasses.asdict(found.affected)
    saw["shards"] = [{"map_id": name, "shard": n} for name, n in found.affected.shards]
    return {
        "schema": "tuneledger.rescan/1",
        "urls": dict(sorted(found.verdicts.items())),
        "quarantined": list(found.quarantined),
        "kept_unreadable": found.kept,
        "failed": list(found.failed),
        "kept_failed": found.kept_failed,
        **{key: list(value) for key, value in saw.items()},
    }


def show_rescan(found: Rescanned) -> None:
    """The outcome as lines."""
    counts = ", ".join(
        f"{count} {name}" for name, count in sorted(found.verdicts.items()) if count
    )
    click.echo(f"urls         {counts or 'none'}")
    click.echo(f"quarantined  {len(found.quarantined)} records")
    if found.kept:
        click.echo(f"kept         {found.kept} records whose site could not be read")
    if found.failed:
        click.echo(f"kept         {found.kept_failed} records whose URL failed:")
        for url in found.failed:
            click.echo(f"failed       {url}")
    saw = found.affected
    for name, values in (
        ("shards", [str(number) for _, number in saw.shards]),
        ("runs", saw.runs),
        ("models", saw.models),
        ("weights", saw.weights),
        ("served", saw.served),
    ):
        if values:
            click.echo(f"{name:<12} {' '.join(values)}")
