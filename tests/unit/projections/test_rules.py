"""The rule packs hold what the guidelines and the template say."""

import hashlib
from fractions import Fraction
from importlib import resources

import pytest

from ledger.errors import InputError
from ledger.projections.compute import Flop
from ledger.rules import GPAI, PACKS, load_pack
from ledger.rules.gpai import gpai_rules
from ledger.rules.summary import summary_template


@pytest.mark.parametrize("name", PACKS)
def test_digest_is_of_the_file(name):
    """A pack's digest is SHA-256 over the shipped bytes."""
    content = resources.files("ledger.rules").joinpath(f"{name}.toml").read_bytes()

    assert hashlib.sha256(content).hexdigest() == load_pack(name).sha256


@pytest.mark.parametrize("name", ["", "eu_gpai", "../errors", f"{GPAI}.toml"])
def test_unknown_pack_is_refused(name):
    """Only shipped packs are read, so a name cannot lead to another file."""
    with pytest.raises(InputError, match="unknown rule pack"):
        load_pack(name)


def test_thresholds_are_exact():
    """10^23, 10^25, one third and 30 % have no rounding."""
    numbers = gpai_rules()[0].thresholds

    assert 10**23 == int(numbers.gpai_indicative_flop)
    assert 10**25 == int(numbers.systemic_risk_flop)
    assert Fraction(1, 3) == numbers.share
    assert Fraction(3, 10) == numbers.estimate_error


def test_every_phase_is_in_one_place():
    """Each metered phase is in the cumulative counter or left out, never both."""
    counters = gpai_rules()[0].counters

    assert sorted(Flop.__struct_fields__) == sorted(
        counters.cumulative.phases + counters.left_out.phases
    )
    assert ("forward", "backward") == counters.direct.phases


def test_high_risk_applies_from_the_omnibus_dates():
    """Annex III applies from 2 December 2027 and Annex I from 2 August 2028."""
    roles = {role.role: role for role in gpai_rules()[0].roles}
    dates = [
        entry.date.isoformat()
        for entry in roles["HIGH_RISK_PROVIDER_ART25"].applies_from
    ]

    assert ["2027-12-02", "2028-08-02"] == dates


def test_template_has_its_53_fields_in_order():
    """51 leaf fields and the two of the header, in the template's order."""
    ids = [field.id for field in summary_template()[0].fields()]
    expected = [
        f"{section}.{letter}"
        for section, letters in [
            ("1.1", "ab"),
            ("1.2", "abc"),
            ("1.3", "abcdefg"),
            ("2.1", "abcde"),
            ("2.2.1", "ab"),
            ("2.2.2", "abcde"),
            ("2.3", "abcdefghi"),
            ("2.4", "abcde"),
            ("2.5", "abcde"),
            ("2.6", "abc"),
            ("3.1", "abc"),
            ("3.2", "a"),
            ("3.3", "a"),
        ]
        for letter in letters
    ]

    assert ["H.1", "H.2", *expected] == ids
    assert len(ids) == 53


@pytest.mark.parametrize(
    ("tokens", "band"),
    [
        (0, "Less than 1 billion tokens"),
        (10**9 - 1, "Less than 1 billion tokens"),
        (10**9, "1 billion to 10 trillion tokens"),
        (10**13, "1 billion to 10 trillion tokens"),
        (10**13 + 1, "More than 10 trillion tokens"),
    ],
)
def test_text_band_edges_are_in_the_middle(tokens, band):
    """ "1 billion to 10 trillion" includes both of its ends."""
    assert band == summary_template()[0].text_tokens.of(tokens)
