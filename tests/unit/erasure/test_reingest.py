"""Whoever was erased is refused by the next ingest in any spelling, and nobody else."""

import pytest

from tests.bench.bench_fences import ERASED, measure, others, variants

OTHERS = 10_000


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a real ingest and real fences refuse, with 110 other fences of 11 years."""
    folder = tmp_path_factory.mktemp("reingest") / "acme"
    return measure(folder, fenced=110, count=OTHERS)


def test_every_variant_is_refused(found):
    """Case, width, composition and blanks, in Latin, Cyrillic and Greek."""
    assert 80 < found.variants
    assert found.variants == found.variants_refused


def test_no_other_is_refused(found):
    """Ten thousand, most of them a letter away."""
    assert (OTHERS, 0) == (found.others, found.others_refused)


def test_every_pepper_was_asked(found):
    """One for each year of the fences."""
    assert 11 == found.peppers


def test_the_figures_are_of_many_different_spellings():
    """No spelling and no other is counted twice."""
    spelled = [one for erased in ERASED for one in variants(erased)]
    asked = list(others(OTHERS))

    assert len(spelled) == len(set(spelled))
    assert len(asked) == len(set(asked))
    assert not set(spelled) & set(asked)
