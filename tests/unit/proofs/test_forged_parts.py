"""One part of a proof is forged and all others are true: each check stands alone."""

import json

import pytest

from ledger.export.consistency import encode_pair
from ledger.export.disclosure import Asked, encode_disclosure
from ledger.export.receipt import encode_receipt
from ledger.log.ledger import Ledger
from tests.simulator import Key, LedgerSimulator, sign_note
from tests.unit.proofs.histories import history, write
from tests.unit.proofs.material import SITES, canonical, check


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


def findings(report):
    """Exit code, and code and rule of each finding."""
    return report.exit_code, [(str(one.code), one.rule) for one in report.findings]


def test_the_checkpoint_of_a_receipt(material, receipt, tmp_path):
    """A receipt whose checkpoint another key signed is refused: LV602."""
    value = json.loads(receipt)
    head, _, note = value["tlog_proof"].partition("\n\n")
    value["tlog_proof"] = f"{head}\n\n{forged(note)}"
    report = check(tmp_path, canonical(value), root_keys=material.root)

    assert (1, [("LV602", "CHK-1")]) == findings(report)


def test_the_checkpoint_of_a_disclosure(material, tmp_path):
    """A disclosure whose checkpoint another key signed is refused: LV602."""
    with material.office.open() as workspace:
        asked = Asked(sites=SITES[:1])
        made = encode_disclosure(workspace.ledger, workspace.vault, asked)
    value = json.loads(made.content)
    value["checkpoint"] = forged(value["checkpoint"])
    report = check(tmp_path, canonical(value), root_keys=material.root)

    assert (1, [("LV602", "CHK-1")]) == findings(report)


@pytest.mark.parametrize("part", ["entry", "event"])
def test_an_entry_that_is_shown_twice(tmp_path, part):
    """Where `keys` shows the event's entry too, both must be the same: PRF-7.

    What is told of the event is read from the entry beside it, so a check of the one
    in `keys` alone would let the other say anything.
    """
    made = LedgerSimulator()
    grant = made.granted(made.log, "log", [], "log")
    made.submit("root", [made.created(), grant])
    value = receipt_of(tmp_path, made, "0.1")
    assert [0] == [one["index"] for one in value["keys"]]
    if part == "entry":
        old, new = "recorded_at_ms 1", "recorded_at_ms 2"
        value["entry"] = value["entry"].replace(old, new)
    else:
        value["event"]["line"] = value["event"]["line"].replace("log", "lag", 1)
    report = check(tmp_path, canonical(value), root_keys=[made.roots[0].vkey])

    assert (1, [("LV921", "PRF-7")]) == findings(report)


def test_the_path_of_an_entry_that_is_shown_twice(tmp_path):
    """The two paths of one entry must be the same: PRF-7."""
    ledger = history(3)
    value = receipt_of(tmp_path, ledger, "0.1")
    head, _, note = value["tlog_proof"].partition("\n\n")
    hashes = head.split("\n")
    other = [*hashes[:2], *hashes[:1:-1]]
    assert hashes != other
    value["tlog_proof"] = "\n".join(other) + f"\n\n{note}"
    report = check(tmp_path, canonical(value), root_keys=[ledger.roots[0].vkey])

    assert (1, [("LV921", "PRF-7")]) == findings(report)


def test_a_pair_with_a_cosignature(material, tmp_path):
    """A pair holds the log's lines alone: it has one spelling (PRF-13)."""
    with Ledger.open(material.folder) as ledger:
        note = ledger.checkpoint_note(material.anchored)
        content = encode_pair(ledger, 1, material.anchored)
    value = json.loads(content)
    assert note.startswith(value["new"].encode())
    assert note != value["new"].encode()
    value["new"] = note.decode()
    report = check(tmp_path, canonical(value), root_keys=material.root)

    assert (1, [("LV926", "PRF-13")]) == findings(report)
