"""Options that say nothing beside another are refused, and not left unread."""

from collections.abc import Collection

import click
from click.core import ParameterSource

from ledger.errors import InputError

_GIVEN = {ParameterSource.COMMANDLINE, ParameterSource.PROMPT}


def is_given(name: str) -> bool:
    """Whether a parameter of the running command was typed, whatever its value."""
    return click.get_current_context().get_parameter_source(name) in _GIVEN


def given_options(*, but: Collection[str]) -> list[str]:
    """The options of the running command that were typed, as they are spelled.

    Args:
        but: names of parameters that are left out.
    """
    params = click.get_current_context().command.params
    return [
        one.opts[0]
        for one in params
        if one.name and one.name not in but and is_given(one.name)
    ]


def refuse_beside(option: str, *, read: Collection[str]) -> None:
    """Refuse what was typed beside an option that leaves it unread.

    Args:
        option: the option, as it is typed.
        read: names of the parameters that are read beside it, its own included.

    Raises:
        InputError: another parameter was given; the message names it.
    """
    if unread := given_options(but=read):
        name = click.get_current_context().info_name
        message = f"{name}: {unread[0]} says nothing beside {option}"
        raise InputError(message)
