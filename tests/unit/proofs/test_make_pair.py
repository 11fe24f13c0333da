"""What a ledger makes a pair of, and of what it makes none."""

import json

import pytest

from tests.simulator import edit_rows, sign_note, tree_root
from tests.unit.proofs.histories import extend, history, pair_with, write
from tests.unit.proofs.material import encoded
from verifier.findings import Violation
from verifier.proofs.pair import PairError, key_receipts, make_pair
from verifier.store.file import open_ledger


def test_key_events_above_a_size_are_not_below_it(tmp_path):
    """Receipts under an earlier checkpoint hold no later entry, nor does a pair."""
    ledger = history(3)
    for name in ("a", "b"):
        grant = ledger.granted(ledger.key(name), "ingest", ["ingest"], name)
        ledger.submit("root", [grant])
    extend(ledger, "last")
    path = write(tmp_path, ledger)
    with open_ledger(path) as file:
        found = [[one.index for one in key_receipts(file, n)] for n in range(1, 7)]
    content, checked = pair_with(path, ledger.checkpoints[2], size=4)

    assert [[0], [0], [0], [0, 3], [0, 3, 4], [0, 3, 4]] == found
    assert [0, 3] == [one["index"] for one in json.loads(content)["keys_new"]]
    assert not checked.is_fork


def test_more_key_events_than_a_pair_holds(tmp_path, monkeypatch):
    """A pair holds so many key entries, and no more (PRF-6)."""
    ledger = history(1)
    ledger.submit("root", [ledger.granted(ledger.key("a"), "ingest", ["ingest"], "a")])
    path = write(tmp_path, ledger)
    with open_ledger(path) as file:
        monkeypatch.setattr("verifier.proofs.pair.KEY_RECEIPTS_MAX", 2)
        assert 2 == len(key_receipts(file, 2))
        monkeypatch.setattr("verifier.proofs.pair.KEY_RECEIPTS_MAX", 1)
        with pytest.raises(PairError, match="more than 1 entries of key events"):
            key_receipts(file, 2)


def test_a_pair_that_is_too_long(tmp_path, monkeypatch):
    """What the reader would refuse to read is not written (PRF-1)."""
    ledger = history(3)
    path = write(tmp_path, ledger)
    content, _ = pair_with(path, ledger.checkpoints[2])
    with open_ledger(path) as file:
        monkeypatch.setattr("verifier.proofs.pair.PROOF_BYTES_MAX", len(content))
        assert content == make_pair(file, ledger.checkpoints[2])
        monkeypatch.setattr("verifier.proofs.pair.PROOF_BYTES_MAX", len(content) - 1)
        with pytest.raises(PairError, match="the pair would be longer than"):
            make_pair(file, ledger.checkpoints[2])


def test_a_note_of_an_empty_tree(tmp_path):
    """No entry is no history: a note of size 0 makes no pair."""
    ledger = history(2)
    root = encoded(tree_root([]))
    note = sign_note(f"{ledger.origin}\n0\n{root}\n".encode(), ledger.log)
    path, match = write(tmp_path, ledger), "the note is of size 0"
    with open_ledger(path) as file, pytest.raises(PairError, match=match):
        make_pair(file, note)


def test_a_ledger_without_one_of_its_entries(tmp_path):
    """The first entry that is missing is named, also where later ones are there."""
    ledger = history(6)
    path = edit_rows(write(tmp_path, ledger), "DELETE FROM entry WHERE seq = 2")
    with open_ledger(path) as file:
        for size in (3, 4, 5):
            with pytest.raises(PairError, match="no readable entry 2"):
                key_receipts(file, size)
        assert 1 == len(key_receipts(file, 2))


def test_a_row_that_cannot_be_read(tmp_path):
    """A row past its limit is named as what it is, not as another history."""
    path = write(tmp_path, history(6))
    edit_rows(path, "UPDATE entry SET entry = zeroblob(70000) WHERE seq = 4")
    with open_ledger(path) as file:
        assert 1 == len(key_receipts(file, 4))
        with pytest.raises(Violation, match="bytes in entry"):
            key_receipts(file, 5)
        with pytest.raises(PairError, match="bytes in entry"):
            make_pair(file, history(6).checkpoints[3])
