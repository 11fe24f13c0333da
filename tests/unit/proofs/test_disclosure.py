"""Disclosures: names that open commitments, and no other names."""

import hmac
import json
import shutil

import pytest

from ledger.errors import InputError
from ledger.events.optout import UrlScanned
from ledger.export.disclosure import Asked, encode_disclosure
from tests.unit.proofs.material import (
    BODY_SHA256,
    LANDED,
    PAGES,
    SCANS,
    SITES,
    canonical,
    check,
)


def disclosed(material, **asked):
    """The bytes of a disclosure."""
    with material.office.open() as workspace:
        proof = encode_disclosure(workspace.ledger, workspace.vault, Asked(**asked))
        return proof.content


def test_one_site(material, tmp_path):
    """The asked site's name is shown and proven; no other name is in the bytes."""
    content = disclosed(material, sites=[SITES[1]])
    report = check(tmp_path, content, policy=material.policy)

    assert (0, "L3") == (report.exit_code, report.verdict), report.as_text()
    assert [SITES[1]] == [one["name"] for one in report.content["openings"]]
    for other in (SITES[0], SITES[2], *PAGES):
        assert other.encode() not in content


def test_a_page(material, tmp_path):
    """A scan's URL is disclosed by its scan id."""
    report = check(
        tmp_path, disclosed(material, scans=[SCANS[0]]), root_keys=material.root
    )

    assert 0 == report.exit_code
    assert [PAGES[0]] == [one["name"] for one in report.content["openings"]]


def test_the_key_of_a_page_opens_its_response_too(material):
    """Who has the page can check that it is the one that was looked at."""
    [opening] = json.loads(disclosed(material, scans=[SCANS[0]]))["openings"]
    [scan] = [
        one for one in material.office.events(UrlScanned) if one.scan_id == SCANS[0]
    ]
    key = bytes.fromhex(opening["key"])

    assert (
        scan.response_commitment
        == hmac.digest(key, BODY_SHA256.encode(), "sha256").hex()
    )


def test_all_sites_and_a_page(material, tmp_path):
    """Several events of one submission, each with its opening, in order."""
    content = disclosed(material, all_sites=True, scans=[SCANS[1]])
    report = check(tmp_path, content, root_keys=material.root)

    assert 0 == report.exit_code
    names = [one["name"] for one in report.content["openings"]]
    assert [*SITES, f"{PAGES[1]}\n{LANDED}"] == names
    assert PAGES[0].encode() not in content


def test_each_checks_in_any_order_of_asking(material):
    """The same names give the same bytes."""
    assert disclosed(material, sites=SITES[:2]) == disclosed(
        material, sites=SITES[1::-1]
    )


@pytest.mark.parametrize(
    "asked",
    [{}, {"sites": ["https://a.example/"]}, {"scans": ["00" * 16]}],
    ids=["nothing", "unknown site", "unknown scan"],
)
def test_refused(material, asked):
    """What is not in the vault cannot be disclosed, and the error names nothing."""
    with pytest.raises(InputError) as refused:
        disclosed(material, **asked)

    assert "a.example" not in str(refused.value)


def test_an_erased_page(material, tmp_path):
    """A URL that the vault has forgotten cannot be disclosed any more."""
    office = material.office.copy(tmp_path / "acme")
    with office.open() as workspace:
        workspace.vault.connection.execute("DELETE FROM url")
        with pytest.raises(InputError, match="erased"):
            encode_disclosure(
                workspace.ledger, workspace.vault, Asked(scans=[SCANS[0]])
            )
    shutil.rmtree(office.folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "https://b.example"),
        ("name", SITES[0] + "\u200b"),
        ("key", "00" * 32),
        ("field", "url_commitment"),
        ("field", "site_id"),
    ],
    ids=["another name", "invisible character", "another key", "another field", "no"],
)
def test_a_wrong_opening(material, tmp_path, field, value):
    """A name or key that the commitment does not hold is LV925."""
    proof = json.loads(disclosed(material, sites=[SITES[0]]))
    proof["openings"][0][field] = value
    report = check(tmp_path, canonical(proof), root_keys=material.root)

    assert (1, "LV925") == (report.exit_code, report.findings[0].code)


def test_an_opening_of_another_event(material, tmp_path):
    """Two openings exchanged between their events are found."""
    proof = json.loads(disclosed(material, sites=SITES[:2]))
    one, other = proof["openings"]
    one["event"], other["event"] = other["event"], one["event"]
    proof["openings"].reverse()
    report = check(tmp_path, canonical(proof), root_keys=material.root)

    assert (1, "LV925") == (report.exit_code, report.findings[0].code)


@pytest.mark.parametrize("change", ["drop", "double", "swap"])
def test_openings_and_events_correspond(material, tmp_path, change):
    """An event without an opening, or an opening twice, is LV924."""
    proof = json.loads(disclosed(material, sites=SITES[:2]))
    openings = proof["openings"]
    proof["openings"] = {
        "drop": openings[:1],
        "double": [openings[0], openings[0]],
        "swap": openings[::-1],
    }[change]
    report = check(tmp_path, canonical(proof), root_keys=material.root)

    assert (1, "LV924") == (report.exit_code, report.findings[0].code)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("event", "1", "an event id such as 7.3"),
        ("event", "01.0", "an event id such as 7.3"),
        ("key", "00", "a key of 64 hex digits"),
        ("name", "", "a name of 1 to 131072 bytes"),
        ("name", "x" * 131_073, "a name of 1 to 131072 bytes"),
    ],
    ids=["no index", "leading zero", "short key", "no name", "long name"],
)
def test_a_malformed_opening(material, tmp_path, field, value, expected):
    """The shape of an opening is checked before anything is compared."""
    proof = json.loads(disclosed(material, sites=[SITES[0]]))
    proof["openings"][0][field] = value
    report = check(tmp_path, canonical(proof), root_keys=material.root)

    assert ("LV921", expected) == (
        report.findings[0].code,
        report.findings[0].expected,
    )
