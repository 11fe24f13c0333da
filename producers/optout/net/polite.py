"""Fetching with manners: no host is asked more often than it bears."""

import math
import time
from contextlib import suppress
from functools import partial
from typing import Final

from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.response import FetchResult, Response
from producers.optout.net.retry_after import pause_of
from producers.optout.net.sockets import Deadline
from producers.optout.net.turns import (
    BURST,
    IN_FLIGHT_MAX,
    PAUSE_S_MAX,
    SPACING_S,
    OutOfTimeError,
    Sleep,
    Turns,
)
from producers.optout.net.url import Url
from producers.ports import ClockMs, Monotonic

_NS_PER_MS: Final = 1_000_000


def _clock_ms() -> int:
    return time.time_ns() // _NS_PER_MS


class PoliteFetch:
    """A `Fetch` that waits for its turn at each host, redirects included.

    A 429 or 503 with a bearable Retry-After is asked again, once. What we wait does not
    count as the server's time.

    Args:
        fetch: does the GET.
        monotonic: clock of the turns, seconds.
        sleep: waits.
        clock_ms: reads a Retry-After that is a date.
        spacing_s: seconds between requests to one host, on average.
        burst: requests that need not be spaced.
        in_flight_max: most requests to one host at the same time.
        retry_after_s_max: longest pause that is waited out.
    """

    def __init__(
        self,
        fetch: HttpFetcher,
        *,
        monotonic: Monotonic = time.monotonic,
        sleep: Sleep = time.sleep,
        clock_ms: ClockMs = _clock_ms,
        spacing_s: float = SPACING_S,
        burst: int = BURST,
        in_flight_max: int = IN_FLIGHT_MAX,
        retry_after_s_max: float = PAUSE_S_MAX,
    ) -> None:
        self._fetch = fetch
        self._clock_ms = clock_ms
        self._turns = Turns(
            monotonic=monotonic,
            sleep=sleep,
            spacing_s=spacing_s,
            burst=burst,
            in_flight_max=in_flight_max,
            pause_s_max=retry_after_s_max,
        )

    def __call__(
        self,
        url: str,
        *,
        bytes_max: int,
        follows: bool = True,
        seconds_max: float = math.inf,
        spacing_s: float = 0.0,
    ) -> FetchResult:
        """GET `url`; failures are returned, never raised."""
        return self._fetch.follow(
            url,
            partial(self._hop, spacing_s),
            bytes_max,
            self._fetch.deadline(seconds_max),
            follows=follows,
        )

    def _hop(
        self,
        spacing_s: float,
        url: Url,
        bytes_max: int,
        redirects: int,
        deadline: Deadline,
    ) -> Response:
        def ask() -> tuple[Response, bool]:
            return self._ask(spacing_s, url, bytes_max, redirects, deadline)

        response, is_worth_asking = ask()
        # Behind a redirect that is followed here nobody waits: each hop may name a host
        # that pauses anew.
        if is_worth_asking and redirects == 0:
            with suppress(OutOfTimeError):  # the answer that asks for a pause stands
                response, _ = ask()
        return response

    def _ask(
        self,
        spacing_s: float,
        url: Url,
        bytes_max: int,
        redirects: int,
        deadline: Deadline,
    ) -> tuple[Response, bool]:
        """The answer, and whether to ask again after the pause that it asks for."""
        turn = self._turns.turn(
            url.host, spacing_s=spacing_s, seconds_max=deadline.seconds_left
        )
        with turn as waited_s:
            deadline.extend(waited_s)
            response = self._fetch.hop(url, bytes_max, redirects, deadline)
            pause_s = pause_of(response, self._clock_ms())
            if pause_s is None:
                return response, False
            return response, self._turns.pause(url.host, pause_s)
