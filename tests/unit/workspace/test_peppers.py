"""ledger.vault.peppers: one a year, destroyed with the last fence of the year."""

import hmac
from contextlib import closing
from datetime import UTC, datetime

import pytest

from ledger.disk.private_file import PrivateFile
from ledger.errors import NotALedgerError, ReadOnlyError
from ledger.vault import peppers
from ledger.vault.fences import RETENTION_MS, Fences
from ledger.vault.identifiers import NORMALISATION, first_spelling
from ledger.vault.rows import Subject
from tests.unit.ledger.workshop import Random
from tests.unit.workspace.office import rows

YEARS = (2026, 2027, 2031)

OLD_SCHEMA = (
    "CREATE TABLE fence (erasure_id TEXT NOT NULL, "
    "subject_id TEXT NOT NULL UNIQUE, alias TEXT NOT NULL, "
    "tag BLOB NOT NULL UNIQUE, key BLOB NOT NULL, ground TEXT NOT NULL, "
    "created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, "
    "decided INTEGER NOT NULL, PRIMARY KEY (erasure_id, subject_id)) STRICT"
)
"""As the first version of this program made it, with one pepper in `meta`."""


def in_year(year, *, month=7):
    """A moment of a year, Unix milliseconds."""
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000


def name(year):
    return f"person-of-{year}@example.org"


def fence(fences, year, number=0):
    """Fence somebody who asked in a year."""
    subject = Subject(
        subject_id=f"{year:016x}{number:016x}",
        alias=f"s-{year}{number}",
        name=f"{number or ''}{name(year)}",
    )
    return fences.add(subject, ground="objection", now_ms=in_year(year))


@pytest.fixture
def fences(tmp_path):
    """A fences file with one person of each year."""
    with closing(Fences(tmp_path / "f.fences", random_bytes=Random())) as opened:
        for year in YEARS:
            fence(opened, year)
        yield opened


def secrets(fences):
    """Year and pepper of every pepper that is left."""
    return dict(rows(fences.path, "SELECT year, secret FROM pepper ORDER BY year"))


def test_every_year_has_its_own_pepper(fences):
    """Each digest stands with its year and the version of its spelling."""
    assert 3 == len(set(secrets(fences).values()))
    assert [(year, NORMALISATION) for year in YEARS] == rows(
        fences.path, "SELECT year, normalisation FROM fence ORDER BY year"
    )


def test_a_year_has_one_pepper(fences):
    """A second request of a year is under the first one's pepper."""
    before = secrets(fences)
    fence(fences, 2027, number=1)

    assert before == secrets(fences)


