"""T1 to T24 of docs/threat-model.md, each carried out against an auditor."""

import pytest

from tests.tamper import (
    attacks_clock,
    attacks_history,
    attacks_keys,
    attacks_models,
    attacks_notes,
    attacks_proofs,
    attacks_redaction,
)
from tests.tamper.attack import Scene, attacks
from verifier import PolicyError, load_policy, verify
from verifier.proofs.file import read_proof
from verifier.proofs.same_history import check_pair, take_pair

MODULES = (
    attacks_clock,
    attacks_history,
    attacks_keys,
    attacks_models,
    attacks_notes,
    attacks_proofs,
    attacks_redaction,
)
ROWS = list(attacks("T"))


@pytest.mark.parametrize("attack", ROWS, ids=[attack.name for attack in ROWS])
def test_attack(attack, tmp_path):
    """The verdict falls as far as the threat model says, and no further."""
    before, after = attack.carry_out(tmp_path)

    assert (attack.before, 0) == (before.verdict, before.exit_code), before
    assert attack.after == after.verdict, after
    assert attack.code in ("", *after.codes), after
    assert attack.is_found == (after.exit_code != 0), after


def test_every_row_has_an_attack():
    """T1 to T24, none left out."""
    assert {f"T{n}" for n in range(1, 25)} == {attack.row for attack in ROWS}


def test_fork_is_handed_over_as_a_proof(tmp_path):
    """T4: the reader keeps both signed notes, and the proof that they contradict."""
    scene = Scene(tmp_path, "pin")
    attacks_history.another_history_for_another_reader(scene)
    scene.read()
    (proof,) = (scene.auditor.folder / "pins").glob("*fork.json")

    assert check_pair(take_pair(read_proof(proof.read_bytes()).value)).is_fork


@pytest.mark.parametrize("column", [0, 1], ids=["entry", "events"])
def test_prefix_edited_after_an_earlier_look(tmp_path, column):
    """T2: bytes that were in order last time are not believed to be so still."""
    scene = Scene(tmp_path, "pin")
    policy = load_policy(scene.auditor.folder / "trust.toml")
    assert verify(scene.path, policy=policy, now_ms=scene.now_ms).exit_code == 0
    row = list(scene.ledger.entries[3])
    row[column] = row[column].replace(b"1", b"2")
    scene.ledger.entries[3] = tuple(row)
    scene.write()

    assert verify(scene.path, policy=policy, now_ms=scene.now_ms).verdict == "BROKEN"


def test_contradicted_checkpoint_is_kept(tmp_path):
    """T3, T4: what was kept is not replaced by what contradicts it."""
    scene = Scene(tmp_path, "pin")
    kept = scene.auditor.kept()
    attacks_history.whole_history_written_anew(scene)
    scene.read()

    assert kept.items() <= scene.auditor.kept().items()


@pytest.mark.parametrize(
    "lines",
    [
        "witness a {0}\nwitness b {0}\ngroup g 2 a b\nquorum g\n",
        "witness a {0}\nwitness b {1}\ngroup g 2 a a\nquorum g\n",
        "witness a {0}\nwitness b {1}\ngroup g any a b\ngroup h any a\nquorum g\n",
    ],
    ids=["one key under two names", "one name twice", "one name in two groups"],
)
def test_witness_policy_that_counts_twice(tmp_path, lines):
    """T19: a policy in which one witness could count twice is refused."""
    scene = Scene(tmp_path, "policy")
    keys = [witness.vkey for witness in scene.auditor.witnesses]
    path = scene.auditor.folder / "witnesses.policy"
    path.write_text(lines.format(*keys))

    with pytest.raises(PolicyError):
        load_policy(scene.auditor.folder / "trust.toml")


def test_report_names_the_witnesses(tmp_path):
    """T20: whether they are independent is for a person, who reads their names."""
    scene = Scene(tmp_path, "policy")
    text = scene.report().as_text()

    assert all(witness.key.name in text for witness in scene.auditor.witnesses)


def test_report_claims_no_absence(tmp_path):
    """T21: a report says that what was never submitted is not proven."""
    scene = Scene(tmp_path)

    assert any("left out" in line for line in scene.report().not_proven)


def test_report_says_what_a_root_key_alone_shows(tmp_path):
    """T1, T2: without anchors and a pin, a shorter copy and a rewrite are named."""
    lines = Scene(tmp_path).report().not_proven

    assert any("shorter" in line for line in lines)
    assert any("all the keys" in line for line in lines)


def test_report_promises_nothing_for_ever(tmp_path):
    """T23: a time stamp is a date, from which whoever reads later can judge."""
    scene = Scene(tmp_path, "policy")

    assert "2026-" in scene.report().as_text()
