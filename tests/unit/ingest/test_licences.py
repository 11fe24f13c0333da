"""producers.ingest.licences: licence text, expressions and the table."""

import hashlib
from importlib.resources import files

import pytest
from packaging.licenses import canonicalize_license_expression

from producers.ingest.licences import (
    EXPRESSION_CHARS_MAX,
    Licence,
    licence_table,
    read_licence,
)


@pytest.mark.parametrize(
    ("text", "expression", "standing"),
    [
        ("", "", "none"),
        (" \n", "", "none"),
        ("mit", "MIT", "licence"),
        ("cc0-1.0", "CC0-1.0", "public_domain"),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0", "refused"),
        ("CC-BY-ND-4.0", "CC-BY-ND-4.0", "refused"),
        ("GPL-2.0+", "GPL-2.0+", "licence"),
        (
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "licence",
        ),
        ("MIT OR LicenseRef-Proprietary", "MIT OR LicenseRef-Proprietary", "licence"),
        ("MIT AND CC-BY-NC-4.0", "MIT AND CC-BY-NC-4.0", "refused"),
        ("CC0-1.0 AND MIT", "CC0-1.0 AND MIT", "licence"),
        ("CC0-1.0 OR MIT", "CC0-1.0 OR MIT", "public_domain"),
        ("MIT OR CC-BY-NC-4.0 AND MIT", "MIT OR CC-BY-NC-4.0 AND MIT", "licence"),
        ("(MIT OR CC0-1.0) AND Vim", "(MIT OR CC0-1.0) AND Vim", "unclear"),
        ("(MIT OR Vim) AND CC0-1.0", "(MIT OR Vim) AND CC0-1.0", "licence"),
        ("Vim AND CC-BY-NC-4.0", "Vim AND CC-BY-NC-4.0", "refused"),
        ("Vim OR CC-BY-NC-4.0", "Vim OR CC-BY-NC-4.0", "unclear"),
        ("licenseref-PROPRIETARY", "LicenseRef-Proprietary", "refused"),
        ("licenseref-public-domain", "LicenseRef-Public-Domain", "public_domain"),
    ],
)
def test_expression(text, expression, standing):
    """WITH binds closest, then AND (the worst counts), then OR (the best counts)."""
    assert Licence(expression=expression, standing=standing) == read_licence(text)


@pytest.mark.parametrize(
    "text",
    [
        "BSD",
        "Copyright (c) Jane Doe. Ask first.",
        "LicenseRef-Jane-Doe",
        "MIT OR LicenseRef-Jane-Doe",
        "DocumentRef-x:LicenseRef-y",
        "MIT AND",
        "(MIT",
        "MIT) OR (MIT",
        "MIT WITH Jane",
        "MİT",
        "MIT " + "OR MIT " * 100,
        "(" * 5000 + "MIT" + ")" * 5000,
        "MIT\x00",
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_what_is_no_expression_is_unclear_and_not_repeated(text):
    """Free text may hold a person's name: it does not reach the ledger."""
    assert Licence(expression="", standing="unclear") == read_licence(text)


def test_deepest_expression_within_the_limit():
    """Nesting is bounded by the length, and the longest still parses."""
    depth = (EXPRESSION_CHARS_MAX - 3) // 2
    text = "(" * depth + "MIT" + ")" * depth

    assert "licence" == read_licence(text).standing


def test_canonical_form_past_the_limit_is_unclear():
    """Canonical spacing can make an expression longer than an event holds."""
    text = "MIT" + " OR(MIT)" * 31

    assert len(text) <= EXPRESSION_CHARS_MAX
    assert Licence(expression="", standing="unclear") == read_licence(text)


def test_table_lists_real_ids():
    """Each id of the table is an SPDX id in its one spelling."""
    for name in licence_table().standings:
        assert name == canonicalize_license_expression(name)


def test_table_lists_each_id_once():
    """No licence has two standings."""
    text = files("producers.ingest").joinpath("licences.toml").read_text()

    for name in licence_table().standings:
        assert 1 == text.count(f'"{name}"')


def test_no_restricted_licence_is_a_basis():
    """Whatever is called non-commercial or no-derivatives is refused, with a reason."""
    table = licence_table()
    restricted = [name for name in table.standings if "-NC" in name or "-ND" in name]

    assert restricted
    for name in restricted:
        assert "refused" == table.standings[name]
        assert table.reasons[name].startswith(("non-commercial", "no derivatives"))


def test_table_change_needs_a_version():
    """The version names these bytes: change both, here and in the table."""
    data = files("producers.ingest").joinpath("licences.toml").read_bytes()

    assert ("2026-11-23", PINNED) == (
        licence_table().version,
        hashlib.sha256(data).hexdigest(),
    )


PINNED = "8353e4e10806572bf559bf4c55719fe57863d40be7c22db2213b0c3ca8fb16c7"
