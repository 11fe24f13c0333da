"""The URLs that were typed, and those of a file with one on each line."""

import itertools
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

from ledger.disk.files import open_regular
from ledger.errors import InputError
from producers.commands.words import plain
from producers.ports import Progress
from producers.urls import canonical, origin_of

LINE_BYTES_MAX: Final = 65_536
"""Longest line of a list of URLs; the scanner takes far shorter URLs."""

REMEMBERED_MAX: Final = 1_000_000
"""Of how many URLs it is known later that they were there: some 150 MB."""

SHOWN_CHARS_MAX: Final = 80
"""Most that is repeated of what is no URL."""

_COMMENT: Final = re.compile(r"(?:^|\s)#")
"""Where a comment begins: a # after a character that is no white space is a fragment's
(RFC 3986, section 3.5)."""


class UrlList:
    """URLs, each once, read as they are needed.

    What is no URL is told, counted, and ends nothing; so does what was there before.

    Attributes:
        refused: how many were told so far that are no URLs.
    """

    def __init__(
        self, typed: Iterable[str], path: Path | None, *, tell: Progress
    ) -> None:
        """Read what was typed, then `path` if any; `tell` hears of what is left out."""
        self.refused = 0
        self._typed = typed
        self._path = path
        self._tell = tell
        self._seen: dict[bytes, str] = {}

    def __iter__(self) -> Iterator[str]:
        """The URLs in order.

        Raises:
            InputError: the file cannot be read, or a line is too long or no UTF-8.
        """
        for place, url in itertools.chain(self._arguments(), self._listed()):
            try:
                origin_of(url)
            except InputError as error:
                self.refused += 1
                found = plain(url[:SHOWN_CHARS_MAX])
                self._tell(f"{self._told(place)}: {error}, found {found!r}")
                continue
            if earlier := self._earlier(url, place):
                self._tell(f"{self._told(place)}: same as {earlier}, scanned once")
            else:
                yield url

    def _earlier(self, url: str, place: str) -> str:
        """Where a URL was before; empty where it is new."""
        key = blake2b(canonical(url).encode(), digest_size=16).digest()
        if len(self._seen) < REMEMBERED_MAX:
            found = self._seen.setdefault(key, place)
            return "" if found is place else found
        return self._seen.get(key, "")

    def _told(self, place: str) -> str:
        """A place, of a file with its name."""
        return f"{self._path}: {place}" if place.startswith("line ") else place

    def _arguments(self) -> Iterator[tuple[str, str]]:
        for number, url in enumerate(self._typed, 1):
            yield f"URL {number}", url

    def _listed(self) -> Iterator[tuple[str, str]]:
        if self._path is None:
            return
        for number, text in _lines(self._path):
            if url := _COMMENT.split(text, maxsplit=1)[0].strip():
                yield f"line {number}", url


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with open_regular(path) as file:
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                if len(line) > LINE_BYTES_MAX:
                    message = (
                        f"{path}: line {number}: expected at most "
                        f"{LINE_BYTES_MAX} bytes"
                    )
                    raise InputError(message)
                yield number, line.decode("utf-8-sig").strip()
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})"
        raise InputError(message) from None
    except UnicodeDecodeError:
        message = f"{path}: line {number}: expected UTF-8"
        raise InputError(message) from None
