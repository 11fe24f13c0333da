"""What the report on each kind of proof file says, and what it says is not shown."""

import pytest

from ledger.export.disclosure import Asked, encode_disclosure
from ledger.export.receipt import encode_receipt
from ledger.log.ledger import Ledger
from tests.simulator import tree_root
from tests.unit.proofs.histories import history, newest, pair_with, write
from tests.unit.proofs.material import LATER_MS, SITES, check

NO_ANCHORS = "time stamps and cosignatures: a pair has none"


def pair(folder, *, fork):
    """The report on a pair of sizes 4 and 6, the two roots, and root's key."""
    ours = history(6)
    old = newest(history(4, common=2, teller="b")) if fork else ours.checkpoints[4]
    content, checked = pair_with(write(folder, ours), old)
    report = check(folder, content, root_keys=[ours.roots[0].vkey])
    roots = [tree_root(ours.leaves[:size]).hex() for size in (4, 6)]
    return report, checked.pair.old.checkpoint.root.hex(), *roots


def test_a_pair_of_one_history(tmp_path):
    """Both heads, the outcome, and what passed."""
    report, old, at_four, new = pair(tmp_path, fork=False)

    assert old == at_four
    assert [
        ("OLD", f"size 4   root {old}"),
        ("NEW", f"size 6   root {new}"),
    ] == report.facts
    assert {
        "outcome": "consistent",
        "old": {"size": 4, "root": old},
        "new": {"size": 6, "root": new},
        "root_at_old_size": old,
    } == report.content
    assert [
        "the older tree is a prefix of the newer one",
        "checkpoint of size 6, signed by the log key that root granted",
    ] == report.checked
    assert ([NO_ANCHORS], 6) == (report.not_checked, report.size)


def test_a_fork(tmp_path):
    """Beside both heads, the root that the newer tree has at the older size."""
    report, old, at_four, new = pair(tmp_path, fork=True)

    assert old != at_four
    assert [
        ("OLD", f"size 4   root {old}"),
        ("NEW", f"size 6   root {new}"),
        ("FORK", f"the newer tree has root {at_four} at size 4"),
    ] == report.facts
    assert ("fork", at_four) == (
        report.content["outcome"],
        report.content["root_at_old_size"],
    )
    assert [
        "a log key signed each, and neither extends the other",
        "checkpoint of size 6, signed by the log key that root granted",
    ] == report.checked
    assert [NO_ANCHORS] == report.not_checked


def test_a_receipt(material, receipt, tmp_path):
    """The event, its signer and time; the ledger; who vouches for the checkpoint."""
    report = check(tmp_path, receipt, policy=material.policy)
    event = report.content["event"]
    event_id = f"{material.scan_seq}.1"
    with Ledger.open(material.folder) as ledger:
        header = ledger.row(material.scan_seq).entry.decode().split("\n\n")[0]

    assert ["EVENT", "", "SIGNED BY"] == [label for label, _ in report.facts]
    assert f"{event_id}   stream scan" == report.facts[0][1]
    assert event["line"] == report.facts[1][1]
    assert event_id == event["event_id"]
    assert f"recorded_at_ms {event['recorded_at_ms']}" in header
    size = material.anchored
    assert [
        "one event, signed, under one checkpoint",
        f"checkpoint of size {size}, signed by the log key that root granted",
        "time stamps of CN=Test TSA",
        "cosignatures of witness.example/w1",
    ] == report.checked
    assert [] == report.not_checked
    assert ["witness", "timestamp"] == [
        one["kind"] for one in report.content["anchors"]
    ]
    assert ("example.org/acme", 64) == (report.origin, len(report.genesis))
    assert 1 == len(report.root_keys)


def test_a_disclosure(material, tmp_path):
    """Each name with its event, and how many there are."""
    with material.office.open() as workspace:
        asked = Asked(sites=SITES[:2])
        made = encode_disclosure(workspace.ledger, workspace.vault, asked)
    report = check(tmp_path, made.content, root_keys=material.root)
    seq = material.scan_seq

    assert [("NAME", f"{seq}.0   {SITES[0]}"), ("NAME", f"{seq}.1   {SITES[1]}")] == (
        report.facts
    )
    assert [
        {"event": f"{seq}.{n}", "field": "commitment", "name": SITES[n]} for n in (0, 1)
    ] == report.content["openings"]
    assert "2 names that commitments of signed events hold" == report.checked[0]


def test_a_tlog_proof(material, tmp_path):
    """The entry's place, its path, and what was not given."""
    with Ledger.open(material.folder) as ledger:
        _, text = encode_receipt(ledger, f"{material.scan_seq}.0")
        (tmp_path / "entry").write_bytes(ledger.row(material.scan_seq).entry)
    without = check(tmp_path, text, level=0)
    report = check(tmp_path, text, level=0, entry=tmp_path / "entry")

    assert [("ENTRY", f"{material.scan_seq} of {material.anchored}")] == report.facts
    assert material.scan_seq == report.content["entry"]
    assert ["the entry's path to the checkpoint's root"] == report.checked
    assert ["the entry's bytes are needed: --entry FILE"] == without.incomplete
    assert "authentic not asked" == (
        " ".join(next(one for one in report.levels.items() if one[0] == "authentic"))
    )