@pytest.mark.parametrize(
    ("expected", "moment"),
    [
        (2026, datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        (2027, datetime(2027, 1, 1, tzinfo=UTC)),
    ],
    ids=["last-millisecond", "first"],
)
def test_years_are_of_utc(expected, moment):
    """A year ends with its last millisecond."""
    assert expected == peppers.year_of(round(moment.timestamp() * 1000))


@pytest.mark.parametrize("year", YEARS)
def test_a_lookup_asks_every_year(fences, year):
    """Whenever the person asked, any spelling of the identifier is found."""
    assert fences.is_fenced(name(year).upper())


def test_digests_of_a_person_differ_between_years(fences):
    """So no two years can be joined by them."""
    digests = peppers.Peppers(fences.connection).digests(name(2026))

    assert 3 == len(set(digests))


def test_the_last_fence_of_a_year_takes_its_pepper_along(fences):
    """Its bytes are nowhere in the file; those of other years stay."""
    pepper = secrets(fences)[2026]
    assert pepper in fences.path.read_bytes()
    fences.expire(in_year(2026) + RETENTION_MS)

    assert pepper not in fences.path.read_bytes()
    assert [2027, 2031] == list(secrets(fences))


def test_a_pepper_stays_while_one_fence_of_its_year_does(fences):
    """Two of one year, of which the earlier expires."""
    subject = Subject(subject_id="f" * 32, alias="s-9", name="late@example.org")
    fences.add(subject, ground="objection", now_ms=in_year(2026, month=12))
    fences.expire(in_year(2026) + RETENTION_MS)

    assert 2026 in secrets(fences)
    assert not fences.is_fenced(name(2026))
    assert fences.is_fenced("late@example.org")


def test_digests_that_are_left_check_nothing(fences):
    """A digest kept elsewhere is found no more, even put back in its row."""
    [(digest,)] = rows(fences.path, "SELECT tag FROM fence WHERE year = 2026")
    fences.expire(in_year(2026) + RETENTION_MS)
    with fences.transaction():
        fences.connection.execute(
            "UPDATE fence SET tag = ? WHERE alias = 's-20260'", (digest,)
        )

    assert not fences.is_fenced(name(2026))


def test_a_lifted_request_takes_its_pepper_along(fences):
    """The only one of its year, refused."""
    [(erasure_id,)] = rows(
        fences.path, "SELECT erasure_id FROM fence WHERE year = 2031"
    )
    fences.lift(erasure_id)

    assert [2026, 2027] == list(secrets(fences))


def test_expired_fences_are_not_written_again(fences):
    """What is forgotten is forgotten: the second time changes no byte."""
    fences.expire(in_year(2026) + RETENTION_MS)
    before = fences.path.read_bytes()
    fences.expire(in_year(2026) + RETENTION_MS)

    assert before == fences.path.read_bytes()


def test_another_process_adds_a_year(fences):
    """Peppers are read for each look-up, not once."""
    with closing(Fences(fences.path)) as other:
        fence(other, 2032)

    assert fences.is_fenced(name(2032))


# Files from before


@pytest.fixture
def old(tmp_path):
    """A file with one pepper, which fences one person of 2026 and one of 2027."""
    path = tmp_path / "old.fences"
    with closing(PrivateFile(path, (OLD_SCHEMA,), 0x746C6466)) as file:
        pepper = file.own_secret("pepper", Random())
        for year in (2026, 2027):
            file.connection.execute(
                "INSERT INTO fence VALUES (?, ?, ?, ?, ?, 'objection', ?, ?, 1)",
                (
                    f"{year:032x}",
                    f"{year:032x}",
                    f"s-{year}",
                    old_digest(pepper, name(year)),
                    bytes([year % 256]) * 32,
                    in_year(year),
                    in_year(year) + RETENTION_MS,
                ),
            )
    return path, pepper


def old_digest(pepper, identifier):
    """The digest that the first version kept."""
    spelled = first_spelling(identifier).encode()
    return hmac.digest(pepper, spelled, "sha256")


@pytest.mark.parametrize("year", [2026, 2027])
def test_an_older_file_is_carried_over(old, year):
    """Whoever was fenced is, under the pepper that was."""
    path, pepper = old
    with closing(Fences(path)) as fences:
        assert {0: pepper} == secrets(fences)
        assert fences.is_fenced(name(year))
        assert not fences.is_fenced("someone-else@example.org")


def test_an_older_file_is_carried_over_once(old):
    """A new fence of its year gets that year's pepper, and opening again no other."""
    path, _ = old
    with closing(Fences(path)) as fences:
        fence(fences, 2028)
        before = secrets(fences)
    with closing(Fences(path)) as fences:
        assert before == secrets(fences)
        assert [0, 2028] == list(before)


def test_commitments_survive_the_carrying_over(old):
    """What the ledger holds of an old fence is what it still gives."""
    path, pepper = old
    tag = old_digest(pepper, name(2026))
    with closing(Fences(path)) as fences:
        found = fences.of_identifier(name(2026))

    key = bytes([2026 % 256]) * 32
    assert hmac.digest(key, tag, "sha256").hex() == found.commitment


def test_the_old_pepper_goes_with_its_last_fence(old):
    """Not with its first; and where it lay before, it lies no more."""
    path, pepper = old
    with closing(Fences(path)) as fences:
        fences.expire(in_year(2026) + RETENTION_MS)
        assert {0: pepper} == secrets(fences)
        fences.expire(in_year(2027) + RETENTION_MS)

    assert pepper not in path.read_bytes()


def test_a_look_at_an_older_file_changes_nothing(old):
    """It says how the file is renewed."""
    path, _ = old
    before = path.read_bytes()
    with pytest.raises(NotALedgerError, match="older form: `erasure list` renews it"):
        Fences(path, is_writable=False)

    assert before == path.read_bytes()


def test_spellings_of_a_later_version_are_refused(fences):
    """A fence that cannot be asked must not be passed over."""
    with fences.transaction():
        fences.connection.execute("UPDATE pepper SET normalisation = 9")
    message = f"expected spellings of version {NORMALISATION}, found version 9"
    with pytest.raises(ReadOnlyError, match=message):
        fences.is_fenced(name(2026))


def test_an_old_fence_is_asked_in_its_own_spelling(old):
    """And a new one of the same file in the present one."""
    path, _ = old
    with closing(Fences(path)) as fences:
        fence(fences, 2028)
        hidden = "person\N{ZERO WIDTH SPACE}-of-"

        assert fences.is_fenced(name(2026).upper())
        assert not fences.is_fenced(f"{hidden}2026@example.org")
        assert fences.is_fenced(f"{hidden}2028@example.org")
