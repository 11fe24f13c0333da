"""What a scan for residue finds, and what becomes of the certificate then."""

import json

import pytest

from ledger.erasing.leftovers import Leftovers
from ledger.events.erasure import ErasureCertified, ErasureVerified, KeysDestroyed
from ledger.ports import Residue
from tests.unit.erasure.asked import erase_all
from tests.unit.erasure.weights import owed
from tests.unit.workspace.office import PEOPLE, leaks, letter, record
from tests.unit.workspace.points import Countdown, Crash, watch

JANE = PEOPLE["jane"]


def leave(office, name="artifacts/note.txt", text=JANE):
    """A file of the user's that names the person."""
    path = office.folder / name
    path.write_bytes(b"answered " + text.encode())
    return path


def residues(office):
    """What each check found."""
    return [one.residue for one in office.events(ErasureVerified)]


def test_a_clean_erasure_has_searched_everything(trained):
    """The certificate says what was searched."""
    erased = trained.erase("jane")
    document = json.loads(erased.certificate.read_bytes())

    assert [0] == residues(trained)
    assert 0 == document["files_with_an_identifier"]
    assert document["searched"].startswith("every file of the workspace was searched")


@pytest.mark.parametrize(
    "spelled",
    [JANE, JANE.upper(), JANE.encode().hex(), "Jane.Doe%2Bwork%40Example.ORG"],
)
def test_no_certificate_while_an_identifier_stands_somewhere(trained, spelled):
    """It is on record how many files, and one line names them."""
    leave(trained, text=spelled)
    erased = trained.erase("jane")

    assert erased.certificate is None
    assert [1] == residues(trained)
    assert [] == trained.events(ErasureCertified)
    [line] = [said for said in trained.said if "an identifier stands in" in said]
    assert "artifacts/note.txt" in line
    assert [
        "verify again: 0 records readable, 0 files left, 1 files with an identifier"
    ] == [step for step in owed(trained) if step != "certify"]
    trained.check()


def test_certified_once_the_file_is_gone(trained):
    """Whoever types the identifier again lets it be searched again."""
    path = leave(trained)
    trained.erase("jane")
    path.unlink()
    erased = trained.erase("jane")

    assert [1, 0] == residues(trained)
    assert erased.certificate.exists()
    trained.check()


def test_an_alias_cannot_be_searched_for_again(trained):
    """The last count stands until the identifier is typed; it says so."""
    path = leave(trained)
    trained.erase("jane")
    path.unlink()
    erased = trained.erase("s-1")

    assert erased.certificate is None
    assert any("when they were last searched" in said for said in trained.said)


def test_somebody_elses_identifier_is_no_help(trained):
    """What is typed must be the person of the fence."""
    path = leave(trained)
    trained.erase("jane")
    path.unlink()
    with trained.open() as workspace:
        [fence] = workspace.fences.all()
        found = Leftovers(workspace).names(fence, [PEOPLE["bob"], "s-1", JANE])

    assert [JANE] == found


def test_searched_before_is_enough_to_go_on(trained):
    """Keys first, retrain later: the identifiers are forgotten in between."""
    trained.erase("jane", retrain=False)
    [finished] = trained.finish()
    document = json.loads(finished.certificate.read_bytes())

    assert [0] == residues(trained)
    assert document["searched"].startswith("every file but the vault was searched")


def test_what_was_found_before_is_not_forgotten(trained):
    """A count goes with the act; names of files do not."""
    leave(trained)
    trained.erase("jane", retrain=False)
    [finished] = trained.finish()

    assert finished.certificate is None
    assert [1] == residues(trained)


def test_kept_with_the_act(trained):
    """A kill right after the keys went loses no result."""
    countdown = Countdown()
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, countdown)
        trained.copy(trained.folder.parent / "other").erase("jane")
    place = countdown.passed.index("after destroy_subject") + 1
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, Countdown(place + 2))
        with pytest.raises(Crash):
            trained.erase("s-1")
    erased = trained.erase("s-1")

    assert erased.certificate.exists()


def test_without_any_search_there_is_no_verdict(trained):
    """A vault from before the erasure knows of no search: somebody must type it."""
    backup = (trained.folder / "acme.vault").read_bytes()
    trained.erase("jane", retrain=False)
    (trained.folder / "acme.vault").write_bytes(backup)
    [finished] = trained.finish()

    assert finished.certificate is None
    assert [] == residues(trained)
    assert any("nobody has searched" in said for said in trained.said)
    assert trained.erase("jane").certificate.exists()
    trained.check()


def test_a_batch_needs_all_of_its_identifiers(trained):
    """Half of them typed again is not a search for all."""
    erase_all(trained, "jane", "dan", retrain=False)
    with trained.open() as workspace:
        [fence] = workspace.fences.all()
        looks = Leftovers(workspace)

        assert [JANE] == looks.names(fence, [JANE])
        assert Residue(files=(), scope="without_vault") == looks.kept(fence.erasure_id)


def test_an_identifier_that_is_too_short_is_said(office):
    """Three letters stand in any file by chance."""
    office.ingest([record("bob-1", letter("bob"), "Bob")])
    [erased] = erase_all(office, "Bob")
    document = json.loads(erased.certificate.read_bytes())

    assert document["searched"].startswith("not searched")


def test_identifiers_are_in_no_file_between_the_steps(trained):
    """Not while anything is still to be done, either."""
    trained.erase("jane", retrain=False)

    assert 1 == len(trained.events(KeysDestroyed))
    assert [] == leaks(trained.folder, [JANE.encode(), JANE.casefold().encode()])


def test_half_a_batch_typed_again_is_no_new_search(trained):
    """The result from before the keys went is what the certificate rests on."""
    erase_all(trained, "jane", "dan", retrain=False)
    [erased] = erase_all(trained, "jane", prove=False)
    document = json.loads(erased.certificate.read_bytes())

    assert document["searched"].startswith("every file but the vault was searched")


def test_a_whole_batch_typed_again_is_searched_again(trained):
    """With all of them known, the vault is searched too."""
    erase_all(trained, "jane", "dan", retrain=False)
    [erased] = erase_all(trained, "jane", "dan", prove=False)
    document = json.loads(erased.certificate.read_bytes())

    assert document["searched"].startswith("every file of the workspace was searched")
