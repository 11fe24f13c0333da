"""The reader of a bundle's JSON: which shapes it takes, and what it says of others."""

import pytest

from verifier.bundle.events import read_event
from verifier.bundle.findings import BundleCode, BundleViolation
from verifier.bundle.json_files import VALUES_MAX, Reader
from verifier.bundle.receipts import Receipt, ShownEvent, take_receipt
from verifier.schema.lines import LINE_BYTES_MAX

READER = Reader(BundleCode.RECEIPTS_MALFORMED, "BUN-5", where="receipts.json")
HASH = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    ("take", "value", "expected", "found"),
    [
        (lambda v: READER.record(v, "a", "b"), {"a": 1}, "an object of a, b", "['a']"),
        (lambda v: READER.record(v, "a"), ["a"], "an object of a", "list"),
        (lambda v: READER.array(v, at_most=2), [], "a list of 1 to 2 items", "0"),
        (lambda v: READER.array(v, at_most=2), [1] * 3, "a list of 1 to 2 items", "3"),
        (lambda v: READER.array(v, at_most=2), "ab", "a list of 1 to 2 items", "str"),
        (READER.text, 1, "a string", "int"),
        (READER.count, -1, "an integer of at least 0", "-1"),
        (READER.count, True, "an integer of at least 0", "True"),
        (READER.count, "1", "an integer of at least 0", "1"),
        (READER.base64, "AB==", "canonical base64", "AB=="),
        (READER.hashes, HASH, "a list of hashes", "str"),
        (READER.hashes, ["AAAA"], "hashes of 32 bytes", "['AAAA']"),
        (READER.parse, b"{", "JSON", None),
        (READER.parse, b"[ 1]", "JSON in its one spelling (RFC 8785)", None),
        (READER.parse, b"[" * (VALUES_MAX + 1), f"at most {VALUES_MAX} values", None),
    ],
)
def test_other_shapes(take, value, expected, found):
    """What has another shape is refused under the reader's code, rule and place."""
    with pytest.raises(BundleViolation) as caught:
        take(value)
    finding = caught.value.finding

    assert (BundleCode.RECEIPTS_MALFORMED, "BUN-5", "receipts.json", expected) == (
        finding.code,
        finding.rule,
        finding.where,
        finding.expected,
    )
    assert found in (finding.found, None)


@pytest.mark.parametrize(
    ("take", "value", "expected"),
    [
        (lambda v: READER.array(v, at_most=2), [1, 2], [1, 2]),
        (READER.count, 0, 0),
        (READER.hashes, [], ()),
        (READER.hashes, [HASH], (bytes(32),)),
        (READER.parse, b"[1]", [1]),
    ],
)
def test_shapes(take, value, expected):
    """What has the shape is taken, up to its bounds."""
    assert expected == take(value)


def test_violation_says_what_it_found():
    """The message of a violation is its finding in one line."""
    with pytest.raises(BundleViolation) as caught:
        READER.text(1)

    assert "LV903 receipts.json: BUN-5: expected a string, found int" == str(
        caught.value
    )


def test_finding_as_json():
    """In JSON a finding is its five fields, all of them text."""
    with pytest.raises(BundleViolation) as caught:
        READER.text(1)

    assert {
        "code": "LV903",
        "where": "receipts.json",
        "rule": "BUN-5",
        "expected": "a string",
        "found": "int",
    } == caught.value.finding.as_dict()


def line_of(length: int) -> bytes:
    """A well-formed event line of an unknown type, of so many bytes."""
    begin = b'{"type":"policy.later_kind.v1","salt":"%s","x":["' % (b"0" * 24)
    filler = b'","'.join([b"a" * 1000] * 15) + b'","'
    return begin + filler + b"b" * (length - len(begin + filler) - 3) + b'"]}'


def test_length_of_an_event_line():
    """A line that a bundle shows has the limit of a ledger's line."""
    receipt = Receipt(index=7, entry=b"", path=(), events=())
    event = read_event(receipt, ShownEvent(3, line_of(LINE_BYTES_MAX), ()))
    with pytest.raises(BundleViolation) as caught:
        read_event(receipt, ShownEvent(3, line_of(LINE_BYTES_MAX + 1), ()))

    assert ("policy.later_kind.v1", None) == (event.name, event.fields)
    assert ("EVT-1", "event 7.3") == (
        caught.value.finding.rule,
        caught.value.finding.where,
    )


def test_events_of_a_receipt_ascend():
    """An event is shown once, in the order of the ledger."""
    event = {"index": 1, "line": "{}", "path": []}
    receipt = {"entry": "x", "events": [event, event], "index": 1, "path": []}

    with pytest.raises(BundleViolation):
        take_receipt(READER, receipt)
