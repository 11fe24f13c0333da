"""Libraries that are not part of the base install."""

from importlib import import_module
from types import ModuleType

from ledger.errors import InputError


def require(module: str, extra: str) -> ModuleType:
    """Import `module`, or say which extra brings it.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        message = (
            f"sensitive data: expected module {module}, found none; "
            f"it comes with tuneledger[{extra}]"
        )
        raise InputError(message) from error
