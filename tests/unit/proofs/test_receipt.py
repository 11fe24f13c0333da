"""Receipts: one event, alone, from the real writer to the auditor's reader."""

import base64
import json

import pytest

from ledger.errors import InputError
from ledger.events.optout import SiteRegistered
from ledger.export.receipt import encode_receipt
from ledger.format.submission import split_lines
from tests.unit.proofs.material import LATER_MS, canonical, check, encoded
from tests.unit.workspace.office import RECORDS
from verifier.trust.pin import RootKeyError
from verifier.trust.policy import load_policy


def test_a_receipt_of_every_event(material, tmp_path):
    """Every event of the ledger has a receipt that is authentic under the root."""
    with material.office.open() as workspace:
        ids = [one.event_id for one in workspace.ledger.events()]
    assert len(ids) > 10
    for event_id in ids:
        report = check(tmp_path, material.receipt(event_id), root_keys=material.root)

        assert (0, "L1") == (report.exit_code, report.verdict), report.as_text()
        assert event_id == report.content["event"]["event_id"]


def test_all_levels_under_a_policy(material, receipt, tmp_path):
    """Time stamp and cosignature over the receipt's checkpoint make it L3."""
    report = check(tmp_path, receipt, policy=material.policy)

    assert (0, "L3") == (report.exit_code, report.verdict), report.as_text()
    assert material.anchored == report.size


def test_the_newest_anchored_checkpoint_is_chosen(material):
    """The receipt leads to the newest anchored checkpoint that covers the event."""
    with material.office.open() as workspace:
        ledger = workspace.ledger
        covered, _ = encode_receipt(ledger, f"{material.scan_seq}.0")
        later, _ = encode_receipt(ledger, f"{ledger.size - 1}.0")

        assert (material.anchored, 1, 1) == (
            covered.size,
            covered.cosignatures,
            covered.timestamps,
        )
        assert (ledger.size, 0, 0) == (later.size, later.cosignatures, later.timestamps)


def test_a_size_that_is_asked_for(material, tmp_path):
    """Any stored checkpoint above the event will do."""
    size = material.anchored + 1
    report = check(tmp_path, material.receipt(size=size), root_keys=material.root)

    assert (0, size) == (report.exit_code, report.size)


@pytest.mark.parametrize(
    ("event_id", "size"),
    [("0.99", None), ("999.0", None), ("1", None), ("3.0", 2), ("0.0", 999)],
    ids=["index", "entry", "no id", "not covered", "no checkpoint"],
)
def test_refused(material, event_id, size):
    """What the ledger does not hold has no receipt."""
    with pytest.raises(InputError):
        material.receipt(event_id, size)


def test_no_sibling_is_disclosed(material, receipt):
    """Neither line nor salt of another event of the submission is in the bytes."""
    with material.office.open() as workspace:
        lines = split_lines(workspace.ledger.row(material.scan_seq).events)
    assert 5 == len(lines)
    for index, line in enumerate(lines):
        salt = json.loads(line)["salt"].encode()
        is_shown = index == 1

        assert is_shown == (json.dumps(line.decode())[1:-1].encode() in receipt)
        assert is_shown == (salt in receipt)


def test_nothing_but_key_events_beside_it(material, receipt):
    """The other entries that a receipt shows hold key events only."""
    value = json.loads(receipt)
    lines = [event["line"] for one in value["keys"] for event in one["events"]]

    assert lines
    assert all(line.startswith('{"type":"keys.') for line in lines)


def test_it_survives_an_erasure_and_appends(material, tmp_path):
    """A receipt from before an erasure checks after it, unchanged."""
    office = material.office.copy(tmp_path / "acme")
    office.ingest(RECORDS[:3])
    with office.open() as workspace:
        event_id = f"{workspace.ledger.size - 1}.0"
        before, _ = encode_receipt(workspace.ledger, event_id)
    pytest.importorskip("torch")
    office.erase("jane", retrain=False, prove=False)
    with office.open() as workspace:
        size = workspace.ledger.size
        again, _ = encode_receipt(workspace.ledger, event_id, size=before.size)
    report = check(tmp_path, before.content, root_keys=[office.vkey])

    assert size > before.size
    assert again == before
    assert 0 == report.exit_code


def test_other_root(material, receipt, tmp_path):
    """A receipt under another root than the pinned one is exit code 7."""
    other = (
        "example.org/acme/root+bcdc4056+AS/oxCG7W6G1L59773KLDnyByj91ydi3e2Jdt41rdeAq"
    )
    report = check(tmp_path, receipt, root_keys=[other])

    assert (7, "L0") == (report.exit_code, report.verdict)
    assert ["LV802"] == [one.code for one in report.trust]


def test_no_root(receipt, tmp_path):
    """Without a pinned root the file vouches for itself, which level 0 accepts."""
    refused, asked = check(tmp_path, receipt), check(tmp_path, receipt, level=0)

    assert (7, "LV801") == (refused.exit_code, refused.trust[0].code)
    assert (0, "L0", []) == (asked.exit_code, asked.verdict, asked.trust)


