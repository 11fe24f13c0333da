"""How a page could be reached: openly, or behind a login or a paywall.

Lawful access is a condition of text and data mining. A page that answers 200 may still
be a form to log in, or the first lines of a paid article.

Source: Directive (EU) 2019/790, Articles 3(1) and 4(1); RFC 9110, section 15.5;
schema.org, isAccessibleForFree.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from ledger.events.optout import Access
from producers.optout.net.response import Response
from producers.optout.page.html_meta import PageTags

_BY_STATUS: dict[int, Access] = {
    200: "open",
    401: "login",
    402: "paywall",
    407: "login",
    511: "login",
}
_LOGIN = frozenset(
    {
        "anmelden",
        "anmeldung",
        "auth",
        "authenticate",
        "authorize",
        "connexion",
        "login",
        "logon",
        "oauth",
        "oauth2",
        "openid",
        "saml",
        "saml2",
        "shibboleth",
        "sign-in",
        "signin",
        "sso",
        "wp-login",
    }
)
_PAYWALL = frozenset({"abo", "abonnement", "paywall", "subscribe", "subscription"})
_FREE_KEY = "isaccessibleforfree"
_NO = re.compile(r"(?:https?://schema\.org/|schema:)?(?:false|no|0)", re.IGNORECASE)
_TIER = "article:content_tier"
_PAID_TIERS = frozenset({"locked", "metered", "paid", "premium"})


def access_of(response: Response, tags: PageTags | None) -> Access:
    """How the page could be reached; anything but a plain 200 is not `open`.

    Never `licensed`: that is for whoever holds a licence to say.

    Args:
        response: the answer to the GET of the page.
        tags: its elements; none where it is no markup.
    """
    access = _BY_STATUS.get(response.status, "unknown")
    if access != "open":
        return access
    if response.redirects:
        access = _by_path(response.final_url)
    if access == "open" and tags is not None:
        access = _by_path(tags.refresh)
    if access == "open" and tags is not None:
        access = _by_declaration(tags)
    return access


def _by_path(url: str) -> Access:
    """What the words of a URL say that a site sends readers to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "unknown"
    first_label = (parts.hostname or "").partition(".")[0]
    segments = unquote(parts.path).lower().split("/")
    words = {first_label, *(re.sub(r"\.[a-z]{2,5}$", "", word) for word in segments)}
    if words & _LOGIN:
        return "login"
    return "paywall" if words & _PAYWALL else "open"


def _by_declaration(tags: PageTags) -> Access:
    """What the page says of itself: in meta elements, and in JSON-LD."""
    access: Access = "open"
    for name, content in tags.metas:
        value = content.strip().lower()
        is_paid = name == _TIER and value in _PAID_TIERS
        if is_paid or (name == _FREE_KEY and _NO.fullmatch(value)):
            return "paywall"
    for document in tags.json_ld:
        try:
            values = [str(value) for value in _free_values(json.loads(document))]
        except (ValueError, RecursionError):
            if _FREE_KEY.encode() in document.lower():
                access = "unknown"
            continue
        if any(_NO.fullmatch(value.strip()) for value in values):
            return "paywall"
    return access


def _free_values(document: object) -> Iterator[object]:
    """The values of isAccessibleForFree anywhere in a document; text and truth."""
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        if isinstance(item, dict):
            waiting.extend(item.values())
            for key, value in item.items():
                if key.rpartition("/")[2].rpartition(":")[2].lower() == _FREE_KEY:
                    yield from value if isinstance(value, list) else [value]
