"""What a person and a program read about a proof file, in full."""

import json

import pytest

from tests.simulator import tree_root
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.proofs.histories import history, newest, pair_with, write
from tests.unit.proofs.material import LANDED, PAGES, SCANS, SITES, canonical, check
from tests.unit.proofs.test_disclosure import disclosed
from verifier.proofs.report import NOT_PROVEN

GROUND = ["consistent      yes", "authentic       yes"]
NO_ANCHORS = [f"{name:<15} not asked" for name in ("timed", "witnessed", "continuous")]
UNTIMED = "when anything happened: every time is the operator's clock"
ALONE = "that this history is the only one: no quorum of witnesses of yours cosigned it"
WHO = "who used the log's key, and which of the two histories is true"
UNNAMED = "by somebody whom no policy of yours names"


def text_of(report) -> list[str]:
    """The lines of a report after its first, which names the file."""
    return report.as_text().splitlines()[1:]


def not_proven(*more: str) -> list[str]:
    """The lines about what no proof file shows, and these."""
    return [f"DOES NOT PROVE  {text}" for text in (*NOT_PROVEN, *more)]


@pytest.fixture
def pair():
    """A ledger of 5 entries, and a note of the same or of another history."""
    ledger = history(5)
    return ledger, {
        "consistent": ledger.checkpoints[3],
        "fork": newest(history(4, common=3, teller="b")),
    }


@pytest.mark.parametrize("outcome", ["consistent", "fork"])
def test_text_of_a_pair(tmp_path, pair, outcome):
    """Both heads, what was checked, and the verdict."""
    ledger, notes = pair
    root = ledger.roots[0]
    note, is_fork = notes[outcome], outcome == "fork"
    content, checked = pair_with(write(tmp_path, ledger), note)
    old = checked.pair.old.checkpoint
    lines = text_of(check(tmp_path, content, root_keys=[root.vkey]))

    said = "a log key signed each, and neither extends the other"
    fork = f"the newer tree has root {tree_root(ledger.leaves[:4]).hex()} at size 4"
    assert [
        f"OLD             size {old.size}   root {old.root.hex()}",
        f"NEW             size 5   root {tree_root(ledger.leaves).hex()}",
        *([f"FORK            {fork}"] if is_fork else []),
        f"PASS            {said}"
        if is_fork
        else "PASS            the older tree is a prefix of the newer one",
        "PASS            checkpoint of size 5, signed by the log key that root granted",
        "NOT CHECKED     time stamps and cosignatures: a pair has none",
        f"TRUST           root key {root.name} {root.public.hex()}",
        *not_proven(UNTIMED, WHO if is_fork else ALONE),
        *GROUND,
        *NO_ANCHORS,
        "RESULT          FORK   exit 1"
        if is_fork
        else "RESULT          L1 authentic   exit 0",
    ] == lines


@pytest.mark.parametrize("outcome", ["consistent", "fork"])
def test_json_of_a_pair(tmp_path, pair, outcome):
    """Outcome, both heads and the root that the newer tree had at the older size."""
    ledger, notes = pair
    content, checked = pair_with(write(tmp_path, ledger), notes[outcome])
    old = checked.pair.old.checkpoint
    document = json.loads(check(tmp_path, content).as_json())

    assert {
        "outcome": outcome,
        "old": {"size": old.size, "root": old.root.hex()},
        "new": {"size": 5, "root": tree_root(ledger.leaves).hex()},
        "root_at_old_size": tree_root(ledger.leaves[: old.size]).hex(),
    } == document["content"]
    assert ("checkpoint-pair", ledger.genesis, 5) == (
        document["kind"],
        document["genesis"],
        document["size"],
    )


def test_text_of_a_receipt(material, receipt, tmp_path):
    """The event, who signed it, and who vouches for its checkpoint."""
    report = check(tmp_path, receipt, policy=material.policy)

    assert [
        f"EVENT           {material.scan_seq}.1   stream scan",
        f"                {report.content['event']['line']}",
        "SIGNED BY       example.org/acme/scanner",
        "PASS            one event, signed, under one checkpoint",
        "PASS            checkpoint of size 2, signed by the log key that root granted",
        "PASS            time stamps of CN=Test TSA",
        "PASS            cosignatures of witness.example/w1",
    ] == text_of(report)[:7]
    assert [] == report.not_checked
    assert not_proven(
        "when it happened: the time stamps show only that it was there by then",
        "that the witnesses do not conspire with the operator",
    ) == [line for line in text_of(report) if line.startswith("DOES NOT")]
    assert [
        *GROUND,
        "timed           yes",
        "witnessed       yes",
        "continuous      not asked",
        "RESULT          L3 witnessed   exit 0",
    ] == text_of(report)[-6:]


def test_json_of_a_receipt(material, receipt, tmp_path):
    """The event with its id, stream and both times."""
    content = check(tmp_path, receipt).content["event"]
    assert '{"type":"optout.site_registered.v1"' == content.pop("line")[:35]

    assert {
        "event_id": f"{material.scan_seq}.1",
        "stream": "scan",
        "recorded_at_ms": NOW_MS,
        "claimed_at_ms": NOW_MS,
    } == content


def test_text_of_a_disclosure(material, tmp_path):
    """Each name with its event; anchors of strangers are counted."""
    content = disclosed(material, all_sites=True, scans=[SCANS[1]])
    seq = material.scan_seq
    lines = text_of(check(tmp_path, content, root_keys=material.root))

    assert [
        *(f"NAME            {seq}.{n}   {site}" for n, site in enumerate(SITES)),
        f"NAME            {seq}.4   {PAGES[1]}\\n{LANDED}",
        "PASS            4 names that commitments of signed events hold",
        "PASS            checkpoint of size 2, signed by the log key that root granted",
        f"NOT CHECKED     1 time stamps {UNNAMED}",
        f"NOT CHECKED     1 cosignatures {UNNAMED}",
    ] == [line for line in lines if not line.startswith(("TRUST", "DOES NOT"))][:-6]


def test_text_of_a_broken_receipt(receipt, tmp_path):
    """The first bad place, and that nothing after it was looked at."""
    value = json.loads(receipt)
    value["event"]["index"] += 1
    lines = text_of(check(tmp_path, canonical(value)))

    assert "NOT CHECKED     everything after the first bad place" in lines
    assert "consistent      no" in lines
    assert "RESULT          BROKEN   exit 1" == lines[-1]
    assert 1 == sum(line.startswith("FIRST BAD") for line in lines)


def test_text_of_another_file(tmp_path):
    """Bytes that are no proof file get no other verdict than that."""
    lines = text_of(check(tmp_path, b"x"))

    assert "UNREADABLE      neither a proof file nor a tlog-proof" == lines[0]
    assert "RESULT          UNREADABLE   exit 6" == lines[-1]
