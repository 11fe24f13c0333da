"""Whose fork it is: strangers, copied grants and stolen log keys accuse nobody."""

import json

import pytest

from tests.simulator import Key, LedgerSimulator, sign_note, tree_root
from tests.unit.proofs.histories import extend, history, newest, pair_with, write
from tests.unit.proofs.material import canonical, check, encoded
from verifier.proofs.compare import Outcome, compare
from verifier.proofs.pair import key_receipts
from verifier.proofs.same_history import Pair, encode_pair
from verifier.proofs.sides import read_side
from verifier.store.file import open_ledger


def root_of(ledger):
    """What the auditor pins."""
    return [ledger.roots[0].vkey]


def copied_grant(honest):
    """A stranger's ledger that grants the honest log's key before one of its own."""
    made = LedgerSimulator(seed="stranger")
    governance = made.granted(
        made.key("governance"), "governance", ["policy"], "policy"
    )
    # The simulator's grant is the honest one's: its proof of possession is public.
    grant = honest.granted(honest.log, "log", [], "log")
    made.submit("root", [made.created(), grant, governance], checkpoint=False)
    extend(made, "own")
    extend(made, "own too")
    changes = [made.retired(honest.log), made.granted(made.log, "log", [], "log")]
    made.submit("root", changes, checkpoint=False)
    made.checkpoint()
    return made


def stolen(size):
    """A log whose first key is declared compromised from entry 2 on; a thief's note."""
    made = history(3)
    thief, successor = made.log, made.successor("log")
    grant = made.granted(successor, "log", [], "log")
    made.submit("root", [made.compromised(thief, 2), grant], checkpoint=False)
    made.checkpoint(key=successor)
    text = f"{made.origin}\n{size}\n{encoded(b'x' * 32)}\n"
    return made, sign_note(text.encode(), thief)


def keys_of(path, size):
    """The key receipts of a ledger."""
    with open_ledger(path) as file:
        return key_receipts(file, size)


def note_side(folder, note):
    """A side that is a note alone."""
    (folder / "note").write_bytes(note)
    return read_side(folder / "note")


def test_a_stranger_of_the_same_name(tmp_path):
    """A ledger under another root is no second history: undecided, no pair."""
    ours = write(tmp_path, history(4))
    theirs = write(tmp_path, history(4, seed="stranger"), "stranger")
    found = compare(read_side(ours), read_side(theirs))

    assert (Outcome.UNDECIDED, 5, b"") == (found.outcome, found.exit_code, found.pair)
    assert "not shown to be one log's: another root" in found.why


@pytest.mark.parametrize("pinned", ["ours", "the stranger's", "none"])
def test_a_file_with_two_roots(tmp_path, pinned):
    """A pair under two roots shows nothing, whichever of them is pinned: BROKEN."""
    ours, theirs = history(4), history(4, seed="stranger")
    path = write(tmp_path, ours)
    content, _ = pair_with(path, ours.checkpoints[4])
    value = json.loads(content)
    other = json.loads(
        pair_with(write(tmp_path, theirs, "stranger"), newest(theirs))[0]
    )
    value |= {"old": other["new"], "keys_old": other["keys_new"]}
    pins = {"ours": root_of(ours), "the stranger's": root_of(theirs), "none": []}
    report = check(tmp_path, canonical(value), root_keys=pins[pinned], level=0)

    assert (1, "BROKEN") == (report.exit_code, report.verdict)
    assert [("LV926", "PRF-15")] == [(one.code, one.rule) for one in report.findings]


def test_another_threshold(tmp_path):
    """The thief of one root key of two begins a ledger that asks for one: no fork."""
    sides = []
    for threshold in (2, 1):
        made = LedgerSimulator(root_count=2, threshold=threshold)
        events = [made.created(), made.granted(made.log, "log", [], "log")]
        made.submit("root", events, *made.roots[:threshold])
        sides.append(read_side(write(tmp_path, made, f"of {threshold}")))

    assert Outcome.UNDECIDED is compare(*sides).outcome


