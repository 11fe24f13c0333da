"""Checkpoint pairs: one history or a fork, by a proof that a third party checks."""

import json

import pytest

from ledger.errors import InputError
from ledger.export.consistency import encode_pair
from ledger.log.ledger import Ledger
from tests.simulator import Key, edit_rows, sign_note, tree_root
from tests.unit.proofs.histories import extend, history, newest, pair_with, write
from tests.unit.proofs.material import canonical, check
from verifier.bundle.findings import BundleViolation
from verifier.proofs.pair import PairError, key_receipts, make_pair
from verifier.proofs.same_history import parse_pair
from verifier.store.file import open_ledger

SIZES = range(1, 18)


@pytest.fixture(scope="module")
def longest(tmp_path_factory):
    """A ledger of 17 entries, and its file."""
    ledger = history(17)
    return ledger, write(tmp_path_factory.mktemp("longest"), ledger)


def root_of(ledger):
    """What the auditor pins."""
    return [ledger.roots[0].vkey]


def test_one_history(longest, tmp_path):
    """Every older checkpoint of a ledger is a prefix of every newer one."""
    ledger, path = longest
    for new in SIZES:
        for old in range(1, new + 1):
            content, checked = pair_with(path, ledger.checkpoints[old], size=new)
            assert not checked.is_fork

        report = check(tmp_path, content, root_keys=root_of(ledger))
        assert (0, "L1") == (report.exit_code, report.verdict), report.as_text()


def test_both_implementations_make_the_same_bytes(longest):
    """The writer's pair and the verifier's are equal for all sizes."""
    ledger, path = longest
    with Ledger.open(path) as opened:
        for new in SIZES:
            for old in range(1, new + 1):
                content, _ = pair_with(path, ledger.checkpoints[old], size=new)

                assert encode_pair(opened, old, new) == content


@pytest.mark.parametrize("common", [1, -1], ids=["early", "last entry"])
def test_forks_of_all_sizes(longest, tmp_path, common):
    """Every checkpoint of another history is a fork, whatever the two sizes."""
    ledger, path = longest
    for old in range(2, 18):
        start = common if common > 0 else old - 1
        other = history(old, common=start, teller="b")
        for new in range(old, 18):
            content, checked = pair_with(path, newest(other), size=new)
            assert checked.is_fork, (old, new)

        report = check(tmp_path, content, root_keys=root_of(ledger))
        assert (1, "FORK") == (report.exit_code, report.verdict), report.as_text()
        assert (
            tree_root(ledger.leaves[:old]).hex() == report.content["root_at_old_size"]
        )


def test_a_fork_that_the_longer_history_shows(longest, tmp_path):
    """The lie may be the longer one: then its ledger makes the proof."""
    ledger, _ = longest
    liar = history(17, common=5, teller="liar")
    path = write(tmp_path, liar)
    content, checked = pair_with(path, ledger.checkpoints[9])

    assert checked.is_fork
    assert 1 == check(tmp_path, content, root_keys=root_of(ledger)).exit_code


def test_another_genesis_under_the_same_root(longest, tmp_path):
    """Two ledgers that root began under one name are a fork from the first entry on."""
    ledger, path = longest
    other = history(4, common=0, teller="other")
    assert other.genesis != ledger.genesis
    with open_ledger(write(tmp_path, other, "other")) as file:
        keys = key_receipts(file, 4)
    content, checked = pair_with(path, newest(other), note_keys=keys)

    assert checked.is_fork
    assert checked.chain_old is not None
    assert 1 == check(tmp_path, content, root_keys=root_of(ledger)).exit_code


def test_a_fork_across_a_change_of_the_log_key(tmp_path):
    """The older note is judged by its own history's key events where they are given."""
    ours = history(3)
    new_log = Key(ours.origin, "other log key")
    ours.submit(
        "root",
        [ours.retired(ours.log), ours.granted(new_log, "log", [], "log")],
        checkpoint=False,
    )
    ours.checkpoint()
    extend_with(ours, "after", new_log)
    theirs = history(5, common=3, teller="b")
    path, other_path = write(tmp_path, ours), write(tmp_path, theirs, "theirs")
    with open_ledger(path) as file, pytest.raises(PairError, match="LV602"):
        make_pair(file, newest(theirs))
    with open_ledger(other_path) as file:
        keys = key_receipts(file, 5)
    content, checked = pair_with(path, newest(theirs), note_keys=keys)

    assert checked.is_fork
    assert 1 == check(tmp_path, content, root_keys=root_of(ours)).exit_code


def extend_with(ledger, what, log):
    """Append an entry under a checkpoint by another log key."""
    extend(ledger, what)
    ledger.checkpoint(key=log)


