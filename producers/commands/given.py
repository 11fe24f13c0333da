"""What the anchor commands are given, read with limits."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from ledger.errors import InputError

_VKEY_BYTES_MAX: Final = 4096
_SHOWN_MAX_S: Final = 253_402_300_799
"""The last second of the year 9999, where ISO 8601 ends."""

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
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})"
        raise InputError(message) from None
    if len(content) > bytes_max:
        message = f"{path}: expected at most {bytes_max} bytes"
        raise InputError(message)
    return content


def vkey_text(given: str) -> str:
    """A vkey text, or the content of @FILE."""
    if not given.startswith("@"):
        return given
    content = read_limited(Path(given[1:]), _VKEY_BYTES_MAX)
    return content.decode("utf-8", "replace").strip()


def shown_time(at_s: int) -> str:
    """Unix seconds as ISO 8601, or as they are where that ends."""
    if at_s > _SHOWN_MAX_S:
        return f"second {at_s}"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