def test_a_copied_grant(tmp_path):
    """A stranger can copy a grant, but not make that key sign: undecided."""
    honest = history(3)
    stranger = copied_grant(honest)
    note = note_side(tmp_path, honest.checkpoints[3])
    found = compare(note, read_side(write(tmp_path, stranger)))

    assert (Outcome.UNDECIDED, 5) == (found.outcome, found.exit_code)
    assert "not shown to be one log's" in found.why


@pytest.mark.parametrize("level", [0, 1])
def test_a_copied_grant_in_a_file(tmp_path, level):
    """The same in a file accuses nobody under the honest root: INCOMPLETE."""
    honest = history(3)
    content, _ = pair_with(write(tmp_path, copied_grant(honest)), honest.checkpoints[3])
    report = check(tmp_path, content, root_keys=root_of(honest), level=level)

    assert (5, "INCOMPLETE") == (report.exit_code, report.verdict)


def test_two_log_keys_of_the_pinned_root(tmp_path):
    """Where the reader's root granted both keys, the pair is a fork for that reader."""
    honest = history(3)
    new_log = Key(honest.origin, "next")
    changes = [honest.retired(honest.log), honest.granted(new_log, "log", [], "log")]
    honest.submit("root", changes, checkpoint=False)
    honest.checkpoint(key=new_log)
    liar = history(3, common=2, teller="b")
    path = write(tmp_path, honest)
    found = compare(note_side(tmp_path, newest(liar)), read_side(path))
    report = check(tmp_path, found.pair, root_keys=root_of(honest))

    assert Outcome.UNDECIDED is found.outcome
    assert (1, "FORK") == (report.exit_code, report.verdict), report.as_text()


def test_an_old_note_by_a_key_of_no_root(tmp_path):
    """A note whose log key its own side did not grant is refused: LV602."""
    ours = history(4)
    path = write(tmp_path, ours)
    old = sign_note(
        f"{ours.origin}\n4\n{encoded(tree_root(ours.leaves))}\n".encode(),
        Key(ours.origin, "thief"),
    )
    content = json.loads(pair_with(path, ours.checkpoints[4])[0])
    content |= {"old": old.decode(), "keys_old": content["keys_new"]}
    report = check(tmp_path, canonical(content), root_keys=root_of(ours))

    assert 1 == report.exit_code
    assert ["LV602"] == [one.code for one in report.findings]


def test_a_stolen_log_key(tmp_path):
    """A fork by a key that was declared compromised is not the log's: LV803."""
    ledger, note = stolen(3)
    content, checked = pair_with(write(tmp_path, ledger), note)
    report = check(tmp_path, content, root_keys=root_of(ledger))

    assert checked.is_fork
    assert (7, "no") == (report.exit_code, report.levels["authentic"])
    assert ["LV803"] == [one.code for one in report.trust]


def test_a_fork_from_before_the_theft(tmp_path):
    """What the key signed below `since_seq` is the log's: FORK."""
    ledger, note = stolen(2)
    content, _ = pair_with(write(tmp_path, ledger), note)
    report = check(tmp_path, content, root_keys=root_of(ledger))

    assert (1, "FORK") == (report.exit_code, report.verdict), report.as_text()


def test_a_stolen_log_key_in_a_comparison(tmp_path):
    """`consistency` does not accuse the log of a thief's note: undecided."""
    ledger = history(3)
    thief = history(5, common=2, teller="thief")
    ledger.submit("root", [ledger.compromised(ledger.log, 2)], checkpoint=False)
    successor = ledger.successor("log")
    grant = ledger.granted(successor, "log", [], "log")
    ledger.submit("root", [grant], checkpoint=False)
    ledger.checkpoint(key=successor)
    found = compare(
        read_side(write(tmp_path, thief, "thief")), read_side(write(tmp_path, ledger))
    )

    assert (Outcome.UNDECIDED, 5) == (found.outcome, found.exit_code)
    assert "declared the log key that signed compromised" in found.why


