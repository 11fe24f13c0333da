"""Detectors whose libraries are not installed."""

import sys

import pytest

from ledger.errors import InputError
from producers.pii import NameDetector, PresidioDetector
from producers.pii.identity import IdentityDetector
from producers.pii.payments import CardDetector, IbanDetector
from producers.pii.phones import PhoneDetector


@pytest.mark.parametrize(
    ("modules", "make", "extra"),
    [
        (("presidio_analyzer",), PresidioDetector, "tuneledger[presidio]"),
        (("spacy",), lambda: NameDetector("en_core_web_sm"), "tuneledger[names]"),
        (("stdnum", "stdnum.iban"), IbanDetector, "tuneledger[pii]"),
        (("stdnum", "stdnum.luhn"), CardDetector, "tuneledger[pii]"),
        (("stdnum",), IdentityDetector, "tuneledger[pii]"),
        (("phonenumbers",), PhoneDetector, "tuneledger[pii]"),
    ],
    ids=["presidio", "spacy", "iban", "card", "identity", "phone"],
)
def test_a_missing_library_is_named(monkeypatch, modules, make, extra):
    """The error is one line and names the extra that brings the library."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(InputError) as refused:
        make()

    assert extra in str(refused.value)
    assert "\n" not in str(refused.value)
