"""ledger.vault.fences: who may not come back."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.vault.fences import RETENTION_MS, Fences
from ledger.vault.identifiers import normalise_identifier
from ledger.vault.rows import Subject
from tests.unit.ledger.workshop import NOW_MS, Random
from tests.unit.workspace.office import rows

JANE = "jane.doe@example.org"


def subject(name=JANE, number=1):
    return Subject(subject_id=f"{number:032x}", alias=f"s-{number}", name=name)


def add(fences, one=None, now_ms=NOW_MS, ground="objection"):
    return fences.add(one or subject(), ground=ground, now_ms=now_ms)


@pytest.fixture
def fences(tmp_path):
    """An empty fences file."""
    with closing(Fences(tmp_path / "f.fences", random_bytes=Random())) as opened:
        yield opened


@pytest.mark.parametrize(
    "spelling",
    [
        JANE,
        "Jane.Doe@Example.ORG",
        "  jane.doe@example.org\t",
        "\uff4a\uff41\uff4e\uff45.doe@example.org",
        "jane.doe@EXAMPLE.org\n",
        "jane.doe@e\N{LATIN SMALL LETTER X}ample.org",
    ],
)
def test_every_spelling_of_the_person_is_fenced(fences, spelling):
    """Case, width, composition and blanks make no other person."""
    add(fences)

    assert fences.is_fenced(spelling)


def test_sharp_s_and_composed_letters(fences):
    """`Straße` is `STRASSE`, and a letter with a combining mark is the composed one."""
    add(fences, subject("josé@stra\N{LATIN SMALL LETTER SHARP S}e.example"))

    assert fences.is_fenced("JOSE\N{COMBINING ACUTE ACCENT}@STRASSE.example")


@pytest.mark.parametrize(
    "other",
    [
        "jane.doe@example.com",
        "janedoe@example.org",
        "jane.doe+tag@example.org",
        "jane doe",
        "",
        "s-1",
    ],
)
def test_nobody_else_is_fenced(fences, other):
    """Nothing is guessed: no plus-tags, no dots, no other domain."""
    add(fences)

    assert not fences.is_fenced(other)


def test_ten_thousand_others_are_not_refused(fences):
    """No false refusal."""
    add(fences)

    assert 0 == sum(fences.is_fenced(f"jane.doe{n}@example.org") for n in range(10_000))


@given(st.text(min_size=1, max_size=40))
def test_one_spelling_is_enough(text):
    """Spelling a spelling again changes nothing, so fences hold for ever."""
    once = normalise_identifier(text)

    assert once == normalise_identifier(once)
    assert once == normalise_identifier(f"\u00a0{text} ")


def test_fencing_again_returns_the_fence_that_stands(fences):
    """With its first ground and time."""
    first = add(fences)

    assert first == add(fences, now_ms=NOW_MS + 5, ground="unlawful")
    assert [first] == fences.all()


def test_found_by_subject_identifier_and_alias(fences):
    """However the erasure is asked for again."""
    fence = add(fences)

    assert fence == fences.of_subject(subject().subject_id)
    assert fence == fences.of_identifier("JANE.DOE@EXAMPLE.ORG")
    assert fence == fences.of_alias("s-1")
    assert fences.of_alias("s-2") is None


def test_the_newest_fence_of_an_alias_counts(fences):
    """A vault restored from a backup may have given an alias again."""
    add(fences)
    newer = add(fences, Subject(subject_id="f" * 32, alias="s-1", name="b"), NOW_MS + 1)

    assert newer == fences.of_alias("s-1")


def test_a_fence_lasts_ten_years(fences):
    """The expiry is written with it."""
    add(fences)

    assert [(NOW_MS, NOW_MS + RETENTION_MS)] == rows(
        fences.path, "SELECT created_at_ms, expires_at_ms FROM fence"
    )
    assert 3650 == RETENTION_MS / 86_400_000


def test_a_day_of_reception_does_not_end_a_fence(fences):
    """A request is entered late, or its year is mistyped: ten years from the entry."""
    fences.add(
        subject(), ground="objection", now_ms=NOW_MS - RETENTION_MS, written_ms=NOW_MS
    )
    fences.expire(NOW_MS + RETENTION_MS - 1)

    assert fences.is_fenced(JANE)
    assert [(NOW_MS - RETENTION_MS,)] == rows(
        fences.path, "SELECT created_at_ms FROM fence"
    )


def test_fences_name_nobody(fences):
    """Neither the identifier nor a digest that others could compute."""
    fence = add(fences)

    assert JANE.encode() not in fences.path.read_bytes()
    assert JANE not in repr(fence)


def test_commitments_differ_between_fences_and_files(tmp_path):
    """The same person fenced in two workspaces cannot be matched."""
    found = set()
    for name in ("1.fences", "2.fences"):
        with closing(Fences(tmp_path / name)) as fences:
            found.add(add(fences).commitment)

    assert 2 == len(found)


def test_oldest_first(fences):
    """Open erasures are finished in the order of their requests."""
    later = add(fences, subject("b", 2), NOW_MS + 1)
    earlier = add(fences, subject("a", 1), NOW_MS)

    assert [earlier, later] == fences.all()


def test_a_fence_that_is_due_forgets_the_person(fences):
    """The digest goes, the row stays: the ledger's erasure keeps its fence."""
    fence = add(fences)
    fences.expire(NOW_MS + RETENTION_MS - 1)
    assert fences.is_fenced(JANE)

    fences.expire(NOW_MS + RETENTION_MS)

    assert not fences.is_fenced(JANE)
    assert [fence.erasure_id] == [one.erasure_id for one in fences.all()]


@pytest.mark.parametrize(
    ("expected", "now_ms"),
    [(True, NOW_MS + RETENTION_MS - 1), (False, NOW_MS + RETENTION_MS)],
    ids=["last-millisecond", "due"],
)
def test_a_fence_expires(fences, expected, now_ms):
    """Then the person may come back; the erasure keeps its row."""
    before = add(fences)
    digest = rows(fences.path, "SELECT tag FROM fence")[0][0]
    fences.expire(now_ms)

    assert expected is fences.is_fenced(JANE)
    assert expected is (digest in fences.path.read_bytes())
    assert [before.erasure_id] == [one.erasure_id for one in fences.all()]
