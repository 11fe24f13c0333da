"""Commands of a witness, and of a log that asks one."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import click

from ledger.disk.files import write_once
from ledger.errors import InputError, KeyTrustError
from ledger.format.cosignature import CosignerKey, parse_cosigner, parse_lines
from ledger.format.note import format_line, parse_vkey
from ledger.log import anchors
from ledger.log.ledger import Ledger
from ledger.witness.head import parse_head
from ledger.witness.refusal import RefusalError
from ledger.witness.request import REQUEST_BYTES_MAX, parse_request, write_request
from ledger.witness.server import WitnessServer
from ledger.witness.service import Witness
from ledger.witness.state import WitnessState, hash_of
from producers.commands.common import (
    open_ledger,
    out_option,
    passphrase,
    say,
    workspace_option,
)
from producers.commands.given import (
    read_limited,
    read_vkey,
    shown_time,
    size_option,
    taking,
)

folder_argument = click.argument("folder", type=click.Path(path_type=Path))
file_argument = click.argument("file", type=click.Path(path_type=Path))
vkey_option = click.option(
    "--vkey",
    required=True,
    metavar="VKEY",
    help="The witness's key that you know from elsewhere, or @FILE with it.",
)


@click.group()
def witness() -> None:
    """Cosign checkpoints of other people's ledgers, or have yours cosigned."""


@witness.command()
@folder_argument
@click.option("--name", required=True, help="Key name, such as example.com/witness.")
def init(folder: Path, name: str) -> None:
    """Make a witness in FOLDER and print its public key."""
    state = WitnessState.create(folder, name, os.urandom(32), passphrase=passphrase())
    click.echo(str(state.key))


@witness.command("add-log")
@folder_argument
@click.argument("vkey")
@click.option("--origin", help="The log's name; its key's name by default.")
def add_log(folder: Path, vkey: str, origin: str | None) -> None:
    """Let the witness in FOLDER cosign the log whose key is VKEY (or @FILE)."""
    key = read_vkey(vkey, parse_vkey)
    name = key.name if origin is None else origin
    open_state(folder).add_log(name, key)
    click.echo(f"cosigns {name} under key {key.key_id.hex()}")


@witness.command()
@folder_argument
@click.option(
    "--listen", required=True, metavar="HOST:PORT", help="Port 0: a free one."
)
@click.option("--prefix", default="", help="URL path before the witness's own.")
def serve(folder: Path, listen: str, prefix: str) -> None:
    """Answer logs and auditors over HTTP until stopped."""
    state = open_state(folder)
    server = WitnessServer(
        Witness(state, clock_s=clock_s), address_of(listen), prefix=prefix, report=say
    )

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown).start()

    with server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        click.echo(f"serving {state.key.name} on {server.url}")
        server.serve_forever()
    say("stopped")


@witness.command()
@click.argument("url")
@vkey_option
@workspace_option
@size_option
def submit(url: str, vkey: str, folder: Path, size: int | None) -> None:
    """Have a checkpoint cosigned by the witness at URL, and keep the cosignature."""
    from producers.anchoring.witness_client import WitnessForkError, latest
    from producers.anchoring.witness_client import submit as ask

    key = read_vkey(vkey, parse_cosigner)
    with open_ledger(folder) as ledger:
        note = ledger.checkpoint_note(size, cosigned=False)
        head, _ = parse_head(note)
        try:
            answer = ask(
                url,
                lambda old: request_body(ledger, old, head.size),
                old_size=anchors.last_cosigned_size(ledger, key),
                size=head.size,
            )
        except WitnessForkError:
            known = None
            with contextlib.suppress(InputError):  # it said enough by refusing
                known = latest(url, ledger.origin)
            show_both(known, note)
            raise
        except KeyTrustError:
            say(f"log key for the witness: {ledger.log_key}")
            raise
        keep(ledger, answer, key, head.size)


@witness.command()
@workspace_option
@click.option(
    "--old",
    "old_size",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Size that the witness cosigned last.",
)
@size_option
@out_option
def request(folder: Path, old_size: int, size: int | None, out: Path) -> None:
    """Write a request file for a witness that no network reaches."""
    with open_ledger(folder) as ledger:
        head, _ = parse_head(ledger.checkpoint_note(size, cosigned=False))
        write_once(out, request_body(ledger, old_size, head.size))
        say(f"log key for the witness: {ledger.log_key}")
    click.echo(f"{out}: asks to cosign size {head.size} after size {old_size}")


@witness.command("cosign")
@folder_argument
@file_argument
def cosign_file(folder: Path, file: Path) -> None:
    """Cosign the request FILE as the witness in FOLDER, and print the cosignature."""
    body = read_limited(file, REQUEST_BYTES_MAX)
    state = open_state(folder)
    try:
        line = Witness(state, clock_s=clock_s).add_checkpoint(body)
    except RefusalError as error:
        if error.exit_code == 1:
            asked = parse_request(body)
            show_both(
                state.head(hash_of(asked.head.origin)), body.partition(b"\n\n")[2]
            )
        raise
    click.echo(line.decode(), nl=False)


@witness.command("add")
@file_argument
@vkey_option
@workspace_option
@click.option("--size", type=click.IntRange(min=1), help="Found by itself by default.")
def add_lines(file: Path, vkey: str, folder: Path, size: int | None) -> None:
    """Keep the cosignature in FILE, which `witness cosign` printed."""
    key = read_vkey(vkey, parse_cosigner)
    answer = read_limited(file, REQUEST_BYTES_MAX)
    with taking(file):
        parse_lines(answer)
    with open_ledger(folder) as ledger:
        keep(ledger, answer, key, size)


def keep(ledger: Ledger, answer: bytes, key: CosignerKey, size: int | None) -> None:
    """Verify and store the lines of `key` in a witness's answer; ignore all others.

    Raises:
        KeyTrustError: there is no line of that key, or it does not verify.
    """
    mine = [
        format_line(line)
        for line in parse_lines(answer)
        if (line.name, line.key_id) == (key.name, key.key_id)
    ]
    if not mine:
        message = f"no cosignature of {key.name} {key.key_id.hex()} in the answer"
        raise KeyTrustError(message)
    for line in mine:
        over = anchors.find_cosigned_size(ledger, line, key) if size is None else size
        at_s = ledger.add_cosignature(line, over, key)
        click.echo(f"{key.name} cosigned size {over} at {shown_time(at_s)}")


def request_body(ledger: Ledger, old_size: int, size: int) -> bytes:
    """The add-checkpoint request from an old size of this ledger to a checkpoint."""
    proof = anchors.consistency_proof(ledger, old_size, size)
    note = ledger.checkpoint_note(size, cosigned=False)
    return write_request(old_size, proof, note)


def show_both(known: bytes | None, asked: bytes) -> None:
    """Both sides of a fork; the log's signature on each can be checked by anybody."""
    shown = "" if known is None else known.decode("utf-8", "replace")
    click.echo(f"cosigned before:\n\n{shown}\nasked for now:\n")
    click.echo(asked.decode("utf-8", "replace"), nl=False)


def open_state(folder: Path) -> WitnessState:
    """A witness's folder."""
    return WitnessState(folder, passphrase=passphrase())


def clock_s() -> int:
    """The time now, Unix seconds."""
    return int(time.time())


def address_of(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[HOST]:PORT`.

    Raises:
        InputError: malformed.
    """
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        message = f"listen: expected HOST:PORT, found {listen[:64]!r}"
        raise InputError(message)
    return host, int(port)


COMMANDS: tuple[click.Command, ...] = (witness,)
