"""producers.ingest.policy: the rules under one digest."""

import hashlib
import json

import msgspec
import pytest

from ledger.errors import InputError
from ledger.events import decode_event, encode_event
from producers.ingest.policy import IngestPolicy
from producers.ingest.rules import shipped_rules

OTHER_RULES = msgspec.structs.replace(shipped_rules(), version="2020-01-01")
POLICY = IngestPolicy(
    basket_version="2026-11-23", basket_relaxed=frozenset({"GPTBot", "CCBot"})
)


def test_default_is_eu_and_uk():
    """Without a choice, a record must pass in both jurisdictions."""
    policy = IngestPolicy(basket_version="2026-11-23")

    assert frozenset({"eu", "uk"}) == policy.jurisdictions


def test_document_bytes():
    """The document is sorted JSON without spaces, and says what it is."""
    value = json.loads(POLICY.document())
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    assert canonical == POLICY.document()
    assert hashlib.sha256(canonical).hexdigest() == POLICY.sha256()
    assert "tuneledger/ingest-policy/v2" == value["format"]
    assert ["CCBot", "GPTBot"] == value["basket_relaxed"]


def test_the_document_holds_the_rules():
    """Every rule that may decide is in the document, word for word."""
    value = json.loads(POLICY.document())

    assert json.loads(json.dumps(shipped_rules().document())) == value["rules"]


@pytest.mark.parametrize(
    "change",
    [
        {"basket_version": "2026-11-24"},
        {"jurisdictions": frozenset({"eu"})},
        {"basket_relaxed": frozenset()},
        {"purpose": "research"},
        {"sensitive": (("email", "block"),)},
        {"rules": OTHER_RULES},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_changes_the_digest(change):
    """No rule can change under the same digest."""
    base = {"basket_version": "2026-11-23", "basket_relaxed": frozenset({"GPTBot"})}

    assert IngestPolicy(**base).sha256() != IngestPolicy(**{**base, **change}).sha256()


def test_event_round_trip():
    """The adopting event obeys its schema and repeats the document."""
    event = decode_event(encode_event(POLICY.to_event(), salt="0" * 24))
    document = json.loads(POLICY.document())

    assert POLICY.sha256() == event.policy_sha256
    assert document["jurisdictions"] == event.jurisdictions
    assert document["basket_relaxed"] == event.basket_relaxed
    assert document["basket_version"] == event.basket_version


@pytest.mark.parametrize(
    "fields",
    [
        {"jurisdictions": frozenset()},
        {"jurisdictions": frozenset({"eu", "us"})},
        {"licence_table_version": "2020-01-01"},
    ],
    ids=["none", "unknown", "other-table"],
)
def test_refused(fields):
    """A policy without a known jurisdiction, or of another table, is refused."""
    with pytest.raises(InputError, match=r"^policy: expected "):
        IngestPolicy(basket_version="2026-11-23", **fields)
