"""Terms of use: which URLs, which sentences, and never a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.page.html_meta import read_page_tags
from producers.optout.page.terms import (
    SENTENCES_MAX,
    TEXT_CHARS_MAX,
    URLS_MAX,
    find_sentences,
    terms_statement,
    terms_urls,
)
from producers.optout.vocabulary.signals import SILENCE

MANY_WORDS = (
    "The shop sells bicycles and repairs them on weekdays in the old town. " * 9
)


@pytest.mark.parametrize(
    "text",
    [
        "Text and data mining is not permitted.",
        "Any TDM of this site is reserved.",
        "You may not use our content to train a machine learning model.",
        "Use for the training of large language models is forbidden.",
        "No part may be used for training artificial intelligence technologies.",
        "Content must not be used for AI.",
        "Content must not be used for A.I. purposes.",
        "You will not use robots, spiders or other automated means.",
        "Web-scraping is prohibited.",
        "Crawling is allowed only with our written permission.",
        "Die Nutzung für Text- und Data-Mining gemäß § 44b UrhG ist vorbehalten.",
        "Das Auslesen der Inhalte durch automatisierte Verfahren ist untersagt.",
        "Inhalte dürfen nicht zum Trainieren von KI verwendet werden.",
        "Die Verwendung für Künstliche Intelligenz ist nicht gestattet.",
        "Maschinelles Lernen mit unseren Texten bedarf der Zustimmung.",
        "La fouille de textes et de données est interdite.",
        "Opposition au sens de l'article L.122-5-3 du code.",
        "Toute utilisation pour entraîner un modèle d\u2019IA est interdite.",
        "L'apprentissage automatique est exclu.",
        "Le moissonnage du site est interdit.",
        "Queda prohibida la minería de textos y datos.",
        "No se permite el entrenamiento de sistemas de inteligencia artificial.",
        "È vietata l'estrazione di testo e di dati.",
        "Non è consentito l'addestramento di modelli linguistici.",
        "Tekst- en datamining is niet toegestaan.",
        "Het trainen van kunstmatige intelligentie is verboden.",
        "A mineração de textos e dados é proibida.",
        "Eksploracja tekstów i danych jest zastrzeżona.",
        "禁止将本站内容用于机器学习。",
        "本サイトのデータマイニングを禁じます。",
        "본 사이트의 크롤링을 금지합니다.",
        "Запрещено машинное обучение на материалах сайта.",
        "The rights under Article 4(3) of Directive (EU) 2019/790 are reserved.",
        "TEXT AND DATA MINING IS RESERVED",
        "Text\u00adand da\u200bta min\u00ading is reserved.",
        "Text and\n   data\n   mining is reserved.",
        "La fouille de donne\u0301es est interdite.",
    ],
)
def test_sentence_is_found(text):
    """A sentence that speaks of mining, learning, training or scraping is found."""
    assert "terms_of_use" == terms_statement(text.encode()).review


@pytest.mark.parametrize(
    "text",
    [
        "All rights reserved.",
        "Alle Rechte vorbehalten.",
        "Tous droits réservés.",
        "Le non-respect entraînera la résiliation du compte.",
        "J'ai lu les conditions.",
        "Diamo ai clienti la massima attenzione.",
        "We collect your personal data to deliver the goods.",
        "The trainer of the football club signs the form.",
        MANY_WORDS,
    ],
)
def test_other_sentences_are_not(text):
    """Terms about other things are silent."""
    assert SILENCE == terms_statement(text.encode())


def test_permission_waits_for_a_person_as_well():
    """Prose never allows, whatever it says."""
    said = terms_statement(b"Text and data mining is welcome, for any purpose.")

    assert ("unset", "terms_of_use") == (said.reservation, said.review)


def test_lines_and_text():
    """A sentence has the line that it starts on, and only it is returned."""
    text = "Welcome.\nRead. Text and\ndata mining is reserved! Goodbye.\n\nNo crawling"

    assert [(2, "Text and data mining is reserved!"), (5, "No crawling")] == [
        (found.line, found.text) for found in find_sentences(text)
    ]


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("<p>Hello.</p>\n<p>No text &amp; data&nbsp;mining.</p>", 2),
        ("<p>No <b>Te</b>xt and <i>data</i> mi<wbr>ning.</p>", 1),
        ("<a\nhref='x'>x</a>. <p>No crawling.", 2),
        ("<!-- No crawling. -->", 1),
        ("<script>x = 'No crawling.'</script>", 1),
        ("Hello.\rNo crawling.", 2),
    ],
    ids=[
        "entities",
        "inline",
        "tag over lines",
        "comment",
        "script",
        "carriage return",
    ],
)
def test_markup(page, line):
    """Sentences are found in markup, on their lines."""
    said = terms_statement(page.encode())

    assert ("terms_of_use", line) == (said.review, said.line)


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "cp1252"])
def test_codings(coding):
    """Accents are read in each coding."""
    body = "Künstliche Intelligenz ist ausgeschlossen.".encode(coding)

    assert "terms_of_use" == terms_statement(body).review


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html><body><div id=app></div></body></html>", id="no words"),
        pytest.param(b"<p>Please enable JavaScript to run this app.", id="script only"),
        pytest.param(b"%PDF-1.7\n", id="pdf"),
        pytest.param(b"a\0b", id="binary"),
        pytest.param(b"a" * (TEXT_CHARS_MAX + 1), id="too long"),
    ],
)
def test_unreadable_terms_wait_for_a_person(body):
    """Terms that cannot be read here are read by somebody."""
    said = terms_statement(body)

    assert ("unset", "terms_of_use") == (said.reservation, said.review)


def test_long_sentence_is_read_in_pieces():
    """A phrase is found wherever it stands in a text without full stops."""
    for at in range(700, 1300, 37):
        words = "word " * 400
        text = words[:at] + " text and data mining " + words[at:]

        assert find_sentences(text)


def test_sentences_are_bounded():
    """A page of such sentences yields a bounded number."""
    assert SENTENCES_MAX == len(find_sentences("No crawling. " * 9999))


@given(st.binary(max_size=300))
def test_nothing_is_ever_decided(body):
    """Terms are silent or for a person; no input raises anything."""
    said = terms_statement(body)

    assert ("unset", ()) == (said.reservation, said.stated)


def _urls(page, *policies):
    return terms_urls(read_page_tags(page.encode()), policies)


def test_order_of_terms():
    """The policy first, then what is marked as terms, then links by their words."""
    page = """
      <link rel="terms-of-service" href="/tos">
      <a href="/legal">Legal</a> <a href="/x1">Nutzungsbedingungen</a>
      <a href="/x2" rel="nofollow copyright">c</a> <a href="/shop">Shop</a>
    """

    assert ("https://e.test/p.json", "/tos", "/x2", "/x1", "/legal") == _urls(
        page, "https://e.test/p.json"
    )


@pytest.mark.parametrize(
    "anchor",
    [
        '<a href="/x">Terms of Service</a>',
        '<a href="/x">AGB</a>',
        '<a href="/x">Conditions générales d\u2019utilisation</a>',
        '<a href="/x">Mentions légales</a>',
        '<a href="/x">Términos y condiciones</a>',
        '<a href="/x">Aviso legal</a>',
        '<a href="/x">Condizioni d\'uso</a>',
        '<a href="/x">Gebruiksvoorwaarden</a>',
        '<a href="/x">Impressum</a>',
        '<a href="/x">利用規約</a>',
        '<a href="/x">Text and Data Mining</a>',
        '<a href="/terms-of-use.html">x</a>',
        '<a href="https://www.e.test/legal/tos">x</a>',
    ],
)
def test_links_to_terms(anchor):
    """A link is known by its text or its path, in several languages."""
    assert 1 == len(_urls(anchor))


@pytest.mark.parametrize(
    "anchor",
    [
        '<a href="/shop">Shop</a>',
        '<a href="#terms">Terms</a>',
        '<a href="mailto:legal@e.test">Legal</a>',
        '<a href="javascript:terms()">Terms</a>',
        '<a href="http://[terms">Terms</a>',
        '<a href="">Terms</a>',
    ],
)
def test_links_to_nothing(anchor):
    """What leads to no page is left out."""
    assert () == _urls(anchor)


def test_urls_are_few_and_unique():
    """Each URL once, the last of a page first, and not more than a few."""
    page = "".join(f'<a href="/terms/{n // 2}">Terms</a>' for n in range(99))

    assert tuple(f"/terms/{49 - n}" for n in range(URLS_MAX)) == _urls(page)
