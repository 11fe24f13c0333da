"""EPUB: package documents, and the container around them."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.documents.xml_tree import BYTES_MAX
from producers.optout.embedded.epub import (
    ENTRIES_MAX,
    PACKAGES_MAX,
    epub_statement,
    opf_statement,
)
from producers.optout.vocabulary.signals import SignalError

PREFIX = 'prefix="tdm: http://www.w3.org/ns/tdmrep#"'
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)


def _opf(meta, attributes=PREFIX):
    return (
        f'<package xmlns="http://www.idpf.org/2007/opf" {attributes}>'
        f"<metadata>{meta}</metadata></package>"
    ).encode()


def _said(meta, attributes=PREFIX):
    said = opf_statement(_opf(meta, attributes))
    return said.reservation, said.is_malformed


def _three(value, name="tdm:reservation"):
    return f'<meta property="{name}">{value}</meta>'


def _two(value, name="tdm:reservation"):
    return f'<meta name="{name}" content="{value}"/>'


@pytest.mark.parametrize("meta", [_two, _three], ids=["2", "3"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", ("reserved", False)),
        (" 1 ", ("reserved", False)),
        ("0", ("not_reserved", False)),
        ("2", ("unset", True)),
        ("yes", ("unset", True)),
        ("", ("unset", True)),
    ],
)
def test_values(meta, value, expected):
    """EPUB 2 and EPUB 3 have the same values."""
    assert expected == _said(meta(value))


@pytest.mark.parametrize(
    ("attributes", "name", "one", "zero"),
    [
        (
            'prefix="x: http://www.w3.org/ns/tdmrep#"',
            "x:reservation",
            "reserved",
            "not_reserved",
        ),
        (
            'prefix="a: http://a.test/# tdm: http://www.w3.org/ns/tdmrep#"',
            "tdm:reservation",
            "reserved",
            "not_reserved",
        ),
        (
            'prefix="tdm: http://www.w3.org/ns/tdmrep/"',
            "tdm:reservation",
            "reserved",
            "unset",
        ),
        (
            'prefix="x:http://www.w3.org/ns/tdmrep#"',
            "x:reservation",
            "reserved",
            "not_reserved",
        ),
        ("", "http://www.w3.org/ns/tdmrep#reservation", "reserved", "unset"),
        ("", "https://www.w3.org/ns/tdmrep/Reservation", "reserved", "unset"),
        ('prefix="tdm: http://a.test/#"', "tdm:reservation", "reserved", "unset"),
        ("", "tdm:reservation", "reserved", "unset"),
        (PREFIX, "tdm:Reservation", "reserved", "unset"),
        (PREFIX, "x:reservation", "unset", "unset"),
        (PREFIX, "reservation", "unset", "unset"),
    ],
)
def test_epub_3_prefixes(attributes, name, one, zero):
    """The prefix is declared; where it is not as it should be, only a 1 counts."""
    assert one == _said(_three("1", name), attributes)[0]
    assert zero == _said(_three("0", name), attributes)[0]


def test_refined_zero_is_not_for_the_book():
    """A 0 that refines a part says nothing of the whole; a 1 reserves."""
    meta = '<meta property="tdm:reservation" refines="#c1">{}</meta>'

    assert ("unset", True) == _said(meta.format(0))
    assert ("reserved", False) == _said(meta.format(1))


def test_policy_and_line():
    """The policy goes with the reservation, and the deciding property is numbered."""
    meta = _three("https://e.test/p", "tdm:policy") + _three("1")
    said = opf_statement(_opf(meta))

    assert ("https://e.test/p", 2) == (said.policy, said.line)


def test_licence_document_is_for_a_person():
    """A package that links rights elsewhere is no silence."""
    said = opf_statement(
        _opf('<link rel="license" media-type="application/rsl+xml" href="l"/>')
    )

    assert ("unset", "linked_rights") == (said.reservation, said.review)


@pytest.mark.parametrize(
    "opf",
    [b"", b"<package>", b"<!DOCTYPE package><package/>", b"<html><p></html>"],
    ids=["empty", "cut", "document type", "crossed"],
)
def test_broken_package_is_refused(opf):
    """A package document that cannot be read is an error, never silence."""
    with pytest.raises(SignalError):
        opf_statement(opf)


def _epub(files, *, compression=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return content.getvalue()


def _book(opf, *more):
    return _epub(
        [("META-INF/container.xml", CONTAINER), ("OEBPS/book.opf", opf), *more]
    )


@pytest.mark.parametrize(
    ("value", "expected"), [("1", "reserved"), ("0", "not_reserved")]
)
def test_container(value, expected):
    """The package document that the container names is read."""
    assert expected == epub_statement(_book(_opf(_three(value)))).reservation


def test_every_package_counts():
    """A package document that the container does not name reserves as well."""
    book = _book(_opf(_three("0")), ("other.OPF", _opf(_three("1"))))

    assert "reserved" == epub_statement(book).reservation


def test_reservation_stands_beside_a_broken_package():
    """What one document reserves, a broken one does not undo."""
    book = _book(_opf(_three("1")), ("other.opf", b"<"))

    assert "reserved" == epub_statement(book).reservation


def test_rights_management_is_for_a_person():
    """Rights in a file of their own are no silence."""
    said = epub_statement(_book(_opf(""), ("META-INF/rights.xml", b"<r/>")))

    assert ("unset", "linked_rights") == (said.reservation, said.review)


def _encrypted():
    book = bytearray(_book(_opf(_three("0"))))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := book.find(mark, at + 1)) >= 0:
            book[at + offset] |= 1
    return bytes(book)


def _many_entries():
    return _book(_opf(""), *((f"f{n}", b"") for n in range(ENTRIES_MAX)))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: b"PK\x03\x04", id="no directory"),
        pytest.param(lambda: _book(_opf(_three("0")))[:-30], id="cut"),
        pytest.param(
            lambda: _epub([("mimetype", "application/epub+zip")]), id="no container"
        ),
        pytest.param(
            lambda: _epub([("META-INF/container.xml", CONTAINER)]), id="no package"
        ),
        pytest.param(
            lambda: _epub([("META-INF/container.xml", "<c/>")]), id="none named"
        ),
        pytest.param(lambda: _book(b"<package>" + b" " * BYTES_MAX), id="bomb"),
        pytest.param(
            lambda: _book(
                _opf(""), *((f"{n}.opf", _opf("")) for n in range(PACKAGES_MAX))
            ),
            id="too many packages",
        ),
        pytest.param(_many_entries, id="too many entries"),
        pytest.param(_encrypted, id="encrypted"),
        pytest.param(
            lambda: _epub(
                [("META-INF/container.xml", CONTAINER), ("OEBPS/book.opf", _opf(""))],
                compression=zipfile.ZIP_LZMA,
            ),
            id="another compression",
        ),
    ],
)
def test_unreadable_container_is_no_silence(make):
    """A container that cannot be read blocks."""
    said = epub_statement(make())

    assert ("unset", True) == (said.reservation, said.is_malformed)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_file_that_is_there_twice_is_refused():
    """Two files of one name: readers differ on which one counts."""
    book = _book(_opf(_three("1")), ("OEBPS/book.opf", _opf(_three("0"))))

    assert epub_statement(book).is_malformed


@given(st.data())
def test_any_damage_is_survived(data):
    """A flipped byte raises nothing."""
    book = bytearray(_book(_opf(_three("1"))))
    at = data.draw(st.integers(0, len(book) - 1))
    book[at] ^= data.draw(st.integers(1, 255))

    epub_statement(bytes(book))


def test_rights_in_prose_are_for_a_person():
    """A reservation in the words of dc:rights is not decided here."""
    rights = '<dc:rights xmlns:dc="http://purl.org/dc/elements/1.1/">{}</dc:rights>'
    said = opf_statement(_opf(rights.format("Text und Data Mining vorbehalten")))

    assert ("unset", "terms_of_use") == (said.reservation, said.review)
    assert "" == opf_statement(_opf(rights.format("(c) 2026"))).review
