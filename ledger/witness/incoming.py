"""Reading a socket until a deadline: a client that drips bytes runs into it too."""

import io
import socket
import time
from collections.abc import Callable


class DeadlineReader(io.RawIOBase):
    """The bytes that come in on a connection, until time is up.

    Attributes:
        buffered: the same bytes, in larger pieces.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; call `allow` first.

        Args:
            connection: a connected socket.
            monotonic: seconds from an arbitrary start.
        """
        self._connection = connection
        self._monotonic = monotonic
        self._end = monotonic()
        self.buffered = io.BufferedReader(self)

    def allow(self, seconds: float) -> None:
        """Let all reads from now on take so long together."""
        self._end = self._monotonic() + seconds

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read some bytes, 0 at the end.

        Raises:
            TimeoutError: the deadline has passed.
        """
        left = self._end - self._monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)
