"""What a fetch gives back, without a word about how it is done."""

import math
from dataclasses import dataclass
from typing import Protocol

from producers.optout.vocabulary.causes import Cause, FailureKind, cause_of_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer.

    Attributes:
        status: status code of the last hop.
        headers: (name in lower case, value) in order; octets as Latin-1.
        body: content after content decoding.
        truncated: whether the body was longer than the limit; `body` is its start.
        redirects: how many were followed.
        final_url: where the answer came from, in canonical form.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    redirects: int
    final_url: str

    def header(self, name: str) -> str:
        """The first value of a header, or the empty string."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No answer.

    Attributes:
        kind: why.
        redirects: how many were followed before.
        status: status code of the last redirect where there were too many; else 0.
    """

    kind: FailureKind
    redirects: int = 0
    status: int = 0


FetchResult = Response | Failure


def cause_of(result: FetchResult) -> Cause:
    """Why an answer is not a whole one with status 200; empty where it is."""
    if isinstance(result, Failure):
        return result.kind
    if result.status != 200:
        return cause_of_status(result.status)
    return "too_large" if result.truncated else ""


class Fetch(Protocol):
    """GET a URL; whatever a server does comes back as a value."""

    def __call__(
        self,
        url: str,
        *,
        bytes_max: int,
        follows: bool = True,
        seconds_max: float = math.inf,
        spacing_s: float = 0.0,
    ) -> FetchResult:
        """Fetch `url`.

        Args:
            url: absolute.
            bytes_max: bytes of its decoded content that are kept.
            follows: whether redirects are followed; else one is the answer.
            seconds_max: most time for all of it, waits for a turn included; past it
                the failure is `deadline`.
            spacing_s: seconds since the last request to the host, where it asked for
                more than a `Fetch` leaves by itself.
        """
        ...
