"""The certificate: what it says, what it rests on, and the page to print."""

import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from ledger.events.erasure import ErasureCertified
from ledger.export.canonical import canonical_json
from ledger.export.receipt import encode_receipt
from ledger.vault.recipients import RECORDS, Recipients
from producers.erasing.certificate import (
    EXACTNESS,
    KEY_STORES,
    NOT_COVERED,
)
from producers.erasing.certificate_page import certificate_page
from tests.unit.erasure.asked import answer
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.workspace.office import leaks, record, secrets_of
from verifier.proofs.check import check_proof


@pytest.fixture
def certified(trained):
    """An office that erased Jane, and her certificate."""
    erased = trained.erase("jane")
    return trained, erased.certificate


def document_of(certificate):
    return json.loads(certificate.read_bytes())


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.words.append(data)


def test_it_says_what_it_does_not_cover(certified):
    """Pre-training, originals, copies, backups, remnants, and the ids."""
    assert list(NOT_COVERED) == document_of(certified[1])["not_covered"]


def test_a_record_that_only_mentions_the_person_stays(office):
    """It is encrypted, so no search finds it; the certificate says so."""
    hers = record("hers", "My own letter.", "Ursula Lindqvist")
    his = record("his", "Ursula Lindqvist wrote to me at noon.", "bob")
    office.ingest([hers, his])
    erased = office.erase("Ursula Lindqvist")
    document = document_of(erased.certificate)

    assert (1, 0) == (document["records_erased"], document["files_with_an_identifier"])
    assert any("without declaring it" in one for one in document["not_covered"])


def test_it_names_the_guarantee_of_the_key_store(certified):
    """Where the keys were, and what that can promise."""
    document = document_of(certified[1])

    assert KEY_STORES[document["key_store"]] == document["key_store_guarantee"]


def test_it_says_what_its_exactness_means(certified):
    """In words, beside the word."""
    document = document_of(certified[1])

    assert EXACTNESS["bitwise_equal"] == document["exactness_means"]


def test_a_receipt_of_each_event(certified):
    """All that it rests on, in the ledger's order."""
    document = document_of(certified[1])
    events = {event for phase in document["evidence"].values() for event in phase}

    assert len(events) == len(document["receipts"])
    assert "certified" not in document["evidence"]


def test_each_receipt_is_one_that_the_ledger_gives(certified):
    """The very bytes of a receipt file, over the certificate's checkpoint."""
    office, certificate = certified
    document = document_of(certificate)
    [verified] = document["evidence"]["verified"]
    receipt = document["receipts"][-1]
    size = int(document["ledger"]["checkpoint"].splitlines()[1])
    with office.open() as workspace:
        proof, _ = encode_receipt(workspace.ledger, verified, size=size)

    assert proof.content == canonical_json(receipt)


def test_each_receipt_verifies(certified, tmp_path):
    """By the auditor's half, under the pinned root key."""
    office, certificate = certified
    for receipt in document_of(certificate)["receipts"]:
        path = tmp_path / "receipt.json"
        path.write_bytes(canonical_json(receipt))
        report = check_proof(path, root_keys=[office.vkey], now_ms=NOW_MS)
        assert 0 == report.exit_code, report.as_text()


def test_nobody_is_named(certified):
    """Neither in the JSON nor on the page."""
    office, _ = certified

    assert [] == leaks(office.folder / "artifacts", secrets_of("jane"))


def test_the_page_names_the_json(certified):
    """Its digest, which the ledger holds."""
    office, certificate = certified
    [event] = office.events(ErasureCertified)
    page = certificate.with_suffix(".html").read_text()

    assert hashlib.sha256(certificate.read_bytes()).hexdigest() in page
    assert event.certificate_sha256 in page


def test_the_page_loads_and_runs_nothing(certified):
    """No script, no link, no picture: it prints the same in twenty years."""
    page = Page(certified[1].with_suffix(".html").read_text())

    assert {"html", "head", "meta", "title", "style", "body"} < set(page.tags)
    assert not {"script", "link", "img", "iframe", "object", "a"} & set(page.tags)
    assert not {"src", "href", "onload", "style"} & set(page.attributes)


def test_the_page_fits_a4(certified):
    """It is made to be printed and filed."""
    assert "@page { size: A4" in certified[1].with_suffix(".html").read_text()


def test_the_page_says_what_is_not_covered(certified):
    """Not only the JSON does."""
    words = " ".join(Page(certified[1].with_suffix(".html").read_text()).words)

    assert [] == [text for text in NOT_COVERED if text not in words]


def test_every_value_on_the_page_is_escaped(certified):
    """Whatever a future field holds, it is text."""
    document = document_of(certified[1])
    evil = '<script>alert("x")</script>&'

    def spoil(value):
        if isinstance(value, dict):
            return {name: spoil(one) for name, one in value.items()}
        if isinstance(value, list):
            return [spoil(one) for one in value] or [evil]
        return evil

    page = certificate_page(spoil(document), evil).decode()

    assert "script" not in Page(page).tags
    assert page.count("&lt;script&gt;") > 30


def test_there_is_no_word_of_compliance(certified):
    """It says what was done; what that means in law is for others."""
    text = certified[1].read_text() + certified[1].with_suffix(".html").read_text()

    assert not re.search("complian|guarantees? that|fully erased", text, re.IGNORECASE)


def test_recipients_are_counted_and_not_named(trained):
    """Known, told, and not to be told."""
    erased = trained.erase("jane", retrain=False)
    with trained.open() as workspace:
        recipients = Recipients(workspace.vault)
        for name in ("Acme Ltd", "Beta GmbH", "Gamma SA"):
            recipients.add(name, RECORDS, now_ms=0)
    answer(
        trained,
        "notify",
        erased.erasure_id,
        told=["Acme Ltd"],
        impossible=["Gamma SA"],
    )
    [finished] = trained.finish()
    document = document_of(finished.certificate)

    assert {"known": 3, "told": 1, "impossible": 1} == document["recipients"]
    assert "Acme" not in finished.certificate.read_text()
    trained.check()


def test_a_certificate_cannot_exist_before_its_evidence(trained):
    """No file, no event, until everything else is done."""
    erased = trained.erase("jane", retrain=False)

    assert erased.certificate is None
    assert [] == list((trained.folder / "artifacts").glob("erasure-*"))
