"""Text headers of the form `name SP value`, read strictly (spec, sections 5 and 6)."""

import re
from typing import Final

from ledger.errors import IntegrityError
from ledger.events.base import INT_MAX

ZERO_HASH: Final = "0" * 64
"""What stands where there is no previous hash."""

HASH: Final = r"([0-9a-f]{64})"
DECIMAL: Final = r"(0|[1-9][0-9]{0,15})"
KEY_NAME: Final = r"([A-Za-z0-9._~/:-]{1,128})"
STREAM: Final = r"([a-z][a-z0-9-]{0,31}(?:/[a-z0-9][a-z0-9-]{0,31}){0,3})"


def header_pattern(first_line: str, fields: dict[str, str]) -> re.Pattern[bytes]:
    """One pattern for a whole header: its first line, then each field on its own."""
    lines = [re.escape(first_line)]
    lines += [f"{name} {value}" for name, value in fields.items()]
    return re.compile(("".join(f"{line}\n" for line in lines)).encode())


def decimal(text: bytes, *, what: str) -> int:
    """A decimal below 2^53 (CON-2).

    Raises:
        IntegrityError: the number is too large.
    """
    value = int(text)
    if value > INT_MAX:
        message = f"{what} is too large: expected at most {INT_MAX}, found {value}"
        raise IntegrityError(message)
    return value
