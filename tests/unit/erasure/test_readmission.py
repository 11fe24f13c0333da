"""ledger.erasing.readmission: who was erased and consented anew."""

import pytest

from ledger.erasing.readmission import readmit
from ledger.errors import ConflictError, InputError
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.erasure.asked import erase_all, receive
from tests.unit.workspace.office import PEOPLE, letter, record
from tests.unit.workspace.test_open import backup_of, restore


@pytest.fixture
def forgotten(trained):
    """An office that erased Jane."""
    trained.erase("jane")
    return trained


def let_back(office, who="jane"):
    with office.open() as workspace:
        return readmit(workspace, PEOPLE[who].upper())


def test_a_person_comes_back(forgotten):
    """Records of theirs are taken again; nobody was named to the ledger."""
    events = len(forgotten.events())
    erasure_id = let_back(forgotten)

    assert erasure_id in forgotten.states()["erasures"].erasures
    assert events == len(forgotten.events())
    report = forgotten.ingest([record("again", letter("jane", 9), "jane")])
    assert {"accepted": 1} == dict(report.decisions)
    forgotten.check()


def test_what_was_erased_stays_erased(forgotten, trained_once):
    """A vault from before the erasure is erased again, though she may come back."""
    let_back(forgotten)
    restore(forgotten, ".vault", backup_of(trained_once, ".vault"))

    with forgotten.open() as workspace:
        assert workspace.vault.find_identifier(PEOPLE["jane"]) is None


def test_erased_again(forgotten):
    """Another erasure, with a fence of its own."""
    first = let_back(forgotten)
    forgotten.ingest([record("again", letter("jane", 9), "jane")])

    assert first != forgotten.erase("jane").erasure_id
    with forgotten.open() as workspace:
        assert workspace.fences.is_fenced(PEOPLE["jane"])


def test_only_one_of_several(trained):
    """Erased together, they come back one by one."""
    erase_all(trained, "jane", "dan")
    let_back(trained)

    with trained.open() as workspace:
        fenced = {one: workspace.fences.is_fenced(PEOPLE[one]) for one in PEOPLE}
    assert ["dan"] == [one for one, is_fenced in fenced.items() if is_fenced]


def test_nobody_is_fenced(trained):
    """An identifier that was never erased."""
    with pytest.raises(InputError, match="found no fence"):
        let_back(trained)


def test_an_erasure_that_is_not_over(trained):
    """Its fence is part of it."""
    receive(trained, "jane")

    with pytest.raises(ConflictError, match="is not certified"):
        let_back(trained)


def test_the_command(capsys, forgotten):
    """One line; the second time it is an error."""
    shell = Shell(capsys, forgotten.folder)
    ran = shell.w("subject", "readmit", PEOPLE["jane"])

    assert 0 == ran.code
    assert "fences this person no longer" in ran.out
    check_one_error(shell.w("subject", "readmit", PEOPLE["jane"]), 2, "found no fence")
