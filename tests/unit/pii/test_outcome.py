"""Findings, redaction and the decision."""

from dataclasses import fields

import pytest

from ledger.errors import InputError
from producers.pii import (
    PLACEHOLDERS,
    SENSITIVE_CLASSES,
    Findings,
    SensitivityPolicy,
    Span,
    decide,
    default_detectors,
    marker_detector,
    redact,
    scan,
)
from producers.pii.findings import merge, overlap, settle


def test_findings_show_counts_only():
    """Neither `repr` nor `str` of findings shows a value or a place."""
    findings = scan("jane@example.org and 8.8.8.8")

    assert "Findings(email=1, ip_address=1)" == repr(findings) == str(findings)


def test_counts_by_class():
    """Each class that was found has its number."""
    findings = scan("a@example.org b@example.org 8.8.8.8")

    assert {"email": 2, "ip_address": 1} == findings.counts


def test_one_reading_of_one_number():
    """Digits that fit two kinds of numbers count once, as the kind with more checks."""
    spans = [
        Span(0, 16, "phone"),
        Span(0, 19, "payment_card"),
        Span(5, 9, "national_id"),
    ]

    assert (Span(0, 19, "payment_card"),) == settle(spans).spans


def test_two_classes_of_one_place():
    """What is two things at once counts as both."""
    spans = (Span(0, 9, "declared_subject"), Span(0, 9, "email"))

    assert set(spans) == set(settle(spans).spans)


def test_merged_spans_do_not_overlap():
    """A chain of overlaps becomes one span; neighbours stay two."""
    spans = [Span(0, 4, "phone"), Span(3, 8, "iban"), Span(8, 9, "phone")]

    merged = merge(spans)

    assert [Span(0, 8, "iban"), Span(8, 9, "phone")] == merged
    assert not overlap(merged)
    assert overlap(spans)


def test_redaction():
    """Values are replaced by the names of their classes."""
    text = "jane@example.org, 8.8.8.8"

    assert "[EMAIL], [IP_ADDRESS]" == redact(text, scan(text))


def test_redaction_of_some_classes():
    """Classes that are not asked for are left."""
    text = "jane@example.org, 8.8.8.8"

    assert "jane@example.org, [IP_ADDRESS]" == redact(text, scan(text), {"ip_address"})


def test_redaction_of_overlapping_classes():
    """Findings that overlap become one placeholder."""
    findings = Findings((Span(0, 6, "email"), Span(4, 8, "declared_subject")))

    assert "[EMAIL]ij" == redact("abcdefghij", findings)


def test_redaction_of_another_text():
    """Findings of a longer text are refused."""
    with pytest.raises(InputError):
        redact("short", Findings((Span(0, 6, "email"),)))


@pytest.mark.parametrize("name", SENSITIVE_CLASSES)
def test_placeholders_are_no_findings(name):
    """A placeholder is not found again, even by a marker of the user."""
    text = f"x {PLACEHOLDERS[name]} y"
    detectors = [*default_detectors(), marker_detector([name])]

    assert Findings(()) == scan(text, detectors=detectors)


def test_a_policy_has_an_action_for_each_class():
    """The fields of the policy are the classes."""
    assert SENSITIVE_CLASSES == tuple(f.name for f in fields(SensitivityPolicy))


def test_an_unknown_action_is_refused():
    """An action is one of the four."""
    with pytest.raises(InputError):
        SensitivityPolicy(email="drop")


def test_the_strictest_action_wins():
    """One class that blocks is enough, and is named."""
    findings = Findings((Span(0, 1, "email"), Span(2, 3, "secret")))

    assert ("block", ("secret",)) == decide(findings, SensitivityPolicy())


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("secret", "block"),
        ("payment_card", "block"),
        ("health", "review"),
        ("sex_life", "review"),
        ("email", "redact"),
    ],
)
def test_default_action(name, action):
    """Secrets and cards block, special categories wait, identifiers are replaced."""
    decision = decide(Findings((Span(0, 1, name),)), SensitivityPolicy())

    assert (action, (name,)) == decision


@pytest.mark.parametrize("names", [(), ("declared_subject",)], ids=["none", "accepted"])
def test_nothing_to_act_on(names):
    """A record without findings, or with accepted ones, is accepted without classes."""
    findings = Findings(tuple(Span(0, 1, name) for name in names))

    assert ("accept", ()) == decide(findings, SensitivityPolicy())


def test_classes_of_an_action():
    """A policy lists the classes that call for an action."""
    policy = SensitivityPolicy(secret="redact")

    assert frozenset({"payment_card"}) == policy.classes("block")
