"""producers.demo.corpus: text that every environment holds."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.vault.identifiers import normalise_identifier
from producers.demo.corpus import (
    base_text,
    distribution_records,
    shard_shape,
    split_text,
    subject_count,
    web_records,
)
from producers.demo.site import POLICIES
from producers.ingest.reader import InputRecord

METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: 1.0
Summary: A package for a test
{fields}

# Readme

Some prose.
"""


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Replace the import path by an empty folder, and install packages there."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    def install(name, fields="", *, metadata=None):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        text = metadata or METADATA.format(name=name, fields=fields).encode()
        (folder / "METADATA").write_bytes(text)

    return install


def test_installed_packages_are_a_corpus():
    """The environment that runs the tests gives records with subjects and licences."""
    records = distribution_records()

    assert records
    assert subject_count(records) > 1
    assert any(record.licence for record in records)
    assert len({record.id for record in records}) == len(records)


def test_limits():
    """The corpus and each record stay within their sizes."""
    records = distribution_records(bytes_max=20_000, part_bytes_max=500)
    sizes = [len(record.text.encode()) for record in records]

    assert sum(sizes) <= 20_000
    assert max(sizes) <= 500


def test_same_corpus_twice():
    """The order does not depend on the file system."""
    assert distribution_records() == distribution_records()


def test_record(environment):
    """A package becomes records with its licence and its people as subjects."""
    environment(
        "Some.Package",
        "Author-email: Jane Doe <Jane@Example.org>, k@example.org\n"
        "Maintainer-email: jane@example.org\nLicense-Expression: MIT",
    )
    [record] = distribution_records()

    assert "dist:some-package:0" == record.id
    assert ("jane@example.org", "k@example.org") == record.subjects
    assert ("MIT", "", "public_dataset") == (record.licence, record.url, record.source)
    assert "Some prose." in record.text


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        ("Apache-2.0", "License-Expression: Apache-2.0\nLicense: MIT"),
        (
            "MIT",
            "License: see file\nClassifier: License :: OSI Approved :: MIT License",
        ),
        ("BSD", "License: BSD\nClassifier: License :: OSI Approved :: BSD License"),
        ("", "Keywords: none"),
    ],
    ids=["expression", "classifier", "free-text", "none"],
)
def test_licence(environment, expected, fields):
    """The expression counts first, then a classifier of one meaning, then the text."""
    environment("a", fields)

    assert [expected] == [record.licence for record in distribution_records()]


@pytest.mark.parametrize(
    ("expected", "fields"),
    [(("jane doe",), "Author: Jane Doe"), ((), "Keywords: none")],
    ids=["name-only", "nobody"],
)
def test_author_without_address(environment, expected, fields):
    """An author without an e-mail address is a subject by name."""
    environment("a", fields)

    assert [expected] == [record.subjects for record in distribution_records()]


@pytest.mark.parametrize(
    "metadata",
    [b"Name: bad\nSummary: \xff\n\n", b"Summary: no name\n\n", b"\n"],
    ids=["not-utf-8", "no-name", "empty"],
)
def test_broken_package_is_left_out(environment, metadata):
    """A package that cannot be read gives no record, and does not stop the others."""
    environment("good", "License: MIT")
    environment("bad", metadata=metadata)

    assert ["dist:good:0"] == [record.id for record in distribution_records()]


def test_base_text():
    """The base text is long, UTF-8, and the same each time."""
    assert len(base_text()) > 100_000
    assert base_text() == base_text()
    assert base_text().decode()


def test_web_records():
    """There is an unlicensed page for each policy and for some packages."""
    records = web_records(POLICIES)
    hosts = {record.url.split("/")[2] for record in records}

    assert {f"{policy}.example" for policy in POLICIES} < hosts
    assert {("web", "", ())} == {
        (record.source_kind, record.licence, record.subjects) for record in records
    }


def test_web_records_name_no_real_site():
    """Every host ends in .example, where no real site can be."""
    for record in web_records(POLICIES):
        assert record.url.split("/")[2].endswith(".example")


def test_subject_count_takes_spellings_together():
    """One person in two spellings and two records is one subject."""
    fields = {"text": "t", "url": "", "licence": ""}
    records = [
        InputRecord(id="a", subjects=("j@e.org", "k@e.org"), **fields),
        InputRecord(id="b", subjects=("J@E.ORG",), **fields),
    ]

    assert 2 == subject_count(records)


@pytest.mark.parametrize(
    ("expected", "subjects"),
    [((2, 2), 0), ((2, 2), 11), ((4, 3), 12), ((4, 3), 500)],
)
def test_shard_shape(expected, subjects):
    """Twelve subjects fill four shards of three slices; fewer get two of two."""
    assert expected == shard_shape(subjects)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(4, 40))
def test_parts_are_the_text(text, bytes_max):
    """Parts fit, none is blank, and only blank ones are missing."""
    parts = list(split_text(text, bytes_max))

    assert all(len(part.encode()) <= bytes_max for part in parts)
    assert all(part.strip() for part in parts)
    assert "".join(text.split()) == "".join("".join(parts).split())


def test_parts_end_at_lines():
    """A part ends at a line end where one is near enough."""
    assert ["one\ntwo\n", "three\n"] == list(split_text("one\ntwo\nthree\n", 10))


def test_identifiers_are_normal():
    """Subjects of the corpus are in their one spelling."""
    for record in distribution_records():
        for subject in record.subjects:
            assert normalise_identifier(subject) == subject