def test_a_malformed_root_is_a_mistake_of_usage(receipt, tmp_path):
    """A root key that is none is refused before anything is judged."""
    with pytest.raises(RootKeyError):
        check(tmp_path, receipt, root_keys=["nonsense"])


def test_levels_without_anchors(material, tmp_path):
    """An unanchored receipt does not reach the levels that the policy asks for."""
    with material.office.open() as workspace:
        last = f"{workspace.ledger.size - 1}.0"
    report = check(tmp_path, material.receipt(last), policy=material.policy)

    assert (7, "L1") == (report.exit_code, report.verdict)
    assert ["LV807", "LV808"] == [one.code for one in report.trust]


def test_an_anchor_older_than_the_entry(material, receipt, tmp_path):
    """A time stamp from before the entry's time contradicts the ledger's clock."""
    with material.office.open() as workspace:
        note = workspace.ledger.checkpoint_note(material.anchored, cosigned=False)
    value = json.loads(receipt)
    early = material.authority.stamp(note, LATER_MS - 86_400_000)
    value["timestamps"] = [encoded(early)]
    report = check(tmp_path, canonical(value), policy=material.policy)

    assert (7, "no") == (report.exit_code, report.levels["timed"])
    assert "LV810" in [one.code for one in report.trust]


def test_a_policy_of_another_log(material, receipt, tmp_path):
    """The reader's policy names the logs that it accepts."""
    text = material.policy_file.read_text("utf-8").replace('example.org/acme"]', 'b"]')
    policy_file = material.policy_file.with_name("other.toml")
    policy_file.write_text(text, "utf-8")
    report = check(tmp_path, receipt, policy=load_policy(policy_file))

    assert 7 == report.exit_code
    assert "LV804" in [one.code for one in report.trust]


def test_json_and_text_say_the_same(material, receipt, tmp_path):
    """Both renderings carry the verdict, the event and what is not proven."""
    report = check(tmp_path, receipt, root_keys=material.root)
    document, text = json.loads(report.as_json()), report.as_text()

    assert report.verdict == document["verdict"]
    assert document["content"]["event"]["line"] in text
    assert all(line in text for line in document["not_proven"])
    assert SiteRegistered.__struct_config__.tag in text


def forged(value, part):
    """A receipt's value with one part changed that its key entries show as well."""
    match part:
        case "line":
            line = value["event"]["line"]
            value["event"]["line"] = line.replace('"log"', '"ops"')
        case "entry":
            value["entry"] = value["entry"].replace(
                "claimed_at_ms 1", "claimed_at_ms 2"
            )
        case "path":
            text = value["tlog_proof"].split("\n")
            text[2] = encoded(bytes(32))
            value["tlog_proof"] = "\n".join(text)
    return canonical(value)


@pytest.mark.parametrize("part", ["line", "entry", "path"])
def test_key_entry_that_is_shown_twice(material, tmp_path, part):
    """What a receipt and its keys show of one entry must be the same."""
    value = json.loads(material.receipt("0.1"))
    report = check(tmp_path, forged(value, part), root_keys=material.root)

    assert (1, ["PRF-7"]) == (report.exit_code, [one.rule for one in report.findings])


def test_checkpoint_that_the_log_did_not_sign(material, receipt, tmp_path):
    """The log key's line must hold, not only lead to the right root."""
    value = json.loads(receipt)
    head, dash, lines = value["tlog_proof"].partition("\u2014")
    name, _, rest = lines[1:].partition(" ")
    line, _, more = rest.partition("\n")
    blob = base64.b64decode(line)
    wrong = encoded(blob[:-1] + bytes([blob[-1] ^ 1]))
    value["tlog_proof"] = f"{head}{dash} {name} {wrong}\n{more}"
    report = check(tmp_path, canonical(value), root_keys=material.root)

    assert (1, ["LV602"]) == (report.exit_code, [one.code for one in report.findings])


def test_levels_that_nobody_asked_for(material, receipt, tmp_path):
    """What the policy speaks of is answered, though a lower level is asked for."""
    report = check(tmp_path, receipt, policy=material.policy, level=1)

    assert (0, "L3") == (report.exit_code, report.verdict)
    assert ["yes"] * 4 + ["not asked"] == list(report.levels.values())


def test_threshold_of_the_policy(material, receipt, tmp_path):
    """The policy's threshold counts where the reader gives none, and else not."""
    text = material.policy_file.read_text("utf-8")
    path = material.policy_file.with_name("two.toml")
    path.write_text(text.replace("[root]", "[root]\nthreshold = 2"), "utf-8")
    policy = load_policy(path)
    report = check(tmp_path, receipt, policy=policy)
    given = check(tmp_path, receipt, policy=policy, root_threshold=1)

    assert (7, ["LV814"]) == (report.exit_code, [one.code for one in report.trust])
    assert 0 == given.exit_code
