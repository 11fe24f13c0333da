"""The licence register: licence add, list, revoke; base models' licences too."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec

from ledger.corpus import EVIDENCE_BYTES_MAX
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
from ledger.governance import Governance
from ledger.log import system_clock_ms
from ledger.projections.licences import Licence
from ledger.projector import project
from ledger.workspace import Workspace
from producers.commands.common import (
    json_option,
    open_ledger,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.given import given_origin, read_limited, shown_time
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
@click.option("--spdx", default="", help="SPDX expression of its terms.")
@click.option("--text", type=click.Path(path_type=Path), help="File with its terms.")
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

    Without --site and --model it covers content that no site carries: it counts for
    records that state its id as their licence.
    """
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
    """End a LICENCE for all decisions from now on; rescan finds what rests on it."""
    with open_workspace(folder) as workspace:
        revoked = Governance(workspace).revoke_licence(licence_id, reason)
    click.echo(f"revoked {licence_id} ({revoked.reason})")


def read_grant(workspace: Workspace, given: dict[str, Any]) -> LicenceGranted:
    """The event that the options say; texts and proofs go to evidence/.

    Raises:
        InputError: an option is malformed, or a file cannot be read.
    """
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
        starts_at_ms=start_of(starts) if starts else workspace.clock_ms(),
        expires_at_ms=start_of(given["ends"], days_after=1),
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


def start_of(text: str, *, days_after: int = 0) -> int:
    """When a day begins, Unix milliseconds.

    Args:
        text: the day, YYYY-MM-DD, UTC.
        days_after: days to add.

    Raises:
        InputError: it is no date.
    """
    try:
        day = date.fromisoformat(text) + timedelta(days=days_after)
    except (ValueError, OverflowError):
        message = f"expected a date such as 2027-12-31, found {text[:32]!r}"
        raise InputError(message) from None
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(midnight.timestamp()) * MS_PER_S


def times_of(one: Licence | LicenceGranted) -> tuple[str, str]:
    """When a licence begins and ends, ISO 8601."""
    starts, ends = one.starts_at_ms // MS_PER_S, one.expires_at_ms // MS_PER_S
    return shown_time(starts), shown_time(ends)


def state_of(one: Licence, now_ms: int) -> str:
    """Whether a licence counts now, in words."""
    if one.revoked_by:
        return f"revoked ({one.end})"
    if now_ms < one.starts_at_ms:
        return "not begun"
    return "in force" if now_ms < one.expires_at_ms else "ended"


def show_licence(
    licence_id: str, one: Licence, origins: Mapping[str, str], now_ms: int
) -> None:
    """A licence as lines for a person."""
    covers = f"model {one.model}" if one.covers == "model" else "content"
    sites = [origins.get(site, site) for site in one.sites]
    terms = [one.expression, one.text_sha256 and f"text {one.text_sha256}"]
    demands = [
        f"{name} ({one.users_max})" if name == "user_threshold" else name
        for name in one.conditions
    ]
    click.echo(f"{licence_id}  {state_of(one, now_ms)}")
    for name, value in (
        ("covers", f"{covers} {' '.join(sites)}".rstrip()),
        ("terms", "  ".join(filter(None, terms))),
        ("proof", one.proof_sha256 or "none"),
        ("permits", " ".join(one.permits)),
        ("conditions", " ".join(demands) or "none"),
        ("holds", f"{' '.join(one.jurisdictions)}, {' to '.join(times_of(one))}"),
        ("overrides", " ".join(one.overrides)),
        ("records", str(one.records)),
    ):
        if value:
            click.echo(f"  {name:<10} {value}")


COMMANDS = (licence,)
