"""ledger.vault.names: sites and URLs behind random ids."""

import hmac
from contextlib import closing

import pytest

from ledger.errors import ConflictError, InputError
from ledger.vault.names import Names
from ledger.vault.vault import Vault
from tests.unit.ledger.workshop import Random
from tests.unit.workspace.office import rows

SITE, URL = "https://jane.example", "https://jane.example/diary"
LANDED = "https://jane.example/new-diary"
A, B, C = "a" * 32, "b" * 32, "c" * 32
BODY = "0b" * 32


@pytest.fixture
def vault(tmp_path):
    """An empty vault."""
    with closing(Vault(tmp_path / "v.vault", random_bytes=Random())) as opened:
        yield opened


@pytest.fixture
def names(vault):
    """An empty register."""
    return Names(vault, random_bytes=Random("names"))


def test_a_site_keeps_its_id(names):
    """The same origin has the same id and commitment; another one has others."""
    first, again, other = names.site(SITE), names.site(SITE), names.site(SITE + ":8443")

    assert first == again
    assert first.site_id != other.site_id
    assert first.commitment != other.commitment


def test_new_until_the_ledger_knows_it(names):
    """A crash before the ledger's event leaves the site new."""
    assert names.site(SITE).is_new
    assert names.site(SITE).is_new
    names.settle_site(names.site(SITE).site_id)

    assert not names.site(SITE).is_new


def test_a_commitment_opens_with_the_sites_key(vault, names):
    """An auditor can be shown one name without the others."""
    site = names.site(SITE)
    [(key,)] = rows(vault.path, "SELECT key FROM site WHERE site_id = ?", site.site_id)

    assert hmac.digest(key, SITE.encode(), "sha256").hex() == site.commitment


def test_a_site_is_found_once_it_is_registered(names):
    """Looking for a site gives nobody an id."""
    site = names.site(SITE)
    assert "" == names.find_site(SITE)
    names.settle_site(site.site_id)

    assert (site.site_id, "") == (names.find_site(SITE), names.find_site(URL))


def test_equal_pages_have_different_commitments(names):
    """Two scans of one page cannot be linked in the ledger."""
    first, second = names.commit_scan(A, [URL], BODY), names.commit_scan(B, [URL], BODY)

    assert set() == set(first) & set(second)


@pytest.mark.parametrize(
    ("urls", "name"),
    [([URL], URL), ([URL, URL], URL), ([URL, LANDED], f"{URL}\n{LANDED}")],
    ids=["one", "the same twice", "redirected"],
)
def test_the_scans_key_opens_both_commitments(vault, names, urls, name):
    """URLs are bound line by line, the page by its digest in hex."""
    found = names.commit_scan(A, urls, BODY)
    [(key,)] = rows(vault.path, "SELECT key FROM url")

    assert found == tuple(
        hmac.digest(key, text.encode(), "sha256").hex() for text in (name, BODY)
    )


def test_no_whole_page_no_commitment(names):
    """The digest of half a page would bind nothing."""
    assert "" == names.commit_scan(A, [URL], "")[1]


@pytest.mark.parametrize(
    "urls",
    [[], [URL, LANDED, URL], [""], [f"{URL}\n{LANDED}"]],
    ids=["none", "three", "empty", "two in one"],
)
def test_urls_that_cannot_be_bound(names, urls):
    """What would be read otherwise than it was written is refused."""
    with pytest.raises(InputError, match="expected one URL or two"):
        names.commit_scan(A, urls, BODY)


def test_a_scan_is_kept_once(names):
    """A second one of the same id would put another key in its place."""
    names.commit_scan(A, [URL], BODY)

    with pytest.raises(ConflictError, match="already kept"):
        names.commit_scan(A, [LANDED], BODY)


def test_urls_of_a_scan(names):
    """The asked one first; of an unknown scan none."""
    names.commit_scan(A, [URL, LANDED], BODY)

    assert ((URL, LANDED), ()) == (names.urls(A), names.urls(B))


def test_scans_of_a_url(names):
    """Oldest first, those that the ledger holds, by the URL that was asked for."""
    for scan_id in (B, A, C):
        names.commit_scan(scan_id, [URL, LANDED], BODY)
    for scan_id in (A, B):
        names.settle_url(scan_id)

    assert ([B, A], []) == (names.scans_of(URL), names.scans_of(LANDED))


@pytest.mark.parametrize(
    ("kept", "asked", "is_same"),
    [(BODY, BODY, True), (BODY, "0" * 64, False), ("", "", False), (BODY, "", False)],
    ids=["the same", "another", "none of none", "none"],
)
def test_the_page_that_was_looked_at(names, kept, asked, is_same):
    """Only a whole page that was looked at is the same page."""
    names.commit_scan(A, [URL], kept)

    assert (is_same, False) == (
        names.check_response(A, asked),
        names.check_response(B, asked),
    )


def test_what_the_ledger_never_heard_of_is_dropped(vault, names):
    """Names of a scan that was killed before its event."""
    known, lost = names.site(SITE), names.site("https://lost.example")
    names.settle_site(known.site_id)
    names.commit_scan(A, [URL], BODY)
    names.commit_scan(B, ["https://lost.example/page"], BODY)
    names.settle_url(A)
    names.drop_pending()

    assert {known.site_id: SITE} == names.origins()
    assert names.site("https://lost.example").site_id != lost.site_id
    assert [(URL,)] == rows(vault.path, "SELECT name FROM url")
