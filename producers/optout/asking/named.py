"""The documents that a site or a page names: licences, and terms of use."""

from collections.abc import Iterator, Sequence
from typing import Final

from ledger.errors import InputError
from ledger.events.optout import PolicyChannel, Target
from producers.optout.asking.landing import Landing
from producers.optout.asking.visit import Visit
from producers.optout.net.response import Failure, FetchResult, Response
from producers.optout.net.url import Url, absolute, parse_url
from producers.optout.page.rsl_links import header_licence_urls, page_licence_urls
from producers.optout.page.terms import terms_urls
from producers.optout.readings.readers import Answer
from producers.optout.readings.reading import Reading, reading_of
from producers.optout.vocabulary.causes import cause_of_status
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import Statement

NAMED_MAX: Final[dict[PolicyChannel, int]] = {"rsl_file": 4, "terms_page": 2}
"""Most documents of each kind that are read for one page."""


def read_named(visit: Visit, landing: Landing, terms: Sequence[str]) -> None:
    """Read the licence documents and terms that files, header and page name.

    Args:
        visit: the look; what the documents say is added to it.
        landing: the page.
        terms: URLs of terms of use beside those that the page names.
    """
    named: dict[PolicyChannel, dict[str, None]] = {
        "rsl_file": dict.fromkeys(_licence_urls(visit, landing)),
        "terms_page": dict.fromkeys(_terms_urls(landing, terms)),
    }
    for channel, urls in named.items():
        most = NAMED_MAX[channel]
        for url in list(urls)[:most]:
            _read_document(visit, landing, channel, url)
        if len(urls) > most:
            visit.document_is_unread(channel, landing.target, "too_many")


def _licence_urls(visit: Visit, landing: Landing) -> Iterator[str]:
    for file in list(visit.files.values()):
        if file.channel == "robots_txt":
            _, robots = visit.robots([file])
            yield from robots.licence_urls if robots is not None else ()
    if isinstance(landing.page, Response):
        # RFC 8288, section 3.2: a header knows no <base>.
        named = header_licence_urls(landing.page.headers)
        yield from (absolute(url, landing.url) for url in named)
    if landing.seen.tags is not None:
        yield from page_licence_urls(landing.seen.tags.links)


def _terms_urls(landing: Landing, terms: Sequence[str]) -> Iterator[str]:
    yield from terms
    if landing.seen.tags is not None:
        yield from terms_urls(landing.seen.tags, landing.seen.policies)


def _read_document(
    visit: Visit, landing: Landing, channel: PolicyChannel, text: str
) -> None:
    """Read a document that was named; one that may not be fetched stays unknown."""
    try:
        url = parse_url(text, base=landing.base)
    except InputError:
        # A footer may link to anything; a licence that leads nowhere was meant.
        if channel == "rsl_file":
            visit.readings.append(_malformed(channel, landing.target))
        return
    if visit.rfc9309(url) == "disallow":
        cause = visit.site(url)[0].as_fetched.cause or "robots"
        visit.document_is_unread(channel, landing.target, cause)
        return
    file = visit.means.files.document(
        channel, url.text, lambda _: _get(visit, url), visit.seconds_left
    )
    visit.use([file])
    visit.readings += visit.read_files([file], landing.url, landing.target)
    if channel == "rsl_file" and file.as_fetched.outcome == "absent":
        # There is a licence, but nobody can say which.
        cause = cause_of_status(file.as_fetched.status)
        visit.document_is_unread(channel, landing.target, cause)


def _get(visit: Visit, url: Url) -> FetchResult:
    way = visit.walk(url, POLICY_BYTES_MAX)
    if way.answer is not None:
        return way.answer
    is_late = visit.site(way.url)[0].as_fetched.cause == "deadline"
    return Failure(kind="deadline" if is_late else "robots", redirects=len(way.passed))


def _malformed(channel: PolicyChannel, target: Target) -> Reading:
    said = Answer(Statement(reservation="unset", is_malformed=True))
    return reading_of(channel, said, evidence_sha256="", target=target)
