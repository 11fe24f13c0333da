"""Two checkpoints compared: what is at hand decides what can be shown."""

import json

import pytest

from ledger.export.receipt import encode_receipt
from ledger.log.ledger import Ledger
from tests.simulator import Key, LedgerSimulator, sign_note
from tests.unit.proofs.histories import history, newest, pair_with, write
from tests.unit.proofs.material import canonical, check
from verifier.proofs.compare import Outcome, compare
from verifier.proofs.pair import key_receipts
from verifier.proofs.sides import read_side
from verifier.store.file import open_ledger


def forged(note):
    """The same checkpoint, signed by a thief in the log's name."""
    text, _, _ = note.partition("\n\n")
    text = text.encode() + b"\n"
    origin = text.partition(b"\n")[0].decode()
    return sign_note(text, Key(origin, "a thief's key")).decode()


def receipt_of(folder, ledger, event_id):
    """The receipt of an event by the real writer, as a JSON value."""
    with Ledger.open(write(folder, ledger)) as opened:
        return json.loads(encode_receipt(opened, event_id)[0].content)


def side_of(folder, name, content):
    """A side that is this file."""
    (folder / name).write_bytes(content)
    return read_side(folder / name)


def test_two_notes_of_one_size_one_of_them_forged(tmp_path):
    """A note that no log key signed decides nothing beside a receipt: undecided."""
    ours, theirs = history(6), history(6, common=3, teller="thief")
    known = receipt_of(tmp_path, ours, "1.0")
    note = forged(newest(theirs).decode()).encode()
    found = compare(
        side_of(tmp_path, "note", note), side_of(tmp_path, "known", canonical(known))
    )

    assert (Outcome.UNDECIDED, b"") == (found.outcome, found.pair)
    assert "no checkpoint pair can be made" in found.why


def test_two_notes_of_two_sizes_without_a_ledger(tmp_path):
    """Without the entries between them, the ledger is asked for."""
    ledger = history(6)
    known = receipt_of(tmp_path, ledger, "1.0")
    found = compare(
        side_of(tmp_path, "old", ledger.checkpoints[3]),
        side_of(tmp_path, "new", canonical(known)),
    )

    assert Outcome.UNDECIDED is found.outcome
    assert "give the ledger of the newer checkpoint" in found.why


def test_the_smaller_of_two_sizes_is_the_older_one(tmp_path):
    """The order in which two checkpoints are given does not matter."""
    ledger = history(6)
    path = write(tmp_path, ledger)
    note = side_of(tmp_path, "old", ledger.checkpoints[3])
    one, other = compare(note, read_side(path)), compare(read_side(path), note)

    assert (3, 6) == one.sizes
    assert one == other


def test_of_one_history_the_older_key_events_are_left_out(tmp_path):
    """A pair of one history has one spelling, whatever is known of its older side."""
    ledger = history(6)
    value = receipt_of(tmp_path, ledger, "1.0")
    side = side_of(tmp_path, "known", canonical(value))
    found = compare(side, side)
    with open_ledger(tmp_path / "ledger.ledger") as file:
        keys = key_receipts(file, 3)
    content, _ = pair_with(
        tmp_path / "ledger.ledger", ledger.checkpoints[3], note_keys=keys
    )

    assert Outcome.CONSISTENT is found.outcome
    assert [[], []] == [json.loads(one)["keys_old"] for one in (found.pair, content)]


