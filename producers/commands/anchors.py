"""Commands on time stamps: request one, keep one, or do both over HTTP."""

import hashlib
from pathlib import Path

import click

from ledger.disk.files import write_once
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.timestamp import TOKEN_BYTES_MAX, check_reply, imprint_of, make_query
from ledger.log.anchors import find_stamped_size
from ledger.log.ledger import Ledger
from producers.commands.common import open_ledger, out_option, workspace_option
from producers.commands.given import read_limited, shown_time, size_option, taking


@click.group()
def timestamp() -> None:
    """Have a time-stamping authority (RFC 3161) date a checkpoint."""


@timestamp.command()
@workspace_option
@size_option
@out_option
@click.option(
    "--nonce/--no-nonce", default=True, help="Ask for a random number to come back."
)
def request(folder: Path, size: int | None, out: Path, *, nonce: bool) -> None:
    """Write a request file for an authority, and print what it is over."""
    with open_ledger(folder) as ledger:
        note = ledger.checkpoint_note(size, cosigned=False)
    write_once(out, make_query(note, nonce=nonce).content)
    covered = parse_checkpoint(note)[0].size
    digest = hashlib.sha256(note).hexdigest()
    click.echo(f"{out}: asks to stamp size {covered}, sha256 {digest}")


@timestamp.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@workspace_option
def add_token(file: Path, folder: Path) -> None:
    """Keep the authority's reply in FILE with the checkpoint that it is over."""
    token = read_limited(file, TOKEN_BYTES_MAX)
    with taking(file):
        imprint_of(token)
    with open_ledger(folder) as ledger:
        keep(ledger, token, find_stamped_size(ledger, token))


@timestamp.command()
@click.argument("url")
@workspace_option
@size_option
def submit(url: str, folder: Path, size: int | None) -> None:
    """Have the authority at URL stamp a checkpoint, and keep its reply."""
    from producers.anchoring.timestamp_client import ask

    with open_ledger(folder) as ledger:
        note = ledger.checkpoint_note(size, cosigned=False)
        query = make_query(note)
        token = ask(url, query.content)
        with taking(url):
            check_reply(token, note, query=query)
        keep(ledger, token, parse_checkpoint(note)[0].size)


def keep(ledger: Ledger, token: bytes, size: int) -> None:
    """Store a reply and say what it states."""
    at_ms = ledger.add_timestamp(token, size)
    at = shown_time(at_ms // 1000)
    click.echo(f"stamped size {size} at {at}, as the token says")


COMMANDS: tuple[click.Command, ...] = (timestamp,)
