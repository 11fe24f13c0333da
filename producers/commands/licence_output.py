"""What `licence list` prints of a licence."""

from collections.abc import Mapping
from typing import Final

import click

from ledger.events.licence import LicenceGranted
from ledger.projections.licences import Licence
from producers.commands.given import shown_time

MS_PER_S: Final = 1000


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
