"""Dictionaries, markers and declared subjects."""

import unicodedata

import pytest

from ledger.errors import InputError
from producers.pii import (
    ARTICLE_9_CLASSES,
    Hints,
    marker_detector,
    phrase_detector,
    scan,
)
from producers.pii.phrases import article_9_languages
from producers.pii.tables import load_table


def wide(text):
    """The text in full-width letters, its blanks as they are."""
    return "".join(c if c == " " else chr(ord(c) + 0xFEE0) for c in text)


def found(text, detectors=None, subjects=()):
    """Class and text of each finding."""
    spans = scan(text, detectors=detectors, hints=Hints(subjects=subjects)).spans
    return [(span.sensitive_class, text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    ("text", "sensitive_class"),
    [
        ("She tested positive for HIV in May", "health"),
        ("Er ist Gewerkschaftsmitglied.", "trade_union"),
        ("il est converti à l\u2019islam", "religion"),
        ("la mutazione BRCA1", "genetic"),
        ("su orientación sexual", "sex_life"),
        ("zijn biometrische gegevens", "biometric"),
        ("a sua origem étnica", "origin"),
        ("jego poglądy polityczne", "political"),
    ],
    ids=["en", "de", "fr", "it", "es", "nl", "pt", "pl"],
)
def test_special_categories(text, sensitive_class):
    """A phrase of each language is found under its category."""
    assert [sensitive_class] == [name for name, _ in found(text)]


@pytest.mark.parametrize("language", article_9_languages())
def test_every_dictionary_has_every_category(language):
    """No language is without phrases for a category."""
    table = load_table("terms", f"{language}.toml")

    assert set(ARTICLE_9_CLASSES) == {
        name for name, phrases in table.items() if phrases
    }


def test_eight_languages():
    """Dictionaries of eight languages ship."""
    assert ("de", "en", "es", "fr", "it", "nl", "pl", "pt") == article_9_languages()


@pytest.mark.parametrize(
    "text",
    [
        "TYPE 2 DIABETES",
        "type\n2  diabetes",
        wide("Type 2 diabetes"),
        "type-2-diabetes",
    ],
    ids=["capitals", "line end", "full width", "hyphens"],
)
def test_phrases_are_folded(text):
    """Case, width, line ends and hyphens make no difference."""
    assert [("health", text)] == found(text)


@pytest.mark.parametrize(
    "text",
    [
        "prototype 2 diabetes",
        "type 2 diabetesx",
        "type 2. Diabetes",
        "type 2 [x] diabetes",
    ],
)
def test_phrases_are_whole_words(text):
    """A part of a word, or another sentence, is not the phrase."""
    assert [] == found(text)


def test_accents_of_a_phrase_in_any_form():
    """Composed and decomposed accents, or none, find the same phrase."""
    phrase = "orientación sexual"
    forms = [phrase, unicodedata.normalize("NFD", phrase), "orientacion sexual"]

    assert [[("sex_life", form)] for form in forms] == [found(form) for form in forms]


def test_shipped_marker():
    """A marker that ships is found as proprietary."""
    assert [("proprietary", "Streng vertraulich")] == found("Streng vertraulich!")


def test_marker_of_the_user():
    """A name of a project that the user gives is found."""
    detectors = [marker_detector(["Project Nightjar"])]

    assert [("proprietary", "PROJECT NIGHTJAR")] == found("PROJECT NIGHTJAR", detectors)


def test_dictionary_of_the_user():
    """A dictionary of the user adds phrases to any class."""
    detectors = [phrase_detector({"health": ["gluten test"]})]

    assert [("health", "gluten test")] == found("a gluten test", detectors)


@pytest.mark.parametrize(
    "table",
    [{"wealth": ["x"]}, {"health": [" - "]}, {"health": ["x" * 257]}],
    ids=["class", "no word", "length"],
)
def test_refused_dictionary(table):
    """A dictionary with another class, an empty or too long phrase is refused."""
    with pytest.raises(InputError):
        phrase_detector(table)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("jane@example.org", "JANE@Example.ORG"),
        ("jane@example.org", "jane [at] example (dot) org"),
        ("jane@example.org", "jane%40example.org"),
        ("Jane Doe", "jane\u00a0 DOE"),
        ("Jane Doe", "Doe, Jane"),
        ("José Núñez", unicodedata.normalize("NFD", "José Núñez")),
        ("José", unicodedata.normalize("NFD", "José")),
        ("Jane Doe", wide("Jane Doe")),
        ("Jane Doe", "Ja\u00adne D\u200boe"),
        ("Straße 7", "STRASSE 7"),
        ("+49 30 901820", "(030) 90 18 20"),
        ("+4930901820", "+49 (0)30-901820"),
        ("030 901820", "030901820"),
        ("user:4711", "user:4711"),
    ],
    ids=range(14),
)
def test_declared_subject(subject, text):
    """A declared subject is found in any form of its identifier, and whole."""
    hits = found(f"by {text}, today", subjects=(subject,))

    assert ("declared_subject", text) in hits


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Jane Doe", "Jane Doering"),
        ("jane@example.org", "mary-jane@example.orgs"),
        ("+49 30 901820", "030 9018201"),
        ("-- (--) --", "nothing of it"),
        ("   ", "blank"),
    ],
)
def test_other_than_the_subject(subject, text):
    """A longer word or number is somebody else's; marks alone identify nobody."""
    hits = found(text, subjects=(subject,))

    assert "declared_subject" not in [name for name, _ in hits]


def test_hints_show_no_subject():
    """The hints' text shows no identifier."""
    assert "jane" not in repr(Hints(subjects=("jane@example.org",)))


@pytest.mark.parametrize(
    "fields",
    [{"countries": ("de",)}, {"languages": ("DE",)}, {"subjects": ("x",) * 65}],
    ids=["country", "language", "subjects"],
)
def test_refused_hints(fields):
    """Codes of another form, and one subject too many, are refused."""
    with pytest.raises(InputError):
        Hints(**fields)
