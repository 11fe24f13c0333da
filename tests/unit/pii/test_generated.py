"""A small seeded sample of the generated set: the targets hold on it."""

import pytest

from producers.pii import Hints
from tests.bench.bench_pii import clean_corpus, measure, measure_clean
from tests.bench.pii_set import LOCALES, records

TARGETS = {
    "email": 0.99,
    "ip_address": 0.99,
    "iban": 0.99,
    "phone": 0.90,
    "payment_card": 0.90,
    "health_id": 0.90,
    "secret": 0.95,
}


@pytest.fixture(scope="module")
def figures():
    """The figures of ten records of each locale."""
    return measure(records(7, 10))


@pytest.mark.parametrize("name", TARGETS)
def test_recall(figures, name):
    """Enough of what was put in is found."""
    made = sum(count for (of, _), count in figures.made.items() if of == name)
    found = sum(count for (of, _), count in figures.found.items() if of == name)

    assert TARGETS[name] <= found / made


@pytest.mark.parametrize("name", TARGETS)
def test_precision(figures, name):
    """Little of what is found was not put in."""
    right, wrong = figures.right[name], figures.wrong[name]

    assert right / (right + wrong) >= 0.95


def test_clean_text():
    """A MB of clean text has 15 hits at most, even with nine countries as hints."""
    countries = tuple(row[0] for row in LOCALES.values())
    hits, size, _ = measure_clean(clean_corpus(), Hints(countries=countries))

    assert 15 >= sum(hits.values()) / size
