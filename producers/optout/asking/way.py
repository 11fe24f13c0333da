"""The way of a GET: each redirect is followed only where its place lets us."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ledger.errors import InputError
from producers.optout.net.fetch import REDIRECTS_MAX, redirect_of
from producers.optout.net.response import Failure, FetchResult, Response
from producers.optout.net.url import Url


@dataclass(frozen=True, slots=True)
class Passed:
    """A redirect on the way.

    Attributes:
        url: what redirected.
        headers: (name in lower case, value) in order.
    """

    url: Url
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """Where a GET led.

    Attributes:
        url: its last place.
        answer: of that place; none where it was not asked.
        passed: the redirects before it, in order.
    """

    url: Url
    answer: FetchResult | None
    passed: tuple[Passed, ...]


def walk(
    start: Url,
    get: Callable[[Url], FetchResult],
    lets_ask: Callable[[Url], bool],
) -> Way:
    """GET a URL and follow its redirects.

    Args:
        start: may be asked for.
        get: makes one request and follows nothing.
        lets_ask: whether the target of a redirect may be asked for; whatever that
            takes to know is fetched before the target is.
    """
    here, passed = start, list[Passed]()
    while True:
        answer = get(here)
        if not isinstance(answer, Response):
            return _ended(here, answer, passed)
        try:
            onward = redirect_of(answer, here)
        except InputError:
            return _ended(here, Failure(kind="refused_url"), passed)
        if onward is None:
            return _ended(here, answer, passed)
        if len(passed) == REDIRECTS_MAX:
            failure = Failure(kind="redirect_limit", status=answer.status)
            return _ended(here, failure, passed)
        passed.append(Passed(here, answer.headers))
        here = onward
        if not lets_ask(here):
            return Way(here, None, tuple(passed))


def _ended(here: Url, answer: FetchResult, passed: list[Passed]) -> Way:
    return Way(here, replace(answer, redirects=len(passed)), tuple(passed))