def test_a_fork_without_a_root(longest, tmp_path):
    """Anybody can make two histories of a log of their own: exit code 7."""
    _, path = longest
    content, _ = pair_with(path, newest(history(9, common=4, teller="b")))
    unknown, asked = check(tmp_path, content), check(tmp_path, content, level=0)

    assert (7, "FORK") == (unknown.exit_code, unknown.verdict)
    assert (1, "FORK") == (asked.exit_code, asked.verdict)


def test_a_forged_note(longest):
    """A note that the log's key did not sign accuses nobody."""
    ledger, path = longest
    text = newest(history(9, common=4, teller="b")).partition(b"\n\n")[0] + b"\n"
    forged = sign_note(text, Key(ledger.origin, "a thief's key"))
    with open_ledger(path) as file, pytest.raises(PairError, match="LV602"):
        make_pair(file, forged)


def test_a_forged_note_in_a_file(longest, tmp_path):
    """The same inside a file is BROKEN: it shows nothing."""
    ledger, path = longest
    content, _ = pair_with(path, newest(history(9, common=4, teller="b")))
    value = json.loads(content)
    text = value["old"].partition("\n\n")[0] + "\n"
    value["old"] = sign_note(text.encode(), Key(ledger.origin, "thief")).decode()
    report = check(tmp_path, canonical(value), root_keys=root_of(ledger))

    assert (1, "BROKEN", "LV602") == (
        report.exit_code,
        report.verdict,
        report.findings[0].code,
    )


@pytest.mark.parametrize("old", [4, 5, 17], ids=["power of two", "other", "equal"])
def test_an_honest_log_is_not_accused(longest, tmp_path, old):
    """A false root at the older size does not lead to the newer one."""
    ledger, path = longest
    content, _ = pair_with(path, ledger.checkpoints[old])
    value = json.loads(content)
    value["root_at_old_size"] = value["proof"][0] if value["proof"] else "A" * 43 + "="
    report = check(tmp_path, canonical(value), root_keys=root_of(ledger))

    assert (1, "BROKEN", "LV926") == (
        report.exit_code,
        report.verdict,
        report.findings[0].code,
    )


def test_notes_of_different_logs(longest, tmp_path):
    """Two logs are no two histories of one."""
    ledger, path = longest
    content, _ = pair_with(path, ledger.checkpoints[17])
    value = json.loads(content)
    text = "example.org/other\n" + value["old"].partition("\n\n")[0].partition("\n")[2]
    value["old"] = sign_note(f"{text}\n".encode(), Key("example.org/other")).decode()
    report = check(tmp_path, canonical(value), root_keys=root_of(ledger))

    assert (1, "LV926") == (report.exit_code, report.findings[0].code)


def test_a_note_that_is_larger_than_the_ledger(longest, tmp_path):
    """What the ledger does not hold any more cannot be proven from it."""
    _, path = longest
    with open_ledger(path) as file, pytest.raises(PairError, match="size 18"):
        make_pair(file, newest(history(18)))


@pytest.mark.parametrize("note", [b"", b"no note", b"a\n1\nb\n\n"])
def test_no_note(longest, note):
    """Bytes that are no checkpoint make no pair."""
    _, path = longest
    with open_ledger(path) as file, pytest.raises(PairError):
        make_pair(file, note)


def test_the_writer_refuses_sizes_without_a_checkpoint(longest):
    """Only stored checkpoints can be paired, the older one first."""
    _, path = longest
    with Ledger.open(path) as opened:
        for sizes in ((0, 3), (3, 18), (5, 3)):
            with pytest.raises(InputError):
                encode_pair(opened, *sizes)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry WHERE seq = 4",
        "UPDATE entry SET entry = zeroblob(70000) WHERE seq = 4",
        "UPDATE entry SET events = x'00' WHERE seq = 0",
        "DELETE FROM checkpoint WHERE size = 6",
    ],
    ids=["missing row", "long row", "other events", "no checkpoint"],
)
def test_a_damaged_ledger(tmp_path, statement):
    """Rows that cannot be read or do not fit make no pair, and no crash."""
    ledger = history(6)
    path = edit_rows(write(tmp_path, ledger), statement)
    with open_ledger(path) as file, pytest.raises(PairError):
        make_pair(file, ledger.checkpoints[3])


@pytest.mark.parametrize("value", [[], "x", {}, {"format": "tuneledger/receipt/v1"}])
def test_what_is_no_pair(value):
    """JSON of another shape or format is a violation, whatever it is."""
    with pytest.raises(BundleViolation, match="expected format"):
        parse_pair(canonical(value))
