"""How many events a producer dropped, counted where a full disk cannot stop it.

The file is made while there is room and overwritten in place. It says which submission
will report its counts, so a crash between the report and the next drop reports nothing
twice: counts for a submission that was written already are over.
"""

import contextlib
import os
import re
from pathlib import Path
from typing import Final, Literal, get_args

from ledger.disk.files import write_atomic
from ledger.events import Event
from ledger.events.spool import EventsDropped

Reason = Literal["spool_full", "disk_full", "producer_error"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

_FORMAT: Final = "before {:016d}\n" + "".join(f"{one} {{:016d}}\n" for one in REASONS)
_PATTERN: Final = re.compile(_FORMAT.replace("{:016d}", "([0-9]{16})"))


class Drops:
    """The counts of one stream."""

    def __init__(self, path: Path) -> None:
        """Counts in `path`; a missing or torn file counts nothing."""
        self._path = path
        self._counts = dict.fromkeys(REASONS, 0)
        self._before = 0
        with contextlib.suppress(OSError, UnicodeDecodeError):
            match = _PATTERN.fullmatch(path.read_text())
            if match:
                self._before, *counts = map(int, match.groups())
                self._counts = dict(zip(REASONS, counts, strict=True))

    def prepare(self) -> None:
        """Make the file while there is room.

        Raises:
            StorageError: the disk refused the write.
        """
        write_atomic(self._path, self._encode())

    def add(self, events: int, reason: Reason, *, before: int) -> None:
        """Count dropped events.

        Args:
            events: how many.
            reason: why.
            before: counter of the stream's next submission, which will report them.
        """
        if before != self._before:
            self._before, self._counts = before, dict.fromkeys(REASONS, 0)
        self._counts[reason] += events
        # A disk that fails even here leaves the count to this process.
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.pwrite(descriptor, self._encode(), 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def report(self, *, before: int) -> list[Event]:
        """The events that submission `before` must carry."""
        if before != self._before:
            return []
        return [
            EventsDropped(events=count, reason=reason)
            for reason, count in self._counts.items()
            if count
        ]

    def _encode(self) -> bytes:
        return _FORMAT.format(self._before, *self._counts.values()).encode()
