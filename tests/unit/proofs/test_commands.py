"""The commands on proofs, as a person types them."""

import json
import shutil

import pytest

import cli
from ledger.export.receipt import encode_receipt
from ledger.log.ledger import Ledger
from producers.commands import proofs
from tests.simulator import LedgerSimulator, edit_rows
from tests.unit.proofs.histories import history, newest, write
from tests.unit.proofs.material import LANDED, LATER_MS, PAGES, SCANS, SITES


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command in a folder of its own; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        code = cli.invoke([str(one) for one in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return invoke


@pytest.fixture
def folder(material, tmp_path):
    """A copy of the workspace."""
    shutil.copytree(material.folder, tmp_path / "acme")
    return tmp_path / "acme"


def test_prove_and_check(run, material, folder, tmp_path):
    """A receipt is written once, and checks under the pinned root."""
    event_id = f"{material.scan_seq}.1"
    code, out, _ = run("prove", event_id, "--out", "event.json", "-w", folder)
    again, _, refused = run("prove", event_id, "--out", "event.json", "-w", folder)
    checked, text, _ = run("check", "event.json", "--root", material.root[0])

    assert 0 == code
    assert f"checkpoint of size {material.anchored}, 1 cosignatures" in out
    assert (8, True) == (again, "event.json" in refused)
    assert 0 == checked
    assert "RESULT          L1 authentic   exit 0" in text


def test_check_with_a_policy(run, material, folder, monkeypatch):
    """A policy asks for time stamps and witnesses; level 4 is none of a file's."""
    monkeypatch.setattr(proofs, "system_clock_ms", lambda: LATER_MS)
    run("prove", f"{material.scan_seq}.1", "--out", "event.json", "-w", folder)
    code, out, _ = run(
        "check", "event.json", "--policy", material.policy_file, "--json"
    )

    document = json.loads(out)
    levels = [document["levels"][name] for name in ("authentic", "timed", "witnessed")]

    assert (0, "tuneledger.check/1") == (code, document["schema"])
    assert ["yes"] * 3 == levels
    assert 2 == run("check", "event.json", "--level", "4")[0]
    assert 2 == run("check", "event.json", "--policy", "missing.toml")[0]


def test_tlog_proof_beside_the_receipt(run, material, folder, tmp_path):
    """The tlog-proof of its own is the one in the receipt."""
    code, _, _ = run(
        "prove", "0.1", "--out", "a.json", "--tlog-proof", "a.tlog-proof", "-w", folder
    )
    text = (tmp_path / "a.tlog-proof").read_text("utf-8")

    assert 0 == code
    assert text == json.loads((tmp_path / "a.json").read_text("utf-8"))["tlog_proof"]
    (tmp_path / "entry").write_text(
        json.loads((tmp_path / "a.json").read_text("utf-8"))["entry"], "utf-8"
    )
    found = run("check", "a.tlog-proof", "--entry", "entry", "--level", "0")

    assert 0 == found[0], found


def test_disclose_and_check(run, material, folder):
    """Names go into a file, and the check prints them."""
    asked = ("--site", SITES[0], "--scan", SCANS[1])
    code, _, _ = run("disclose", *asked, "--out", "names.json", "-w", folder)
    checked, text, _ = run("check", "names.json", "--root", material.root[0])

    assert (0, 0) == (code, checked)
    assert SITES[0] in text
    assert SITES[1] not in text.replace(f"{PAGES[1]}\\n{LANDED}", "")


def test_nothing_to_disclose(run, folder, tmp_path):
    """Asking for nothing writes nothing."""
    assert 2 == run("disclose", "--out", "names.json", "-w", folder)[0]
    assert not (tmp_path / "names.json").exists()


def test_checkpoint(run, material, folder):
    """The newest checkpoint, or one of a size with its cosignatures, is printed."""
    with Ledger.open(folder) as ledger:
        expected = ledger.newest_checkpoint().decode()

    assert (0, expected) == run("checkpoint", "-w", folder)[:2]
    _, out, _ = run("checkpoint", "--size", material.anchored, "-w", folder)
    assert 2 == out.count("\n— ")
    assert 2 == run("checkpoint", "--size", "999", "-w", folder)[0]


def test_consistency_of_two_sizes(run, material, folder):
    """Two sizes of one ledger are one history; the pair is written where asked."""
    code, out, _ = run("consistency", "1", "3", "-w", folder, "--out", "pair.json")

    assert (0, "consistent: one history: size 1 and size 3\n") == (code, out)
    assert 0 == run("check", "pair.json", "--root", material.root[0])[0]


@pytest.mark.parametrize("kind", ["note", "receipt", "disclosure", "tlog", "ledger"])
def test_consistency_with_what_was_kept(run, material, folder, tmp_path, kind):
    """A note, receipt, disclosure, tlog-proof or ledger stands for its checkpoint."""
    name = "kept"
    match kind:
        case "note":
            _, text, _ = run("checkpoint", "--size", material.anchored, "-w", folder)
            (tmp_path / name).write_text(text, "utf-8")
        case "receipt":
            run("prove", f"{material.scan_seq}.1", "--out", name, "-w", folder)
        case "disclosure":
            run("disclose", "--site", SITES[0], "--out", name, "-w", folder)
        case "tlog":
            options = ("--out", "other", "--tlog-proof", name)
            run("prove", f"{material.scan_seq}.1", *options, "-w", folder)
        case "ledger":
            name = folder
    code, out, _ = run("consistency", name, folder, "--json")

    assert 0 == code
    assert "consistent" == json.loads(out)["outcome"]


def test_consistency_finds_a_fork(run, tmp_path):
    """A fork is exit code 1, and the file that shows it is written."""
    ours, theirs = history(9), history(6, common=3, teller="b")
    path = write(tmp_path, ours)
    (tmp_path / "note").write_bytes(newest(theirs))
    code, out, _ = run("consistency", "note", path)
    checked, text, _ = run("check", "fork-6-9.json", "--root", ours.roots[0].vkey)

    assert (1, "FORK: the log signed two histories: size 6 and size 9\n") == (code, out)
    assert 1 == checked
    assert "RESULT          FORK   exit 1" in text


def test_consistency_of_a_stranger(run, tmp_path):
    """A ledger of that name under another root is no fork: exit code 5, no file."""
    ours, theirs = history(4), history(6, seed="stranger")
    code, out, _ = run(
        "consistency", write(tmp_path, ours), write(tmp_path, theirs, "theirs")
    )

    assert (5, True) == (code, "not shown to be one log's: another root" in out)
    assert [] == list(tmp_path.glob("fork-*"))


def test_consistency_of_two_forked_ledgers(run, tmp_path):
    """Two ledgers of one size, each with its own key events."""
    ours, theirs = history(6), history(6, common=0, teller="b")
    code, _, _ = run(
        "consistency", write(tmp_path, ours), write(tmp_path, theirs, "theirs")
    )
    pair = json.loads((tmp_path / "fork-6-6.json").read_text("utf-8"))

    assert 1 == code
    assert pair["keys_old"]
    assert 1 == run("check", "fork-6-6.json", "--root", ours.roots[0].vkey)[0]


def test_two_receipts_of_a_fork(run, tmp_path):
    """Two receipts under checkpoints of one size are enough to show a fork."""
    for name, ledger in {"a": history(6), "b": history(6, common=4)}.items():
        path = write(tmp_path, ledger, name)
        with Ledger.open(path) as opened:
            content = encode_receipt(opened, "1.0")[0].content
        (tmp_path / f"{name}.json").write_bytes(content)

    assert 1 == run("consistency", "a.json", "b.json")[0]


def test_consistency_that_cannot_be_decided(run, tmp_path):
    """Two notes alone decide nothing: exit code 5."""
    ledger = history(6)
    for size in (3, 6):
        (tmp_path / f"n{size}").write_bytes(ledger.checkpoints[size])

    assert 5 == run("consistency", "n3", "n6")[0]
    assert 5 == run("consistency", "n6", "n6")[0]


def test_consistency_with_a_shorter_ledger(run, tmp_path):
    """A ledger that lacks the newer entries cannot show what they were: exit code 5.

    Asked whether it extends the newer checkpoint, it does not: rolled back.
    """
    path = write(tmp_path, history(4))
    (tmp_path / "note").write_bytes(newest(history(6)))

    assert 5 == run("consistency", path, "note")[0]
    assert 1 == run("consistency", "note", path)[0]


@pytest.mark.parametrize(
    ("what", "code"),
    [("missing", 6), ("nonsense", 2), ("pair", 2), ("size", 2), ("damaged", 1)],
)
def test_consistency_refuses(run, folder, tmp_path, what, code):
    """What has no checkpoint is refused with one line."""
    given = tmp_path / what
    match what:
        case "nonsense":
            given.write_bytes(b"nonsense")
        case "pair":
            run("consistency", "1", "2", "-w", folder, "--out", given)
        case "size":
            given = "999"
        case "damaged":
            path = write(tmp_path, history(3), "damaged")
            given = edit_rows(path, "CREATE TABLE more (x)")
    found, _, err = run("consistency", given, "1", "-w", folder)

    assert code == found
    assert 1 == err.count("\n")


def test_two_logs(run, tmp_path, folder):
    """Checkpoints of two logs are no two histories of one: exit code 2."""
    other = LedgerSimulator(origin="example.org/other")
    other.submit("root", [other.created(), other.granted(other.log, "log", [], "log")])

    assert 2 == run("consistency", write(tmp_path, other), "1", "-w", folder)[0]


def test_a_bundle_folder(run, tmp_path):
    """A folder without the files of a bundle is unreadable; a policy does not apply."""
    (tmp_path / "bundle").mkdir()

    assert 6 == run("check", "bundle")[0]
    assert 2 == run("check", "bundle", "--level", "0")[0]


def test_consistency_with_a_smaller_ledger(run, folder):
    """NEW is behind OLD: rolled back, whatever history they share."""
    code, out, _ = run("consistency", "3", "2", "-w", folder)

    assert (1, "rolled back: OLD covers 3 entries, NEW only 2\n") == (code, out)
