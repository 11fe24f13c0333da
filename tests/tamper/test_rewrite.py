"""What somebody who holds the log key can write, and what still stops them."""

import pytest

from tests.simulator import Key, LedgerSimulator, sign_note, split_entry
from tests.tamper.chapters import record_decided
from tests.tamper.harness import found, told_ledger, verify_simulated
from tests.tamper.story import Story


def late_decision(ledger: LedgerSimulator) -> dict:
    return record_decided(ledger, 60, "pending") | {"scan_id": ""}


def test_entry_removed_and_chain_made_anew(tmp_path):
    """With the log key all links can be mended, but the stream still shows the gap."""
    ledger = Story().build()
    removed = ledger.submit("ingest", [late_decision(ledger)])
    ledger.submit("ingest", [record_decided(ledger, 61, "pending") | {"scan_id": ""}])
    del ledger.entries[removed]
    ledger.rechain(removed)

    assert [("STREAM_GAP", f"entry {removed}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_entries_reordered_and_chain_made_anew(tmp_path):
    """With the log key streams can be reordered; rules across events still see it."""
    ledger = told_ledger()
    ledger.log_seed = "log-0"
    rows = ledger.entries
    rows[3], rows[4] = rows[4], rows[3]
    ledger.rechain(3)

    assert ("SCAN", "event 3.0") == found(verify_simulated(ledger, tmp_path))[0]


def test_submission_replayed_in_the_same_ledger(tmp_path):
    """A submission that was appended twice is out of place in its stream."""
    ledger = Story().build()
    _, note = split_entry(ledger.entries[4][0])
    seq = ledger.append(note, ledger.entries[4][1])
    ledger.checkpoint()

    assert [("STREAM_ORDER", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (LedgerSimulator(origin="example.org/other"), "SUBMISSION_FOREIGN"),
        (LedgerSimulator(now_ms=1_700_000_000_000), "SUBMISSION_FOREIGN"),
    ],
    ids=["other origin", "other genesis"],
)
def test_submission_replayed_from_another_ledger(tmp_path, other, code):
    """A submission names the ledger that it was made for."""
    ledger = Story().build()
    line = record_decided(other, 50, "pending") | {"scan_id": ""}
    other.submit("root", [other.created()])
    other.submit("ingest/worker-9", [line], ledger.key("ingest"))
    _, note = split_entry(other.entries[1][0])
    seq = ledger.append(note, other.entries[1][1])
    ledger.checkpoint()

    assert [(code, f"entry {seq}")] == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize(
    ("stream", "signers", "expected"),
    [
        ("ingest", ["ingest", "ingest"], "SIGNATURE_LINES"),
        ("ingest", ["ingest", "scanner"], "SIGNATURE_LINES"),
        ("ingest", ["scanner"], "SIGNER_NOT_ALLOWED"),
        ("ingest", ["nobody"], "SIGNER_NOT_ALLOWED"),
        ("ingests", ["ingest"], "SIGNER_NOT_ALLOWED"),
        ("scanner", ["scanner"], "FAMILY_NOT_ALLOWED"),
        ("root", ["ingest"], "SIGNATURE_LINES"),
        ("root", ["root-0"], "FAMILY_NOT_ALLOWED"),
        ("ci", ["ci"], "FAMILY_NOT_ALLOWED"),
        ("ingest/worker-2", ["ingest"], "STREAM_CLOSED"),
    ],
    ids=[
        "signed twice",
        "second signature",
        "key of another stream",
        "unknown key",
        "stream that only begins alike",
        "family not granted",
        "root stream without root",
        "root signs another family",
        "ci signs an event",
        "abandoned stream",
    ],
)
def test_submission_by_the_wrong_signer(tmp_path, stream, signers, expected):
    """Each stream and family has its signer, and no other is accepted."""
    ledger = Story().build()
    keys = [ledger.roots[0] if n == "root-0" else ledger.key(n) for n in signers]
    seq = ledger.submit(stream, [late_decision(ledger)], *keys)

    code, where = found(verify_simulated(ledger, tmp_path))[0]
    assert (expected, str(seq)) == (code, where.split()[1].partition(".")[0])


def test_signature_stripped(tmp_path):
    """An entry without its signature line is not accepted."""
    ledger = Story().build()
    text = ledger.submission("ingest", [b"{}"])
    seq = ledger.append(text + b"\n", b"{}\n")
    ledger.checkpoint()

    assert [("SUBMISSION_MALFORMED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_signature_of_another_text(tmp_path):
    """A true signature over another text is not accepted."""
    ledger = Story().build()
    key = ledger.key("ingest")
    text = ledger.submission("ingest", [b"{}"])
    note = text + b"\n" + key.line(text + b"x\n")
    seq = ledger.append(note, b"{}\n")
    ledger.checkpoint()

    assert [("SIGNATURE_INVALID", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_retired_key_signs(tmp_path):
    """A key signs nothing after the entry that retired it."""
    ledger = Story().build()
    ledger.submit("root", [ledger.retired(ledger.key("ingest"))])
    seq = ledger.submit("ingest", [late_decision(ledger)])

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_retired_log_key_signs_a_checkpoint(tmp_path):
    """After its rotation the old log key signs no checkpoint."""
    ledger = Story().build()
    old = Key(ledger.origin, f"{ledger.seed}/log-0")
    ledger.submit("ingest", [late_decision(ledger)], checkpoint=False)
    ledger.checkpoint(key=old)
    size = len(ledger.entries)

    assert [("CHECKPOINT_SIGNATURE", f"checkpoint {size}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_wrong_root_is_signed(tmp_path):
    """A well-signed checkpoint over another tree is named by the next entry's link."""
    ledger = Story().build()
    ledger.submit("ingest", [late_decision(ledger)], checkpoint=False)
    ledger.checkpoint(root=bytes(32))
    size = len(ledger.entries)
    ledger.submit("ingest", [record_decided(ledger, 61, "pending") | {"scan_id": ""}])

    assert [("CHECKPOINT_ROOT", f"checkpoint {size}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_checkpoint_with_a_second_signature(tmp_path):
    """A stored checkpoint holds the log key's line and no other."""
    ledger = Story().build()
    size = max(ledger.checkpoints)
    text = ledger.checkpoints[size].partition(b"\n\n")[0] + b"\n"
    ledger.checkpoints[size] = sign_note(text, ledger.log, ledger.key("ci"))

    assert [("CHECKPOINT_SIGNATURE", f"checkpoint {size}")] == found(
        verify_simulated(ledger, tmp_path)
    )


@pytest.mark.parametrize("gap", [1, 5])
def test_counter_with_a_gap(tmp_path, gap):
    """A submission that skips counters says that others are missing."""
    ledger = Story().build()
    counter = ledger.streams["ingest"].counter + gap
    seq = ledger.submit(
        "ingest", [late_decision(ledger)], lines_changed={"counter": counter}
    )

    assert [("STREAM_GAP", f"entry {seq}")] == found(verify_simulated(ledger, tmp_path))


def test_stream_with_another_past(tmp_path):
    """A submission that links to another predecessor is not accepted."""
    ledger = Story().build()
    seq = ledger.submit(
        "ingest", [late_decision(ledger)], lines_changed={"previous": "1" * 64}
    )

    assert [("STREAM_ORDER", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_recorded_time_goes_back(tmp_path):
    """The ledger's clock never goes back, even where chain and tree fit."""
    ledger = Story().build()
    ledger.now_ms -= 10_000_000
    seq = ledger.submit("ingest", [late_decision(ledger)])

    assert [("ENTRY_TIME", f"entry {seq}")] == found(verify_simulated(ledger, tmp_path))
