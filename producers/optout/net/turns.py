"""When a host may be asked: a few requests at once, then one each second.

A host that asks for a pause gets it. Where the pause is longer than a scan waits, the
host is left alone until it is over, and what was to be asked there stays unknown.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Final

from producers.ports import Monotonic

SPACING_S: Final = 1.0
"""Seconds between requests to one host, on average."""

BURST: Final = 8
"""Requests that need not be spaced: the policy files of an origin, a page, a retry."""

IN_FLIGHT_MAX: Final = 2
"""Most requests to one host at the same time."""

PAUSE_S_MAX: Final = 60.0
"""Longest pause that a host asks for and a scan waits out."""

SPACING_S_MAX: Final = PAUSE_S_MAX
"""Longest spacing that a host asks for and a scan keeps; its last turn is remembered as
long."""

_PAUSES_S_MAX: Final = 10 * PAUSE_S_MAX
"""Most that one host may ask for in sum: pauses without end are a refusal."""

_LEFT_ALONE_S: Final = 3600.0
"""How long a host is left alone that asked for too many pauses."""

_LEFT_ALONE_S_MAX: Final = 24 * 3600.0
_HOSTS: Final = 1024
"""Hosts that are remembered before those that nothing is known of any more go."""

Sleep = Callable[[float], None]
"""Wait so many seconds."""


class RetryLaterError(OSError):
    """The host had asked for a pause that is not over."""


class OutOfTimeError(OSError):
    """The turn comes later than the caller can wait."""


@dataclass(slots=True)
class _Host:
    """Times are the monotonic clock's.

    Attributes:
        in_flight: requests that wait for their turn or their answer.
        last: when the last turn began, or will.
        paid_until: when all requests so far are spaced out.
        not_before: end of the pause that the host asked for.
        paused_s: sum of its pauses.
        is_left_alone: whether the pause is not waited out.
    """

    in_flight: int = 0
    last: float = -math.inf
    paid_until: float = 0.0
    not_before: float = 0.0
    paused_s: float = 0.0
    is_left_alone: bool = False

    def is_idle(self, now: float) -> bool:
        quiet_from = max(self.paid_until, self.not_before, self.last + SPACING_S_MAX)
        return not self.in_flight and quiet_from <= now


class Turns:
    """The turns of all hosts; may be shared by threads.

    Args:
        monotonic: clock, seconds.
        sleep: waits.
        spacing_s: see `SPACING_S`; 0 spaces nothing.
        burst: see `BURST`. Requires burst >= 1.
        in_flight_max: see `IN_FLIGHT_MAX`. Requires in_flight_max >= 1.
        pause_s_max: see `PAUSE_S_MAX`.
    """

    def __init__(
        self,
        *,
        monotonic: Monotonic = time.monotonic,
        sleep: Sleep = time.sleep,
        spacing_s: float = SPACING_S,
        burst: int = BURST,
        in_flight_max: int = IN_FLIGHT_MAX,
        pause_s_max: float = PAUSE_S_MAX,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._spacing_s = spacing_s
        self._ahead_s = (burst - 1) * spacing_s
        self._in_flight_max = in_flight_max
        self._pause_s_max = pause_s_max
        self._hosts: dict[str, _Host] = {}
        self._hosts_max = _HOSTS
        self._changed = Condition()

    def __len__(self) -> int:
        """Hosts that are remembered."""
        return len(self._hosts)

    @contextmanager
    def turn(
        self, host: str, *, spacing_s: float = 0.0, seconds_max: float = math.inf
    ) -> Iterator[float]:
        """Wait for a turn and hold it; gives the seconds that were waited.

        Args:
            host: whose turn.
            spacing_s: seconds since its last turn, where it asks for them; 0 ..
                `SPACING_S_MAX`.
            seconds_max: the longest wait.

        Raises:
            OutOfTimeError: the turn would come later; nothing was waited for but the
                answers of other requests.
            RetryLaterError: the host is left alone.
        """
        asked = self._monotonic()
        with self._changed:
            while (known := self._known(host)).in_flight >= self._in_flight_max:
                left_s = self._left_s(asked + seconds_max)
                self._changed.wait(None if math.isinf(left_s) else left_s)
            wait_s = self._wait_s(known, spacing_s, self._left_s(asked + seconds_max))
            known.in_flight += 1
        try:
            if wait_s > 0:
                self._sleep(wait_s)
            yield self._monotonic() - asked
        finally:
            with self._changed:
                known.in_flight -= 1
                self._changed.notify_all()

    def pause(self, host: str, seconds: float) -> bool:
        """The host asks for a pause; says whether its next turn waits it out."""
        with self._changed:
            known = self._known(host)
            known.paused_s += seconds
            if known.paused_s > _PAUSES_S_MAX:
                seconds = max(seconds, _LEFT_ALONE_S)
            known.is_left_alone |= seconds > self._pause_s_max
            end = self._monotonic() + min(seconds, _LEFT_ALONE_S_MAX)
            known.not_before = max(known.not_before, end)
            return not known.is_left_alone

    def _left_s(self, end: float) -> float:
        left_s = end - self._monotonic()
        if left_s <= 0:
            raise OutOfTimeError("no time is left to wait for a turn")
        return left_s

    def _wait_s(self, host: _Host, spacing_s: float, seconds_max: float) -> float:
        now = self._monotonic()
        if host.is_left_alone:
            if now < host.not_before:
                raise RetryLaterError("the host asked for a longer pause")
            host.is_left_alone, host.paused_s = False, 0.0
        start = max(
            now,
            host.paid_until - self._ahead_s,
            host.not_before,
            host.last + spacing_s,
        )
        if start - now >= seconds_max:
            raise OutOfTimeError("the host's next turn comes too late")
        host.last = start
        host.paid_until = max(host.paid_until, start) + self._spacing_s
        return start - now

    def _known(self, name: str) -> _Host:
        if len(self._hosts) >= self._hosts_max:
            now = self._monotonic()
            self._hosts = {
                name: host
                for name, host in self._hosts.items()
                if not host.is_idle(now)
            }
            self._hosts_max = max(_HOSTS, 2 * len(self._hosts))
        return self._hosts.setdefault(name, _Host())