@pytest.mark.parametrize("signers", [(0, 1), (1, 0)], ids=["older", "newer"])
def test_a_fork_of_which_one_side_began_under_a_stranger(tmp_path, signers):
    """Of both sides the signers of entry 0 are the reader's, or nobody is accused.

    Root is two keys with a threshold of one; the reader knows the first of them.
    """
    sides = []
    for teller, signer in enumerate(signers):
        made = LedgerSimulator(root_count=2, salts=teller)
        events = [made.created(), made.granted(made.log, "log", [], "log")]
        made.submit("root", events, made.roots[signer])
        sides.append(read_side(write(tmp_path, made, f"{teller}")))
    found = compare(*sides)
    pins = [made.roots[0].vkey]
    report = check(tmp_path, found.pair, root_keys=pins)
    asked = check(tmp_path, found.pair, root_keys=[root.vkey for root in made.roots],
                  root_threshold=1)  # fmt: skip

    assert Outcome.FORK is found.outcome
    assert (7, "no") == (report.exit_code, report.levels["authentic"])
    assert ["LV802"] == [one.code for one in report.trust]
    assert (1, "FORK", "yes") == (
        asked.exit_code,
        asked.verdict,
        asked.levels["authentic"],
    )


@pytest.mark.parametrize("size", [4, 5, 8], ids=["older", "equal", "newer"])
def test_a_key_that_only_the_older_side_declares_stolen(tmp_path, size):
    """Whichever side is older, a thief's history does not accuse the log."""
    ledger = history(3)
    thief = history(size, common=2, teller="thief")
    ledger.submit("root", [ledger.compromised(ledger.log, 2)], checkpoint=False)
    successor = ledger.successor("log")
    grant = ledger.granted(successor, "log", [], "log")
    ledger.submit("root", [grant], checkpoint=False)
    ledger.checkpoint(key=successor)
    assert 5 == max(ledger.checkpoints)
    found = compare(
        read_side(write(tmp_path, ledger)), read_side(write(tmp_path, thief, "thief"))
    )
    report = check(tmp_path, found.pair, root_keys=[ledger.roots[0].vkey])

    assert Outcome.UNDECIDED is found.outcome
    assert "declared the log key that signed compromised" in found.why
    assert (7, ["LV803"]) == (report.exit_code, [one.code for one in report.trust])


def test_two_notes_alone(tmp_path):
    """Without key events nobody knows whose signatures these are: undecided."""
    side = side_of(tmp_path, "note", history(3).checkpoints[3])
    found = compare(side, side)

    assert (Outcome.UNDECIDED, 5, (3, 3)) == (
        found.outcome,
        found.exit_code,
        found.sizes,
    )
    assert "no key events are at hand: give a receipt, a bundle" in found.why


def test_the_key_events_of_a_bundle(tmp_path):
    """A bundle's receipts of other events are left out; those of keys make a pair."""
    ledger = history(4)
    value = receipt_of(tmp_path, ledger, "1.0")
    head, _, note = value["tlog_proof"].partition("\n\n")
    shown = {
        "entry": value["entry"],
        "events": [value["event"]],
        "index": 1,
        "path": head.split("\n")[2:],
    }
    folder = tmp_path / "bundle"
    folder.mkdir()
    receipts = {
        "format": "tuneledger/receipts/v1",
        "receipts": [*value["keys"], shown],
    }
    (folder / "checkpoint").write_text(note, "utf-8")
    (folder / "receipts.json").write_bytes(canonical(receipts))
    side = read_side(folder)
    found = compare(side, side)

    assert [0] == [one.index for one in side.keys]
    assert Outcome.CONSISTENT is found.outcome
    assert len(value["keys"]) == len(json.loads(found.pair)["keys_new"])


def test_of_a_fork_the_older_key_events_are_kept(tmp_path):
    """Where both sides bring their key events, each note is judged by its own."""
    sides, values = [], []
    for name, common in (("a", None), ("b", 0)):
        ledger = history(6, common=common, teller=name)
        (tmp_path / name).mkdir()
        values.append(receipt_of(tmp_path / name, ledger, "1.0"))
        sides.append(side_of(tmp_path, f"{name}.json", canonical(values[-1])))
    found = compare(*sides)
    pair = json.loads(found.pair)
    shown = [sorted(map(str, one["keys"])) for one in values]

    assert Outcome.FORK is found.outcome
    assert sorted(shown) == sorted(
        sorted(map(str, pair[name])) for name in ("keys_old", "keys_new")
    )
