"""Receipts of what run keys and compromised keys signed."""

import json

import pytest

from ledger.export.receipt import encode_receipt
from ledger.log.ledger import Ledger
from tests.simulator import LedgerSimulator
from tests.tamper.chapters import RUN
from tests.unit.proofs.histories import write
from tests.unit.proofs.material import canonical, check
from verifier.keys.run_keys import CERTIFIED
from verifier.proofs.pair import make_pair
from verifier.store.file import open_ledger


@pytest.fixture(scope="module")
def ledger():
    """A run under a key of its own, certified beside another event; then a theft."""
    made = LedgerSimulator()
    trainer = made.key("trainer")
    made.submit(
        "root",
        [
            made.created(),
            made.granted(made.log, "log", [], "log"),
            made.granted(trainer, "trainer", ["training", "spool"], "trainer"),
        ],
    )
    made.submit("trainer", [dropped(made), made.certified(RUN), dropped(made)], trainer)
    run_key = made.key(f"trainer/{RUN}")
    made.submit(f"trainer/{RUN}", [failed(made)], run_key)
    return made


def dropped(ledger):
    """An event that anybody may sign."""
    return ledger.event("spool.events_dropped.v1", events=1, reason="producer_error")


def failed(ledger):
    """An event of the run."""
    return ledger.event(
        "training.run_failed.v1", run_id=RUN, reason="interrupted", batches=0
    )


def receipt(folder, ledger, event_id):
    """A receipt by the real writer."""
    with Ledger.open(write(folder, ledger)) as opened:
        return encode_receipt(opened, event_id)[0].content


def test_a_run_key_comes_with_its_certificate(ledger, tmp_path):
    """What a run key signed is shown with its certificate, and nothing beside that."""
    content = receipt(tmp_path, ledger, "2.0")
    report = check(tmp_path, content, root_keys=[ledger.roots[0].vkey])
    shown = [
        json.loads(event["line"])["type"]
        for one in json.loads(content)["keys"][1:]
        for event in one["events"]
    ]

    assert (0, "L1") == (report.exit_code, report.verdict), report.as_text()
    assert [CERTIFIED] == shown


def test_a_run_key_without_its_certificate(ledger, tmp_path):
    """Without the certificate nobody granted the signer."""
    value = json.loads(receipt(tmp_path, ledger, "2.0"))
    value["keys"].pop()
    report = check(tmp_path, canonical(value), root_keys=[ledger.roots[0].vkey])

    assert (1, "LV303") == (report.exit_code, report.findings[0].code)


def test_the_certificate_itself(ledger, tmp_path):
    """A receipt of the certificate shows it once, as the event."""
    content = receipt(tmp_path, ledger, "1.1")
    report = check(tmp_path, content, root_keys=[ledger.roots[0].vkey])

    assert 0 == report.exit_code
    assert 1 == len(json.loads(content)["keys"])


def test_a_key_event(ledger, tmp_path):
    """An event of the stream root is shown among the key events too, and once more."""
    content = receipt(tmp_path, ledger, "0.2")
    report = check(tmp_path, content, root_keys=[ledger.roots[0].vkey])

    assert 0 == report.exit_code
    assert "keys.granted.v1" in report.content["event"]["line"]


@pytest.mark.parametrize("size", [3, 4], ids=["before", "after"])
def test_a_compromised_signer(tmp_path, size):
    """A declaration below the checkpoint makes the event untrusted; a later one not."""
    made = LedgerSimulator()
    trainer = made.key("trainer")
    made.submit(
        "root",
        [
            made.created(),
            made.granted(made.log, "log", [], "log"),
            made.granted(trainer, "trainer", ["training", "spool"], "trainer"),
        ],
    )
    made.submit("trainer", [dropped(made)], trainer)
    made.submit("trainer", [dropped(made)], trainer)
    made.submit("root", [made.compromised(trainer, 1)])
    with Ledger.open(write(tmp_path, made)) as opened:
        content = encode_receipt(opened, "1.0", size=size)[0].content
    report = check(tmp_path, content, root_keys=[made.roots[0].vkey])

    assert [] == report.findings
    assert (0 if size == 3 else 7) == report.exit_code
    assert ([] if size == 3 else ["LV803"]) == [one.code for one in report.trust]


@pytest.mark.parametrize(
    ("least", "code"), [(None, 7), (2, 7), (1, 0)], ids=["default", "two", "one"]
)
def test_the_root_threshold(tmp_path, least, code):
    """Two pinned root keys ask for a threshold of two, unless the reader says less."""
    made = LedgerSimulator(root_count=2, threshold=1)
    made.submit("root", [made.created(), made.granted(made.log, "log", [], "log")])
    content = receipt(tmp_path, made, "0.1")
    pins = [root.vkey for root in made.roots]
    report = check(tmp_path, content, root_keys=pins, root_threshold=least)

    assert [] == report.findings
    assert code == report.exit_code
    assert ["LV814"] * (code == 7) == [one.code for one in report.trust]


def test_key_event_of_an_unknown_type(tmp_path):
    """It may have changed the keys, so nothing that rests on them is answered yes."""
    made = LedgerSimulator()
    made.submit("root", [made.created(), made.granted(made.log, "log", [], "log")])
    made.submit("root", [made.event("keys.borrowed.v1")])
    with open_ledger(made.write(tmp_path / "acme.ledger")) as file:
        pair = make_pair(file, made.checkpoints[1])
    report = check(tmp_path, pair, root_keys=[made.roots[0].vkey])

    assert ("INCOMPLETE", 5, "no", "no") == (
        report.verdict,
        report.exit_code,
        report.levels["consistent"],
        report.levels["authentic"],
    )
