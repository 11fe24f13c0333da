"""What commands are given, read with limits."""

import contextlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import click

from ledger.disk.files import open_regular
from ledger.errors import InputError, IntegrityError, KeyTrustError
from producers.commands.words import plain
from producers.urls import canonical, origin_of

Key = TypeVar("Key")

_VKEY_BYTES_MAX: Final = 4096
_SHOWN_MAX_S: Final = 253_402_300_799
"""The last second of the year 9999, where ISO 8601 ends."""
_SITE_SHOWN_MAX: Final = 80
"""Most characters that are repeated of what is no site."""

size_option = click.option(
    "--size",
    type=click.IntRange(min=1),
    help="Entries that the checkpoint covers; the newest one by default.",
)


def read_limited(path: Path, bytes_max: int) -> bytes:
    """The content of a file.

    Raises:
        InputError: it cannot be read, or is longer than `bytes_max`.
    """
    try:
        with open_regular(path) as file:
            content = file.read(bytes_max + 1)
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})"
        raise InputError(message) from None
    if len(content) > bytes_max:
        message = f"{path}: expected at most {bytes_max} bytes"
        raise InputError(message)
    return content


@contextlib.contextmanager
def taking(given: Path | str) -> Iterator[None]:
    """Refuse what is malformed as input (2), naming it: no ledger was tampered with.

    Raises:
        InputError: what is done inside found the input malformed.
    """
    try:
        yield
    except IntegrityError as error:
        message = f"{given}: {error}"
        raise InputError(message) from None


def read_vkey(given: str, parse: Callable[[str], Key]) -> Key:
    """The key of a vkey text, or of the one in @FILE.

    A text is not repeated in a message: it may be a private key given by mistake.

    Raises:
        InputError: it cannot be read, or is no such key.
    """
    text, where = given, "the argument"
    if given.startswith("@"):
        content = read_limited(Path(given[1:]), _VKEY_BYTES_MAX)
        text, where = content.decode("utf-8", "replace").strip(), given
    try:
        return parse(text)
    except (IntegrityError, KeyTrustError) as error:
        hint = "" if text != given or "+" in given else "; for a file give @FILE"
        message = f"{where}: {error}{hint}"
        raise InputError(message) from None


def read_lora(value: str, *, targets: str) -> tuple[int, tuple[str, ...]]:
    """Adapters as RANK or RANK:TARGET,TARGET: the rank and the targets.

    Args:
        value: as typed.
        targets: what is meant without any.

    Raises:
        BadParameter: it is neither.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,4})(?::([\w.,-]{1,4096}))?", value, re.ASCII)
    if found is None:
        message = "expected RANK (1 or more), RANK:TARGET,TARGET or RANK:all-linear"
        raise click.BadParameter(message)
    return int(found[1]), tuple((found[2] or targets).split(","))


def shown_time(at_s: int) -> str:
    """Unix seconds as ISO 8601, or as they are where that ends."""
    if at_s > _SHOWN_MAX_S:
        return f"second {at_s}"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def given_origin(site: str) -> str:
    """The site that was given, and not more than was meant.

    Raises:
        InputError: it is no URL, or one below a site; the message repeats it.
    """
    message = (
        "--site: expected an origin such as https://example.org, "
        f"found {plain(site[:_SITE_SHOWN_MAX])!r}"
    )
    text = canonical(site)  # outside: the extra that it needs may be missing
    try:
        origin = origin_of(text)
    except InputError:
        raise InputError(message) from None
    if text != f"{origin}/":
        raise InputError(message)
    return origin
