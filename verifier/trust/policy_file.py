"""Strict reading of a TOML file: every key is known, typed and in its range."""

import re
import tomllib
from typing import Any, NoReturn

from verifier.findings import escaped, shown
from verifier.given import GivenError

FILE_BYTES_MAX = 1024 * 1024

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class PolicyError(GivenError):
    """A trust policy is malformed or cannot be read; exit code 2."""


class Table:
    """One table, from which each key is taken once; `end` refuses what is left."""

    def __init__(self, file: str, name: str, content: dict[str, Any]) -> None:
        """Read `content`, the table `name` of `file`; the top table has no name."""
        self._file = file
        self._name = name
        self._left = dict(content)

    def names(self) -> list[str]:
        """Return the keys that were not taken."""
        return list(self._left)

    def table(self, key: str) -> "Table | None":
        """Take a table, None where there is none."""
        if key not in self._left:
            return None
        value = self._left.pop(key)
        if not isinstance(value, dict):
            self.refuse(key, "a table", value)
        return Table(self._file, key, value)

    def optional(self, key: str) -> "Table":
        """Take a table, an empty one where there is none."""
        return self.table(key) or Table(self._file, key, {})

    def text(self, key: str) -> str | None:
        """Take a text on one line, None where there is none."""
        value = self._left.pop(key, None)
        if value is not None and not isinstance(value, str):
            self.refuse(key, "a text", value)
        if value is not None and _CONTROL.search(value):
            self.refuse(key, "a text without control characters", value)
        return value

    def integer(self, key: str, least: int, most: int) -> int | None:
        """Take an integer from `least` to `most`, None where there is none."""
        value = self._left.pop(key, None)
        if value is None:
            return None
        if type(value) is not int or not least <= value <= most:
            self.refuse(key, f"an integer from {least} to {most}", value)
        return value

    def texts(
        self, key: str, pattern: re.Pattern[str], meaning: str, least: int, most: int
    ) -> tuple[str, ...]:
        """Take a list of `least` to `most` different texts that match a pattern."""
        value = self._left.pop(key, [])
        fits = isinstance(value, list) and least <= len(value) <= most
        if not fits:
            self.refuse(key, f"a list of {least} to {most} texts ({meaning})", value)
        for item in value:
            if not isinstance(item, str) or not pattern.fullmatch(item):
                self.refuse(key, meaning, item)
        if len(set(value)) < len(value):
            self.refuse(key, "each item once", value)
        return tuple(value)

    def end(self) -> None:
        """Refuse keys that nobody took."""
        for key, value in self._left.items():
            self.refuse(key, "no such key", value)

    def refuse(self, key: str, expected: str, found: object) -> NoReturn:
        """Refuse a key.

        Raises:
            PolicyError: always.
        """
        table = f"[{self._name}] " if self._name else ""
        message = (
            f"{escaped(self._file)}: {table}{shown(key)}: "
            f"expected {expected}, found {shown(found)}"
        )
        raise PolicyError(message)


def parse_toml(file: str, content: bytes) -> Table:
    """Return the top table of a TOML 1.0 file.

    Raises:
        PolicyError: not UTF-8 or not TOML.
    """
    try:
        return Table(file, "", tomllib.loads(content.decode("utf-8")))
    except (ValueError, RecursionError) as error:  # both of UTF-8 and of TOML
        message = f"{escaped(file)}: expected TOML in UTF-8, found {shown(error)}"
        raise PolicyError(message) from None
