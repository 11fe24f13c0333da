"""Commands on keys: key list, show, add, rotate, retire, revoke."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, get_args

import click

from ledger import Ledger
from ledger.events.keys import Role
from ledger.log.key_admin import KeyAdmin, open_key_admin
from ledger.log.key_standings import KeyStanding, active_key, key_standings
from producers.commands.common import (
    json_option,
    open_ledger,
    passphrase,
    print_json,
    say,
    workspace_option,
)

SCHEMA = "tuneledger.keys/1"

root_folder_option = click.option(
    "--root",
    "root_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the root keys, such as a USB stick; keys/ by default.",
)


@click.group("key")
def key_group() -> None:
    """List keys, and change them by root's word.

    KEY is a role, a key's name (the origin may be left out) or a key id.
    """


@key_group.command("list")
@workspace_option
@root_folder_option
@click.option("--runs", is_flag=True, help="List the keys of training runs too.")
@json_option
def list_command(
    folder: Path, root_folder: Path | None, *, runs: bool, as_json: bool
) -> None:
    """List every key: what it may sign, and how it stands."""
    with Ledger.open(folder, root_folder=root_folder, passphrase=passphrase()) as it:
        found = key_standings(it, runs=runs)
        origin = it.origin
    if as_json:
        keys = [_document(one) for one in found]
        print_json({"schema": SCHEMA, "origin": origin, "keys": keys})
        return
    for one in found:
        columns = (
            one.key.key_id.hex(),
            f"{one.role:<10}",
            f"{_state(one):<31}",
            one.key.name,
            one.stream,
            " ".join(one.families) or "-",
            str(one.file or ""),
        )
        click.echo("  ".join(columns).rstrip())


@key_group.command()
@click.argument("key")
@workspace_option
def show(key: str, folder: Path) -> None:
    """Print the vkey of the active KEY: `key show log` is what a witness is given."""
    with open_ledger(folder) as ledger:
        click.echo(str(active_key(ledger, key)))


@key_group.command()
@click.argument("role", type=click.Choice(get_args(Role)))
@click.option("--name", help="Last part of the key's name; the role by default.")
@click.option("--stream", help="The role's stream by default, or one below it.")
@workspace_option
@root_folder_option
def add(
    role: str,
    name: str | None,
    stream: str | None,
    folder: Path,
    root_folder: Path | None,
) -> None:
    """Make a further key of ROLE and grant it, for a worker or after a loss."""
    with _admin(folder, root_folder) as admin:
        click.echo(str(admin.add(role, name=name, stream=stream)))


@key_group.command()
@click.argument("key")
@workspace_option
@root_folder_option
def rotate(key: str, folder: Path, root_folder: Path | None) -> None:
    """Let a new key take over from KEY, and destroy the old private key."""
    with _admin(folder, root_folder) as admin:
        click.echo(str(admin.rotate(key)))


@key_group.command()
@click.argument("key")
@workspace_option
@root_folder_option
def retire(key: str, folder: Path, root_folder: Path | None) -> None:
    """End KEY, which nobody needs any more, and destroy its private key."""
    with _admin(folder, root_folder) as admin:
        click.echo(str(admin.retire(key)))


@key_group.command()
@click.argument("key")
@click.option(
    "--since",
    "since_seq",
    type=click.IntRange(min=0),
    required=True,
    metavar="SEQ",
    help="The first entry that a thief may have signed.",
)
@workspace_option
@root_folder_option
def revoke(key: str, since_seq: int, folder: Path, root_folder: Path | None) -> None:
    """Declare KEY compromised, which ends it.

    Nothing is deleted: what it signed since then, and what no older anchor covers, is
    untrusted from now on.
    """
    with _admin(folder, root_folder) as admin:
        revoked = admin.revoke(key, since_seq=since_seq)
    click.echo(str(revoked.key))
    if revoked.successor is not None:
        say(f"checkpoints are signed by a new log key: {revoked.successor}")
    elif revoked.is_role_empty and revoked.role in get_args(Role):
        say(f"no key of role {revoked.role} is left: make one with key add")


def _admin(folder: Path, root_folder: Path | None) -> AbstractContextManager[KeyAdmin]:
    return open_key_admin(folder, root_folder=root_folder, passphrase=passphrase())


def _state(one: KeyStanding) -> str:
    if one.state == "compromised":
        return f"compromised since entry {one.compromised_since}"
    if one.state == "retired":
        return f"retired by entry {one.ended_seq}"
    return f"active since entry {one.granted_seq}"


def _document(one: KeyStanding) -> dict[str, Any]:
    return {
        "name": one.key.name,
        "role": one.role,
        "families": list(one.families),
        "stream": one.stream,
        "key_id": one.key.key_id.hex(),
        "vkey": str(one.key),
        "state": one.state,
        "granted_seq": one.granted_seq,
        "ended_seq": one.ended_seq,
        "compromised_since": one.compromised_since,
        "file": None if one.file is None else str(one.file),
    }


COMMANDS: tuple[click.Command, ...] = (key_group,)
