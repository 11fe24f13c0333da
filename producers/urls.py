"""URLs and sites as scans name them; each needs the extra `scan`."""

import contextlib
from collections.abc import Iterator

from ledger.errors import InputError

# ruff: noqa: PLC0415 (an extra; importing it takes longer than most commands)


@contextlib.contextmanager
def needs_scan_extra() -> Iterator[None]:
    """Say which extra is missing where a module of it cannot be imported.

    Raises:
        InputError: it is missing.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("producers"):
            raise
        message = f"scanning needs the extra 'scan': module {error.name} not found"
        raise InputError(message) from None


def canonical(url: str) -> str:
    """A URL as scans name it; as it is where it is none, which its scan tells.

    Raises:
        InputError: the extra `scan` is missing.
    """
    with needs_scan_extra():
        from producers.optout.net.url import parse_url

        try:
            return parse_url(url).text
        except InputError:
            return url


def origin_of(url: str) -> str:
    """The site of a URL, `scheme://host[:port]`.

    Raises:
        InputError: it is no http or https URL, or the extra `scan` is missing.
    """
    with needs_scan_extra():
        from producers.optout.net.url import parse_url

        return parse_url(url).origin
