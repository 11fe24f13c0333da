"""What a trust policy asks of a tlog-proof."""

import pytest

from tests.simulator import Key, leaf, sign_note
from tests.tamper.anchoring import Witness
from tests.unit.levels.office import Office
from tests.unit.proofs.material import LATER_MS, check, encoded
from verifier import load_policy


def codes(report):
    """Exit code, and the codes of what was asked for and is missing."""
    return report.exit_code, [one.code for one in report.trust]


def tlog(folder, key, **tables):
    """The report on a tlog-proof of one entry under a policy that lists the log."""
    log, witness = Key("example.org/acme", "log"), Witness("w.example.net")
    (folder / "entry").write_bytes(b"an entry")
    text = f"example.org/acme\n1\n{encoded(leaf(b'an entry'))}\n".encode()
    note = sign_note(text, log)
    line = witness.line(note, LATER_MS)
    office = Office(folder)
    office.witnesses, office.quorum = [witness], [f"log {key or log.vkey}", "quorum w0"]
    office.ask_witnesses().ask("verdict", 'waive = ["timed"]')
    office.tables |= tables
    return check(
        folder,
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note + line,
        policy=load_policy(office.policy_file()),
        entry=folder / "entry",
    )


def test_a_tlog_proof_of_a_listed_log(tmp_path):
    """Path, log and witness: L3, and a line for each."""
    report = tlog(tmp_path, None)

    assert (0, "L3") == (report.exit_code, report.verdict), report.as_text()
    assert [
        "the entry's path to the checkpoint's root",
        "the checkpoint's signature by a log key of the policy",
        "cosignatures of w.example.net",
    ] == report.checked
    assert [] == report.not_checked


def test_a_tlog_proof_of_a_log_that_is_not_allowed(tmp_path):
    """A policy names the logs that it accepts, whoever's key signed."""
    report = tlog(tmp_path, None, log=['origins = ["example.org/other"]'])

    assert (7, ["LV804"]) == codes(report)
    assert ("checkpoint", "example.org/other", "example.org/acme") == (
        report.trust[0].where,
        report.trust[0].expected,
        report.trust[0].found,
    )


def test_a_tlog_proof_of_another_log_key(tmp_path):
    """A log whose key is not listed is not known, and the gap counts the keys."""
    report = tlog(tmp_path, Key("example.org/acme", "another").vkey)

    assert (7, ["LV801"]) == codes(report)
    assert "none by the 1 keys in it" == report.trust[0].found


def test_a_tlog_proof_whose_log_cosigns(tmp_path):
    """A witness whose key is a listed log's does not count (VER-4)."""
    log = Key("example.org/acme", "log")
    witness = Witness("w.example.net")
    witness.key = log
    office = Office(tmp_path)
    office.witnesses, office.quorum = [witness], [f"log {log.vkey}", "quorum w0"]
    office.ask_witnesses().ask("verdict", 'waive = ["timed"]')
    (tmp_path / "entry").write_bytes(b"an entry")
    text = f"{log.name}\n1\n{encoded(leaf(b'an entry'))}\n".encode()
    note = sign_note(text, log)
    report = check(
        tmp_path,
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note + witness.line(note, LATER_MS),
        policy=load_policy(office.policy_file()),
        entry=tmp_path / "entry",
    )

    assert (7, ["LV808"]) == codes(report)


@pytest.mark.parametrize("beside", [True, False], ids=["beside a true one", "alone"])
def test_a_signature_in_the_name_of_a_listed_log(tmp_path, beside):
    """A line with a listed key's name and id that does not hold refuses the proof.

    All else is true here: without that check anybody could sign for the log.
    """
    log = Key("example.org/acme", "log")
    office = Office(tmp_path)
    office.quorum = [f"log {log.vkey}", "quorum none"]
    policy = load_policy(office.ask_witnesses().policy_file())
    (tmp_path / "entry").write_bytes(b"an entry")
    text = f"{log.name}\n1\n{encoded(leaf(b'an entry'))}\n".encode()
    thief = encoded(log.key_id + Key(log.name, "thief").private.sign(text))
    line = f"\u2014 {log.name} {thief}\n".encode()
    note = sign_note(text, log) if beside else text + b"\n"
    report = check(
        tmp_path,
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note + line,
        policy=policy,
        level=1,
        entry=tmp_path / "entry",
    )

    assert (1, [("LV922", "PRF-10", "checkpoint")]) == (
        report.exit_code,
        [(one.code, one.rule, one.where) for one in report.findings],
    )
