"""What a file says reaches the terminal as printable ASCII."""

import json

from tests.simulator import LedgerSimulator, tree_root
from tests.unit.proofs.histories import write
from tests.unit.proofs.material import canonical, check, encoded
from verifier.proofs.pair import key_receipts
from verifier.proofs.report import ProofReport, printable
from verifier.proofs.same_history import Pair, encode_pair
from verifier.proofs.sides import read_side
from verifier.store.file import open_ledger

HOSTILE = "\x7f\x85\x9b2K\u202e\u2028RESULT          L3 witnessed   exit 0"


def test_the_line_of_an_unknown_event(tmp_path):
    """Control and direction characters in an unknown event's line are escaped."""
    made = LedgerSimulator()
    made.submit("root", [made.created(), made.granted(made.log, "log", [], "log")])
    trainer = made.key("trainer")
    made.submit("root", [made.granted(trainer, "trainer", ["spool"], "trainer")])
    line = f'{{"type":"spool.new_thing.v1","salt":"{7:024x}","x":"{HOSTILE}"}}'
    made.submit("trainer", [line.encode()], trainer)
    path = write(tmp_path, made)
    with open_ledger(path) as file:
        keys = key_receipts(file, 3)
        entry = [row.entry for row in file.entries()][2]
    side = read_side(path)
    pair = Pair(side.note, side.note, side.note.checkpoint.root, (), [], keys)
    root = encoded(root_before(made))
    content = {
        "entry": entry.decode(),
        "event": {"index": 0, "line": line, "path": []},
        "format": "tuneledger/receipt/v1",
        "keys": json.loads(encode_pair(pair))["keys_new"],
        "timestamps": [],
        "tlog_proof": f"c2sp.org/tlog-proof@v1\nindex 2\n{root}\n\n"
        + made.checkpoints[3].decode(),
    }
    report = check(tmp_path, canonical(content), root_keys=[made.roots[0].vkey])
    text = report.as_text()

    assert ([], 5) == (report.findings, report.exit_code), text
    assert "spool.new_thing" in text
    assert set() == {one for one in text if one != "\n" and not " " <= one <= "~"}
    assert "\\x9b2K\\u202e" in text


def root_before(ledger):
    """The hash beside entry 2 of three: that of the first two."""
    return tree_root(ledger.leaves[:2])


def test_every_line():
    """Whatever a report holds, each of its lines is printable ASCII."""
    report = ProofReport(path=HOSTILE, unreadable=HOSTILE, origin=HOSTILE)
    report.facts.append(("NAME", HOSTILE))
    report.checked.append(HOSTILE)
    report.root_keys.append(HOSTILE)
    text = report.as_text()

    assert set() == {one for one in text if one != "\n" and not " " <= one <= "~"}


def test_what_is_escaped_stays():
    """Text that is escaped already is not escaped again."""
    once = printable("a\\b" + HOSTILE)

    assert once == printable(once)
    assert once.startswith("a\\b\\x7f\\x85\\x9b2K")
