"""The licence register: licence add, list, revoke; base models' licences too."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec

from ledger.errors import InputError
from ledger.events.licence import (
    LicenceCondition,
    LicenceEnd,
    LicenceGranted,
    LicensedUse,
)
from ledger.events.optout import SiteRegistered
from ledger.events.policy import Jurisdiction
from ledger.export.summary import private_names
from ledger.log.ledger import system_clock_ms
from ledger.log.projector import project
from ledger.projections.licences import Licence
from ledger.records.quarantine import Quarantine
from ledger.workspace.corpus import EVIDENCE_BYTES_MAX
from ledger.workspace.governance import Governance
from ledger.workspace.workspace import Workspace
from producers.commands.common import (
    json_option,
    open_ledger,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.given import given_origin, read_limited
from producers.commands.licence_output import show_licence, state_of, times_of
from producers.commands.rescan_output import SHOWN_MAX, show_affected, show_taken_out
from producers.commands.taken_out import name_records
from producers.commands.words import plain
from producers.ingest import check_grant, read_licence

MS_PER_S: Final = 1000


@click.group()
def licence() -> None:
    """Keep what rights holders allowed: for content of sites, and for base models."""


@licence.command()
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="ORIGIN",
    help="Site whose content it covers, such as https://example.org.",
)
@click.option("--model", default="", help="Base model that it covers.")
@click.option(
    "--spdx", default="", help="SPDX expression of its terms; this or --text is needed."
)
@click.option(
    "--text",
    type=click.Path(path_type=Path),
    help="File with its terms; this or --spdx is needed.",
)
@click.option(
    "--proof",
    type=click.Path(path_type=Path),
    help="File that proves the grant, such as a contract.",
)
@click.option(
    "--permit",
    "permits",
    type=click.Choice(get_args(LicensedUse)),
    multiple=True,
    required=True,
    help="What it permits; nothing else is permitted.",
)
@click.option(
    "--condition",
    "conditions",
    type=click.Choice(get_args(LicenceCondition)),
    multiple=True,
    help="What it demands in return.",
)
@click.option(
    "--users-max",
    type=click.IntRange(min=1),
    default=None,
    help="With user_threshold: the largest number of users.",
)
@click.option(
    "--jurisdiction",
    "jurisdictions",
    type=click.Choice(get_args(Jurisdiction)),
    multiple=True,
    required=True,
    help="Where it holds; nowhere else.",
)
@click.option(
    "--overrides",
    multiple=True,
    metavar="SCAN",
    help="Scan whose reservation it overrides by name.",
)
@click.option("--starts", metavar="DATE", help="First day, UTC; now by default.")
@click.option("--ends", metavar="DATE", required=True, help="Last day, UTC.")
@workspace_option
def add(folder: Path, **given: Any) -> None:
    """Enter a licence, signed by governance, and print its id.

    One of --spdx and --text is needed; both may be given. Without --site and --model it
    covers content that no site carries: it counts for records that state its id as
    their licence.
    """
    check_given(given)
    with open_workspace(folder) as workspace:
        granted = read_grant(workspace, given)
        check_grant(granted)
        register_sites(workspace, given["sites"])
        Governance(workspace).grant_licence(granted)
    say(f"counts {' to '.join(times_of(granted))}")
    click.echo(granted.licence_id)


@licence.command("list")
@workspace_option
@json_option
def list_licences(folder: Path, *, as_json: bool) -> None:
    """List the register, oldest first, with what each licence permits and demands."""
    with open_ledger(folder) as ledger:
        found: dict[str, Licence] = project(ledger)["licences"].licences
    names = private_names(folder)
    origins = {} if names is None else names.origins
    now_ms = system_clock_ms()
    if as_json:
        licences = [
            {
                "licence_id": licence_id,
                "state": state_of(one, now_ms),
                **msgspec.to_builtins(one),
                "sites": [origins.get(site, site) for site in one.sites],
            }
            for licence_id, one in found.items()
        ]
        print_json({"schema": "tuneledger.licences/1", "licences": licences})
        return
    for licence_id, one in found.items():
        show_licence(licence_id, one, origins, now_ms)
    if not found:
        say("no licence is on the register")


@licence.command()
@click.argument("licence_id", metavar="LICENCE")
@click.option(
    "--reason",
    type=click.Choice(get_args(LicenceEnd)),
    default="ended",
    show_default=True,
    help="Why it no longer counts.",
)
@workspace_option
def revoke(licence_id: str, folder: Path, reason: LicenceEnd) -> None:
    """End a LICENCE for all decisions from now on; quarantine what rests on it.

    Names the shards, runs and models that saw the records. Where something else allows
    a text, ingest it anew.
    """
    with open_workspace(folder) as workspace:
        quarantine = Quarantine(workspace)
        quarantine.revoke(licence_id, reason)
        saw = quarantine.affected(quarantine.taken)
        taken_out = name_records(workspace, quarantine.taken, most=SHOWN_MAX)
    click.echo(f"revoked {licence_id} ({reason})")
    if quarantine.taken:
        show_taken_out(len(quarantine.taken), taken_out)
        show_affected(saw)
        say("next: the next `tuneledger train` leaves out what was quarantined")
    if saw.served:
        say("next: weights in service saw it: decide whether they may stay")


def check_given(given: dict[str, Any]) -> None:
    """Refuse a licence without terms, or one that ends before it starts.

    Raises:
        InputError: the message names the options, and what they say.
    """
    if not given["spdx"] and given["text"] is None:
        message = "licence: expected --spdx or --text, found neither"
        raise InputError(message)
    starts, ends = given["starts"], given["ends"]
    if starts and start_of("--ends", ends) < start_of("--starts", starts):
        message = (
            f"licence: expected --ends not before --starts, found --starts {starts} "
            f"and --ends {ends}"
        )
        raise InputError(message)


def read_grant(workspace: Workspace, given: dict[str, Any]) -> LicenceGranted:
    """The event that the options say; texts and proofs go to evidence/.

    Raises:
        InputError: an option is malformed or says nothing beside another, or a file
            cannot be read.
    """
    if given["model"] and given["overrides"]:
        message = "licence: --overrides says nothing beside --model: it is of content"
        raise InputError(message)
    starts = given["starts"]
    return LicenceGranted(
        licence_id=workspace.random_bytes(16).hex(),
        covers="model" if given["model"] else "content",
        expression=read_expression(given["spdx"]),
        text_sha256=keep(workspace, given["text"]),
        proof_sha256=keep(workspace, given["proof"]),
        permits=list(dict.fromkeys(given["permits"])),
        conditions=list(dict.fromkeys(given["conditions"])),
        users_max=given["users_max"] or 0,
        jurisdictions=sorted(set(given["jurisdictions"])),
        sites=site_ids(workspace, given["sites"]),
        overrides=list(dict.fromkeys(given["overrides"])),
        model=given["model"],
        starts_at_ms=(start_of("--starts", starts) if starts else workspace.clock_ms()),
        expires_at_ms=start_of("--ends", given["ends"], days_after=1),
    )


def read_expression(text: str) -> str:
    """The canonical SPDX expression; empty for none.

    Raises:
        InputError: it is none.
    """
    expression = read_licence(text).expression
    if text and not expression:
        message = "--spdx: expected an SPDX expression; give other terms by --text FILE"
        raise InputError(message)
    return expression


def keep(workspace: Workspace, path: Path | None) -> str:
    """Digest of a file that was put into evidence/; empty for none."""
    if path is None:
        return ""
    content = read_limited(path, EVIDENCE_BYTES_MAX)
    if not content.strip():
        message = f"{path}: expected a text, found an empty file"
        raise InputError(message)
    return workspace.evidence.put(content)


def site_ids(workspace: Workspace, sites: tuple[str, ...]) -> list[str]:
    """The ids of sites, in the order given, each once."""
    ids = [workspace.names.site(given_origin(site)).site_id for site in sites]
    return list(dict.fromkeys(ids))


def register_sites(workspace: Workspace, sites: tuple[str, ...]) -> None:
    """Register the sites that the ledger does not know yet."""
    refs = [workspace.names.site(given_origin(site)) for site in sites]
    new = {ref.site_id: ref.commitment for ref in refs if ref.is_new}
    if new:
        workspace.append_scan(
            [
                SiteRegistered(site_id=site_id, commitment=commitment)
                for site_id, commitment in new.items()
            ]
        )


def start_of(option: str, text: str, *, days_after: int = 0) -> int:
    """When a day begins, Unix milliseconds.

    Args:
        option: where it was given.
        text: the day, YYYY-MM-DD, UTC.
        days_after: days to add.

    Raises:
        InputError: it is no date.
    """
    try:
        day = date.fromisoformat(text) + timedelta(days=days_after)
    except (ValueError, OverflowError):
        message = (
            f"{option}: expected a date such as 2027-12-31, found {plain(text[:32])!r}"
        )
        raise InputError(message) from None
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(midnight.timestamp()) * MS_PER_S


COMMANDS = (licence,)
