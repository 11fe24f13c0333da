"""What a fetch gives back, without a word about how it is done."""

from dataclasses import dataclass
from typing import Literal, Protocol

FailureKind = Literal[
    "refused",
    "network",
    "timeout",
    "protocol",
    "encoding",
    "redirects",
    "retry_later",
]
"""`refused`: not a URL or an address that may be fetched. `encoding`: the content
coding is broken or was not asked for. `redirects`: too many of them. `retry_later`: the
host had asked for a longer pause than a scan makes, so it was left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A redirect on the way to an answer.

    Attributes:
        url: what redirected, in canonical form.
        headers: (name in lower case, value) in order.
    """

    url: str
    headers: tuple[tuple[str, str], ...]


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
        passed: the redirects before it, in order.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    redirects: int
    final_url: str
    passed: tuple[Passed, ...] = ()

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


class Fetch(Protocol):
    """GET a URL; whatever a server does comes back as a value."""

    def __call__(self, url: str, *, bytes_max: int) -> FetchResult:
        """Fetch `url` and keep at most `bytes_max` bytes of its decoded content."""
        ...
