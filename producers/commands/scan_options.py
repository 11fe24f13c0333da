"""Options of every command that scans."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from producers.commands.common import network

WORKERS_MAX: Final = 256

_Command = Callable[..., Any]

workers_option = click.option(
    "--workers",
    type=click.IntRange(1, WORKERS_MAX),
    default=8,
    show_default=True,
    help="How many sites are asked at the same time.",
)

fresh_option = click.option(
    "--fresh",
    is_flag=True,
    help="Ask for policy files again that were read within the last day.",
)

_OPTIONS: Final = (
    click.option(
        "--tos",
        "terms_urls",
        multiple=True,
        metavar="URL",
        help="Terms of use to read beside those that a page names.",
    ),
    click.option(
        "--piracy-list",
        type=click.Path(path_type=Path),
        help="File with sites that publish without the rights holders.",
    ),
    click.option(
        "--registry",
        "registries",
        type=click.Path(path_type=Path),
        multiple=True,
        help="File with a snapshot of a registry of reservations.",
    ),
)


def scan_options(command: _Command) -> _Command:
    """Give a command the options of a scan, as one argument `options`."""

    @functools.wraps(command)
    def with_options(
        *args: Any,
        terms_urls: tuple[str, ...],
        piracy_list: Path | None,
        registries: tuple[Path, ...],
        **others: Any,
    ) -> Any:
        options = dataclasses.replace(
            network(),
            terms_urls=terms_urls,
            piracy_list=piracy_list,
            registries=registries,
        )
        return command(*args, options=options, **others)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options