def test_an_honest_note_by_a_stolen_key(tmp_path):
    """One history needs no trust in the older key: the newer note covers the tree."""
    ledger, _ = stolen(3)
    note = note_side(tmp_path, ledger.checkpoints[3])
    found = compare(note, read_side(write(tmp_path, ledger)))
    report = check(tmp_path, found.pair, root_keys=root_of(ledger))

    assert Outcome.CONSISTENT is found.outcome
    assert 0 == report.exit_code


def test_keys_under_one_root_on_both_sides(tmp_path):
    """Another genesis under the same root and another log key: still one log's fork."""
    ours, theirs = history(4), history(4, common=0, teller="b")
    paths = write(tmp_path, ours), write(tmp_path, theirs, "theirs")
    old, new = (read_side(path) for path in paths)
    content = encode_pair(
        Pair(
            old=old.note,
            new=new.note,
            root_at_old_size=new.note.checkpoint.root,
            proof=(),
            keys_old=keys_of(paths[0], 4),
            keys_new=keys_of(paths[1], 4),
        )
    )

    assert Outcome.FORK is compare(old, new).outcome
    assert 1 == check(tmp_path, content, root_keys=root_of(ours)).exit_code


def test_two_notes_alone(tmp_path):
    """Without any key events nobody can say who signed: undecided, and why."""
    honest, liar = history(4), history(4, common=3, teller="b")
    sides = []
    for name, made in (("ours", honest), ("theirs", liar)):
        (tmp_path / name).mkdir()
        sides.append(note_side(tmp_path / name, made.checkpoints[4]))
    found = compare(*sides)

    assert (Outcome.UNDECIDED, b"") == (found.outcome, found.pair)
    assert "no key events are at hand" in found.why


def test_two_sizes_without_a_ledger(tmp_path):
    """What lies between two sizes is in no receipt: undecided, and what is needed."""
    made = history(4)
    sides = []
    for size in (3, 4):
        (tmp_path / str(size)).mkdir()
        sides.append(note_side(tmp_path / str(size), made.checkpoints[size]))
    found = compare(*sides)

    assert (Outcome.UNDECIDED, b"") == (found.outcome, found.pair)
    assert "the entries below 4 are needed" in found.why


def receipt_side(folder, material, edit=lambda text: text):
    """A side that is a receipt, its tlog-proof edited."""
    value = json.loads(material.receipt())
    value["tlog_proof"] = edit(value["tlog_proof"])
    folder.mkdir()
    (folder / "receipt").write_bytes(canonical(value))
    return read_side(folder / "receipt")


def test_two_receipts_of_one_checkpoint(material, tmp_path):
    """One history needs the key events of one side only."""
    sides = [receipt_side(tmp_path / name, material) for name in "ab"]
    found = compare(*sides)

    assert Outcome.CONSISTENT is found.outcome
    assert [] == json.loads(found.pair)["keys_old"]


def test_receipt_beside_a_forged_note(material, tmp_path):
    """A note of the same size that the log's key did not sign makes no pair."""
    side = receipt_side(tmp_path / "a", material)
    checkpoint = side.note.checkpoint
    forged = sign_note(checkpoint.note.text, Key(checkpoint.origin, "thief"))
    (tmp_path / "b").mkdir()
    found = compare(side, note_side(tmp_path / "b", forged))

    assert (Outcome.UNDECIDED, b"") == (found.outcome, found.pair)
    assert "no checkpoint pair can be made: LV602" in found.why


@pytest.mark.parametrize("size", range(1, 6))
def test_key_events_below_a_size(tmp_path, size):
    """Only the key events that a checkpoint covers are taken for it."""
    made = history(3)
    for number in range(2):
        key = made.key(f"ci{number}")
        made.submit("root", [made.granted(key, "ci", [], f"ci{number}")])
    found = [one.index for one in keys_of(write(tmp_path, made), size)]

    assert [index for index in (0, 3, 4) if index < size] == found
