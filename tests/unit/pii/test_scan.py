"""Properties of scanning: any text, any window, bounded work."""

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import InputError
from producers.pii import (
    FingerprintDetector,
    Hints,
    Span,
    credentials,
    default_detectors,
    fingerprint,
    fingerprints,
    identity,
    marker_detector,
    network,
    payments,
    phones,
    phrases,
    redact,
    redact_all,
    scan,
    subjects,
)
from producers.pii.classes import REACH_CHARS
from producers.pii.findings import merge
from producers.pii.scan import TEXT_CHARS_MAX

KEY = bytes(32)
PASSAGE = "the quick brown fox jumps over the lazy dog and then sleeps in the warm sun"
HINTS = Hints(
    countries=("DE", "GB", "US", "PL", "FR"),
    subjects=("Jane Doe", "jane@example.org", "+49 30 901820"),
)
PIECES = (
    "jane@example.org",
    "Jane Doe",
    "Doe, Jane",
    "8.8.8.8",
    "2a00:1450:4001:81b::200e",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "+49 30 901820",
    "030 901820",
    "943 476 5919",
    "NHS",
    "password=hunter2hunter9",
    "https://u:s3cr3tpw@h.org/",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "type 2 diabetes",
    "streng vertraulich",
    PASSAGE,
    "[EMAIL]",
    "ß\u0301\u00ad",
    "\ud800",
    "@",
    ":",
    ".",
    " ",
    "\n",
    "1",
    "x",
)
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=200),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=30).map(
        "".join
    ),
    st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
)


def every_detector():
    """All detectors that need no model."""
    index = fingerprint([PASSAGE], key=KEY)
    return (
        *default_detectors(),
        marker_detector(["email", "nightjar"]),
        FingerprintDetector(index, key=KEY),
    )


@given(TEXTS)
@example("\ud800@\ud800.\ud800")
@example("@" * 300)
def test_any_text_can_be_scanned(text):
    """Findings of any text lie in it, and are ordered."""
    spans = scan(text, detectors=every_detector(), hints=HINTS).spans

    assert list(spans) == sorted(spans)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@given(TEXTS, st.integers(1, 40))
def test_windows_change_nothing(text, window_chars):
    """A text that is read in windows has the findings of the whole text."""
    whole = scan(text, detectors=every_detector(), hints=HINTS)

    windows = scan(
        text, detectors=every_detector(), hints=HINTS, window_chars=window_chars
    )

    assert whole == windows


def test_windows_of_a_long_text():
    """Values on the edges of windows of a long text are found once."""
    line = "jane@example.org, 4111 1111 1111 1111, NHS 943 476 5919, type 2 diabetes. "
    text = line * 200

    findings = scan(text, window_chars=1_000)

    assert scan(text, window_chars=len(text)) == findings
    assert {"email": 200, "payment_card": 200, "health_id": 200, "health": 200} == (
        findings.counts
    )


@given(TEXTS)
@example("4111 1111 1111 1111 030 0000")
def test_redaction_removes_every_finding(text):
    """What was redacted holds no finding, and redacting it changes nothing."""
    once = redact_all(text, detectors=every_detector(), hints=HINTS)

    assert not scan(once, detectors=every_detector(), hints=HINTS).spans
    assert once == redact_all(once, detectors=every_detector(), hints=HINTS)


@given(TEXTS)
def test_redaction_changes_nothing_but_findings(text):
    """What stands between findings is kept, in order."""
    findings = scan(text, hints=HINTS)
    merged = merge(findings.spans)

    redacted = redact(text, findings)

    edges = [
        0,
        *(edge for span in merged for edge in (span.start, span.end)),
        len(text),
    ]
    kept = [text[low:high] for low, high in zip(edges[::2], edges[1::2], strict=True)]
    pattern = r"\[[A-Z0-9_]+\]".join(re.escape(piece) for piece in kept)
    assert re.fullmatch(pattern, redacted)


def test_redaction_that_does_not_end():
    """A text whose findings show only one after the other is refused in the end."""

    class LastOnly:
        def find(self, text, hints):
            last = text.rfind("x")
            return [Span(last, last + 1, "secret")] if last >= 0 else []

    with pytest.raises(InputError):
        redact_all("x" * 9, detectors=[LastOnly()])


def test_redaction_of_some_classes_leaves_others():
    """Only the classes that are asked for are replaced."""
    text = "jane@example.org 8.8.8.8"

    assert "[EMAIL] 8.8.8.8" == redact_all(text, {"email"})


@pytest.mark.parametrize("value", PIECES[:17])
def test_redaction_is_idempotent(value):
    """What was redacted holds no finding."""
    once = redact(f"a {value} b", scan(f"a {value} b", hints=HINTS))

    assert once == redact(once, scan(once, hints=HINTS))


def test_a_text_that_is_too_long():
    """One character past the limit is refused."""
    with pytest.raises(InputError):
        scan("x" * (TEXT_CHARS_MAX + 1), detectors=())


def test_an_empty_window():
    """A window holds a character at least."""
    with pytest.raises(InputError):
        scan("x", window_chars=0)


def patterns():
    """Every compiled pattern that meets a text."""
    modules = (
        credentials,
        fingerprints,
        identity,
        network,
        payments,
        phones,
        phrases,
        subjects,
    )
    found = [p for m in modules for p in vars(m).values() if isinstance(p, re.Pattern)]
    found += [kind.pattern for kind in identity.identity_kinds()]
    return found + [form.pattern for form in credentials.secret_formats()]


@pytest.mark.parametrize("pattern", patterns(), ids=lambda p: p.pattern[:30])
def test_every_repetition_has_a_limit(pattern):
    r"""A match costs at most a constant; only `\w+`, one class, may go on."""
    unlimited = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", "c", pattern.pattern)

    assert pattern.pattern == r"\w+" or not re.search(r"[*+]|\{[0-9]*,\}", unlimited)


@pytest.mark.parametrize(
    "unit",
    [
        "a@",
        "1 ",
        "+1",
        "0",
        "::",
        "1.",
        "eyJ",
        "DE89 ",
        "[EMAIL]",
        "a.",
        "password=",
        "-----",
    ],
)
def test_work_grows_with_the_text(unit):
    """Twice the text makes at most about twice the calls."""

    def calls(count):
        made = 0

        def tell(_frame, event, _argument):
            nonlocal made
            made += event in ("call", "c_call")

        text = unit * count
        sys.setprofile(tell)
        try:
            scan(text, hints=HINTS)
        finally:
            sys.setprofile(None)
        return made

    calls(10)

    assert 2.5 * calls(2_000) + REACH_CHARS > calls(4_000)
