"""How a page could be reached."""

import pytest

from producers.optout.net.response import Response
from producers.optout.page.access import access_of
from producers.optout.page.html_meta import read_page_tags


def _access(page=None, *, status=200, redirects=0, url="https://e.test/a"):
    response = Response(
        status=status,
        headers=(),
        body=b"",
        truncated=False,
        redirects=redirects,
        final_url=url,
    )
    return access_of(response, None if page is None else read_page_tags(page.encode()))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "open"),
        (401, "login"),
        (402, "paywall"),
        (403, "unknown"),
        (404, "unknown"),
        (407, "login"),
        (429, "unknown"),
        (451, "unknown"),
        (500, "unknown"),
        (206, "unknown"),
        (302, "unknown"),
        (0, "unknown"),
    ],
)
def test_status(status, expected):
    """Only a plain 200 is open."""
    assert expected == _access(status=status)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://e.test/login?next=/a", "login"),
        ("https://e.test/user/Login.php", "login"),
        ("https://e.test/wp-login.php", "login"),
        ("https://sso.e.test/", "login"),
        ("https://e.test/de/anmelden/", "login"),
        ("https://e.test/s%69gnin", "login"),
        ("https://e.test/subscribe/now", "paywall"),
        ("https://e.test/login/subscribe", "login"),
        ("https://e.test/b", "open"),
        ("https://e.test/blogin", "open"),
        ("https://e.test/a?x=login", "open"),
    ],
)
def test_redirect(url, expected):
    """A redirect to a form to log in or to pay is no page."""
    assert expected == _access(redirects=1, url=url)


def test_page_about_logging_in():
    """A page of such a name that was asked for is open."""
    assert "open" == _access(url="https://e.test/login")


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<meta http-equiv="refresh" content="0; url=/login?back=a">', "login"),
        ('<meta http-equiv="refresh" content="0; url=http://[x">', "unknown"),
        ('<meta http-equiv="refresh" content="0; url=/next">', "open"),
        ('<meta property="article:content_tier" content="Locked">', "paywall"),
        ('<meta property="article:content_tier" content="metered">', "paywall"),
        ('<meta property="article:content_tier" content="free">', "open"),
        ('<meta name="isAccessibleForFree" content="false">', "paywall"),
        ('<meta name="isAccessibleForFree" content="true">', "open"),
        ("<p>Hello", "open"),
    ],
)
def test_elements(page, expected):
    """A page may say in its head that it is not open."""
    assert expected == _access(page)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{"isAccessibleForFree": false}', "paywall"),
        ('{"isAccessibleForFree": "False"}', "paywall"),
        ('{"isAccessibleForFree": " false "}', "paywall"),
        ('{"isAccessibleForFree": "http://schema.org/False"}', "paywall"),
        ('{"isAccessibleForFree": ["true", "false"]}', "paywall"),
        ('{"schema:isAccessibleForFree": false}', "paywall"),
        ('{"https://schema.org/isAccessibleForFree": false}', "paywall"),
        ('{"isAccessible\\u0046orFree": false}', "paywall"),
        ('[{"@graph": [{"hasPart": {"isAccessibleForFree": false}}]}]', "paywall"),
        (
            '{"isAccessibleForFree": true, "hasPart": {"isAccessibleForFree": false}}',
            "paywall",
        ),
        ('{"isAccessibleForFree": true}', "open"),
        ('{"isAccessibleForFree": "True"}', "open"),
        ('{"name": "isAccessibleForFree"}', "open"),
        ('{"isAccessibleForFree": false', "unknown"),
        ("{", "open"),
        ("[" * 100_000, "open"),
        ("[" * 100_000 + '"isAccessibleForFree"', "unknown"),
    ],
    ids=lambda value: value[:40],
)
def test_json_ld(document, expected):
    """Structured data may say it, for the page or for a part of it."""
    page = f'<script type="application/ld+json">{document}</script>'

    assert expected == _access(page)


def test_one_document_is_enough():
    """A paywall in one document outweighs others, broken ones too."""
    page = "".join(
        f'<script type="application/ld+json">{document}</script>'
        for document in (
            '{"isAccessibleForFree": true}',
            '{"isAccessibleForFree"',
            '{"isAccessibleForFree": false}',
        )
    )

    assert "paywall" == _access(page)
