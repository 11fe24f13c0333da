"""ledger.names: sites and URLs behind random ids."""

import hmac
from contextlib import closing

import pytest

from ledger.names import Names
from ledger.vault import Vault
from tests.unit.ledger.workshop import Random
from tests.unit.workspace.office import rows

SITE, URL = "https://jane.example", "https://jane.example/diary"


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


def test_equal_urls_have_different_commitments(names):
    """Two scans of one page cannot be linked in the ledger."""
    assert names.commit_url("a" * 32, URL) != names.commit_url("b" * 32, URL)


def test_what_the_ledger_never_heard_of_is_dropped(vault, names):
    """Names of a scan that was killed before its event."""
    known, lost = names.site(SITE), names.site("https://lost.example")
    names.settle_site(known.site_id)
    names.commit_url("a" * 32, URL)
    names.commit_url("b" * 32, "https://lost.example/page")
    names.settle_url("a" * 32)
    names.drop_pending()

    assert {known.site_id: SITE} == names.origins()
    assert names.site("https://lost.example").site_id != lost.site_id
    assert [(URL,)] == rows(vault.path, "SELECT name FROM url")