def test_a_malformed_file(tmp_path):
    """After the first bad place nothing is checked, and the report says so."""
    report = check(tmp_path, b'{"format":"tuneledger/receipt/v1"}', level=0)

    assert ["everything after the first bad place"] == report.not_checked
    assert ("BROKEN", "receipt", "no") == (
        report.verdict,
        report.kind,
        report.levels["consistent"],
    )


def test_levels_that_are_not_asked_for_are_answered_where_they_can_be(
    material, receipt, tmp_path
):
    """A policy's time stamps and witnesses are judged whatever level is asked for."""
    report = check(tmp_path, receipt, policy=material.policy, level=0)

    assert ["yes", "yes", "yes"] == [
        report.levels[name] for name in ("authentic", "timed", "witnessed")
    ]


def test_gaps_that_are_not_asked_for_are_noted(material, tmp_path):
    """Without anchors those levels are no; what was asked for holds."""
    with material.office.open() as workspace:
        content = material.receipt(f"{workspace.ledger.size - 1}.0")
    report = check(tmp_path, content, policy=material.policy, level=1)

    assert (0, "L1", []) == (report.exit_code, report.verdict, report.trust)
    assert ["LV807", "LV808"] == [one.code for one in report.noted]
    assert ["no", "no"] == [report.levels[name] for name in ("timed", "witnessed")]


def test_levels_that_nothing_was_given_for(material, receipt, tmp_path):
    """What is asked for without a policy is no; what is not asked for stays open."""
    asked = check(tmp_path, receipt, root_keys=material.root, level=2)
    other = check(tmp_path, receipt, root_keys=material.root, level=1)

    assert (7, "no", "not asked") == (
        asked.exit_code,
        asked.levels["timed"],
        asked.levels["witnessed"],
    )
    assert [("LV807", "0 that count")] == [(one.code, one.found) for one in asked.trust]
    assert (0, "not asked") == (other.exit_code, other.levels["timed"])
    assert [
        "1 time stamps by somebody whom no policy of yours names",
        "1 cosignatures by somebody whom no policy of yours names",
    ] == other.not_checked


def test_time_stamps_without_their_package(material, receipt, tmp_path, monkeypatch):
    """What reads time stamps may be missing: the answer is no, and a line says so."""
    monkeypatch.setattr("verifier.proofs.trust.is_available", lambda: False)
    report = check(tmp_path, receipt, policy=material.policy)
    pinned = check(tmp_path, receipt, root_keys=material.root)

    assert (7, "no", "yes") == (
        report.exit_code,
        report.levels["timed"],
        report.levels["witnessed"],
    )
    assert any("time stamps: they need pip" in one for one in report.not_checked)
    assert not any("they need" in one for one in pinned.not_checked)


def test_anchors_from_the_future(material, receipt, tmp_path):
    """An anchor later than the reader's clock does not count, and is named."""
    early = LATER_MS - 3_600_000
    report = check(tmp_path, receipt, policy=material.policy, now_ms=early)

    assert (7, ["LV807", "LV808"]) == (
        report.exit_code,
        [one.code for one in report.trust],
    )
    assert [
        "witness 1 of witness.example/w1: its time is in the future",
        "timestamp 1 of CN=Test TSA: its time is in the future",
    ] == report.not_checked


def test_lines_of_a_file_that_cannot_be_judged(tmp_path):
    """Why not, no answer, no size; and the same in the document."""
    report = check(tmp_path, b"nonsense", level=0)
    lines = report.as_text().splitlines()
    document = report.as_dict()

    assert "UNREADABLE      neither a proof file nor a tlog-proof" == lines[1]
    assert [
        "consistent      no",
        "authentic       not asked",
        "timed           not asked",
        "witnessed       not asked",
        "continuous      not asked",
        "RESULT          UNREADABLE   exit 6",
    ] == lines[-6:]
    assert ("", "", "", 0, "UNREADABLE") == tuple(
        document[name] for name in ("kind", "origin", "genesis", "size", "verdict")
    )


def test_root_keys_of_the_ledger_are_named(tmp_path):
    """Each root key by name and key, whoever pinned it."""
    ours = history(2)
    content, _ = pair_with(write(tmp_path, ours), ours.checkpoints[1])
    report = check(tmp_path, content, level=0)
    [root] = ours.roots

    assert [f"{root.name} {root.public.hex()}"] == report.root_keys
    assert (ours.origin, ours.genesis) == (report.origin, report.genesis)


@pytest.mark.parametrize("kind", ["receipt", "pair", "fork", "malformed"])
def test_consistent(material, receipt, tmp_path, kind):
    """What holds in itself is consistent, a proof of a fork too, whatever is asked."""
    report = {
        "receipt": lambda: check(tmp_path, receipt, level=0),
        "pair": lambda: pair(tmp_path, fork=False)[0],
        "fork": lambda: pair(tmp_path, fork=True)[0],
        "malformed": lambda: check(tmp_path, receipt + b" ", level=0),
    }[kind]()

    assert ("no" if kind == "malformed" else "yes") == report.levels["consistent"]


def test_an_incomplete_proof_is_not_consistent(material, tmp_path):
    """Without the entry's bytes a tlog-proof is not answered yes."""
    with Ledger.open(material.folder) as ledger:
        _, text = encode_receipt(ledger, f"{material.scan_seq}.0")

    assert "no" == check(tmp_path, text, level=0).levels["consistent"]
