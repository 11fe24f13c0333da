"""Event lines, notes and headers that a signer could write but no reader accepts."""

import base64
import random

import pytest

from tests.simulator import encode, split_entry
from tests.tamper.chapters import record_decided
from tests.tamper.harness import found, told_ledger, verify_simulated
from tests.tamper.story import Story


def decision(ledger) -> bytes:
    return encode(record_decided(ledger, 70, "pending") | {"scan_id": ""})


def edited(old: str, new: str):
    return lambda ledger: decision(ledger).replace(old.encode(), new.encode())


LINES = {
    "field twice": edited('"hazard":', '"hazard":"public","hazard":'),
    "field unknown": edited('"hazard":', '"danger":"x","hazard":'),
    "field missing": edited('"hazard":"personal",', ""),
    "fields swapped": edited(
        '"hazard":"personal","subjects":"one"', '"subjects":"one","hazard":"personal"'
    ),
    "space": edited('","hazard"', '", "hazard"'),
    "escape": edited('"personal"', '"\\u0070ersonal"'),
    "NaN": edited('"size_log2":11', '"size_log2":NaN'),
    "null": edited('"size_log2":11', '"size_log2":null'),
    "fraction": edited('"size_log2":11', '"size_log2":11.0'),
    "exponent": edited('"size_log2":11', '"size_log2":1e1'),
    "leading zero": edited('"size_log2":11', '"size_log2":011'),
    "minus zero": edited('"size_log2":11', '"size_log2":-0'),
    "text for a number": edited('"size_log2":11', '"size_log2":"11"'),
    "out of range": edited('"size_log2":11', '"size_log2":64'),
    "choice unknown": edited('"personal"', '"private"'),
    "upper-case hex": lambda ledger: decision(ledger).replace(b'"82', b'"8A'),
    "bytes after": lambda ledger: decision(ledger) + b" ",
    "bytes before": lambda ledger: b" " + decision(ledger),
    "not UTF-8": lambda ledger: decision(ledger).replace(b"CC-BY", b"CC\xff"),
    "empty list": edited('"reasons":["scan_reserved"]', '"reasons":[]'),
    "list too long": lambda ledger: decision(ledger).replace(
        b'["scan_reserved"]', b"[" + b'"basket",' * 16 + b'"basket"]'
    ),
    "type missing": edited('"type":"ingest.record_decided.v1",', ""),
    "type not first": edited('{"type":', '{"salt":"0","type":'),
    "type malformed": edited("ingest.record_decided.v1", "Ingest"),
    "not an object": lambda _: b'["type"]',
    "empty": lambda _: b"",
    "no JSON": lambda _: b"{",
    "deep": lambda _: b"[" * 5000,
}


@pytest.mark.parametrize("name", LINES)
def test_line(tmp_path, name):
    """A line with another spelling is a finding at the event, signed or not."""
    ledger = Story().build()
    seq = ledger.submit("ingest", [LINES[name](ledger)])
    (code, where), *more = found(verify_simulated(ledger, tmp_path))

    assert f"event {seq}.0" == where
    assert code in {"EVENT_MALFORMED", "EVENT_FIELD"}
    assert [] == more


def test_longest_line(tmp_path):
    """One byte past the longest line is a finding; unknown types have the limit too."""
    ledger = Story().build()
    line = encode(ledger.event("ingest.later.v1", text="x" * 20_000))
    seq = ledger.submit("ingest", [line])

    assert [("OVER_LIMIT", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ({"events": 2}, "EVENTS_COUNT"),
        ({"events": 0}, "SUBMISSION_MALFORMED"),
        ({"events": 1025}, "SUBMISSION_MALFORMED"),
        ({"events": "01"}, "SUBMISSION_MALFORMED"),
        ({"events_root": "0" * 64}, "EVENTS_ROOT"),
        ({"claimed_at_ms": 2**53}, "SUBMISSION_MALFORMED"),
        ({"claimed_at_ms": "-1"}, "SUBMISSION_MALFORMED"),
        ({"stream": "Ingest"}, "SUBMISSION_MALFORMED"),
        ({"stream": "a/b/c/d/e"}, "SUBMISSION_MALFORMED"),
        ({"extra": "line"}, "SUBMISSION_MALFORMED"),
        ({"genesis": "0" * 64}, "SUBMISSION_FOREIGN"),
    ],
    ids=str,
)
def test_submission_header(tmp_path, lines, code):
    """Each line of a submission has one spelling and says what is there."""
    ledger = Story().build()
    seq = ledger.submit("ingest", [decision(ledger)], lines_changed=lines)

    assert (code, f"entry {seq}") == found(verify_simulated(ledger, tmp_path))[0]


def test_too_many_events(tmp_path):
    """1025 events in one submission are refused, whatever else they say."""
    ledger = Story().build()
    seq = ledger.submit("ingest", [decision(ledger)] * 1025)

    assert ("SUBMISSION_MALFORMED", f"entry {seq}") == found(
        verify_simulated(ledger, tmp_path)
    )[0]


@pytest.mark.parametrize("tail", [b"", b"x", b"\n", b"{}"])
def test_bytes_after_the_last_event(tmp_path, tail):
    """Nothing follows the last newline, which is there."""
    ledger = told_ledger()
    entry, events = ledger.entries[4]
    ledger.entries[4] = (entry, events + tail if tail else events[:-1])

    assert ["entry 4"] == [w for _, w in found(verify_simulated(ledger, tmp_path))]


def unused_bits(note: bytes) -> bytes:
    """The note with the unused bits of its last base64 character set."""
    head, tail = note.rstrip(b"\n").rsplit(b" ", 1)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = tail.rstrip(b"=")[-1:]
    other = alphabet[alphabet.index(last) + 1 :][:1]
    forged = tail.rstrip(b"=")[:-1] + other + b"=" * tail.count(b"=")
    if base64.b64decode(forged) != base64.b64decode(tail):
        raise ValueError(forged)
    return head + b" " + forged + b"\n"


def test_other_spelling_of_a_signature(tmp_path):
    """Base64 that decodes to the same signature but is not canonical is refused."""
    ledger = told_ledger()
    size = max(ledger.checkpoints)
    ledger.checkpoints[size] = unused_bits(ledger.checkpoints[size])

    assert [("CHECKPOINT_MALFORMED", f"checkpoint {size}")] == found(
        verify_simulated(ledger, tmp_path)
    )


@pytest.mark.parametrize("change", ["unknown line", "extension", "crlf", "bom"])
def test_checkpoint_shape(tmp_path, change):
    """A checkpoint is three lines and one signature, and nothing more."""
    ledger = told_ledger()
    size = max(ledger.checkpoints)
    note = ledger.checkpoints[size]
    ledger.checkpoints[size] = {
        "unknown line": note + ledger.key("witness").line(b"x"),
        "extension": note.replace(b"\n\n", b"\nextension\n\n"),
        "crlf": note.replace(b"\n", b"\r\n"),
        "bom": b"\xef\xbb\xbf" + note,
    }[change]

    assert [f"checkpoint {size}"] == [
        where for _, where in found(verify_simulated(ledger, tmp_path))
    ]


def test_unknown_type(tmp_path):
    """A well-formed event of an unknown type makes the ledger incomplete: exit 5."""
    ledger = Story().build()
    items = [{"text": "a", "stated": [{"usage": "b"}]}, {"stated": ["c", 1]}]
    event = ledger.event("ingest.record_read.v1", record_id="0" * 32, notes=items)
    seq = ledger.submit("ingest", [event])
    report = verify_simulated(ledger, tmp_path)

    assert ("INCOMPLETE", 5) == (report.verdict, report.exit_code)
    assert [f"event {seq}.0"] == [finding.where for finding in report.unknown]
    assert any("rules across events" in line for line in report.not_checked)


def test_rules_end_at_a_malformed_event(tmp_path):
    """What may rest on a line that nobody can read is not judged, and that is said."""
    ledger = Story().build()
    before = verify_simulated(ledger, tmp_path).counts["events_judged"]
    seq = ledger.submit("ingest", [decision(ledger).replace(b"CC-BY", b"CC\xff")])
    # Under a scan that was never made; without the malformed line it is a finding.
    orphan = record_decided(ledger, 71, "pending") | {"scan_id": "77" * 16}
    ledger.submit("ingest", [encode(orphan)])
    report = verify_simulated(ledger, tmp_path)

    assert [("EVENT_FIELD", f"event {seq}.0")] == found(report)
    assert before == report.counts["events_judged"]
    assert any(f"malformed event {seq}.0" in line for line in report.not_checked)


def test_unknown_type_of_a_newer_version(tmp_path):
    """The next version of a known type is unknown to this reader."""
    ledger = Story().build()
    ledger.submit("ingest", [decision(ledger).replace(b"decided.v1", b"decided.v2")])

    assert 5 == verify_simulated(ledger, tmp_path).exit_code


@pytest.mark.parametrize(
    "value",
    [
        "1.5",
        "null",
        '"\\n"',
        "[[1]]",
        "-1",
        "[ 1]",
        '{"y":1}',
        '[{"y":{"z":1}}]',
        '[{"y":[[1]]}]',
        '[{"y":[{"z":[]}]}]',
        '[{"y":[{"z":{}}]}]',
        f'[{{"y":[{",".join("1" * 257)}]}}]',
    ],
)
def test_unknown_type_malformed(tmp_path, value):
    """An unknown type keeps the general rules all the same."""
    ledger = Story().build()
    line = b'{"type":"ingest.new.v1","salt":"%s","x":%s}' % (b"0" * 24, value.encode())
    seq = ledger.submit("ingest", [line])

    assert [("EVENT_MALFORMED", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_tampering_behind_an_unknown_key_event(tmp_path):
    """After an unknown key event signers may be unknown, but bytes are still bound."""
    ledger = Story().build()
    ledger.submit("root", [ledger.event("keys.delegated.v1", name="x")])
    ledger.submit("ingest", [decision(ledger)], ledger.key("stranger"))
    assert 5 == verify_simulated(ledger, tmp_path).exit_code

    entry, events = ledger.entries[-1]
    ledger.entries[-1] = (entry, events.replace(b"personal", b"consent!"))
    assert 1 == verify_simulated(ledger, tmp_path).exit_code


def test_random_entries(request, tmp_path):
    """Whatever bytes a row holds, the answer is a finding and never a traceback."""
    rng = random.Random(7)
    told = told_ledger()
    header, note = split_entry(told.entries[5][0])
    parts = [b"\n", b"\n\n", b"\xff", b"{}", b" ", header, note, note[:99], b"0"]
    for _ in range(2000 if request.config.getoption("--soak") else 100):
        ledger = told_ledger()
        seq = rng.randrange(len(ledger.entries))
        noise = [b"".join(rng.choices(parts, k=rng.randrange(5))) for _ in range(2)]
        ledger.entries[seq] = (noise[0], noise[1])
        report = verify_simulated(ledger, tmp_path)
        assert (1, f"entry {seq}") == (report.exit_code, report.first.where)


def test_findings_are_bounded(tmp_path):
    """A ledger that is wrong everywhere gives a bounded list and the full count."""
    ledger = Story().build()
    ledger.submit("ingest", [decision(ledger)] * 500)
    report = verify_simulated(ledger, tmp_path)

    assert (100, 499) == (len(report.as_dict()["findings"]), len(report.findings))
