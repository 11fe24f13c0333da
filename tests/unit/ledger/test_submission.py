"""What a producer signs (ledger.format.submission)."""

import hashlib

import pytest

from ledger.errors import InputError, IntegrityError
from ledger.format import submission, tree
from ledger.format.submission import EVENT_BYTES_MAX, EVENTS_MAX, SubmissionText
from tests.unit.ledger.workshop import key

SIGNER = key("example.org/acme/sharder")
TEXT = SubmissionText(
    origin="example.org/acme",
    genesis="6f" * 32,
    stream="shards",
    counter=2,
    previous="8c" * 32,
    events=1,
    events_root="2b" * 32,
    claimed_at_ms=1_790_000_000_120,
)


def test_round_trip():
    """What is encoded and signed is what is parsed."""
    text, note = submission.parse_submission(SIGNER.sign_note(TEXT.encode()))

    assert TEXT == text
    assert (TEXT.encode(), SIGNER.name) == (note.text, note.signatures[0].name)


def test_the_text_is_the_nine_lines():
    """Nine lines of `name SP value` (SUB-1)."""
    expected = (
        b"tuneledger/submission/v1\n"
        b"origin example.org/acme\n"
        b"genesis " + b"6f" * 32 + b"\n"
        b"stream shards\n"
        b"counter 2\n"
        b"previous " + b"8c" * 32 + b"\n"
        b"events 1\n"
        b"events_root " + b"2b" * 32 + b"\n"
        b"claimed_at_ms 1790000000120\n"
    )

    assert expected == TEXT.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"submission/v1", b"submission/v2"),
        (b"origin example.org/acme\n", b""),
        (b"origin example", b"origin  example"),
        (b"origin example", b"origin\texample"),
        (b"origin example.org/acme", b"origin example org"),
        (b"genesis 6f", b"genesis 6F"),
        (b"genesis 6f", b"genesis 6"),
        (b"stream shards", b"stream Shards"),
        (b"stream shards", b"stream a/b/c/d/e"),
        (b"stream shards", b"stream " + b"s" * 33),
        (b"counter 2", b"counter 02"),
        (b"counter 2", b"counter +2"),
        (b"counter 2", b"counter -2"),
        (b"counter 2", b"counter 2 "),
        (b"counter 2", b"counter 2.0"),
        (b"counter 2", b"counter 9007199254740992"),
        (b"counter 2", b"counter 99999999999999999999"),
        (b"events 1\n", b"events 0\n"),
        (b"events 1\n", b"events 1025\n"),
        (b"120\n", b"120\nextra 1\n"),
        (b"120\n", b"120\n\n"),
        (b"claimed_at_ms", b"claimed_at"),
    ],
)
def test_other_texts_are_refused(old, new):
    """Any other line, order, spelling or number is refused (SUB-1, CON-2)."""
    text = TEXT.encode().replace(old, new, 1)
    assert text != TEXT.encode()

    with pytest.raises((IntegrityError, InputError)):
        submission.parse_submission(SIGNER.sign_note(text))


def test_lines_in_another_order_are_refused():
    """`stream` after `counter` is not the format."""
    header = TEXT.encode().splitlines(keepends=True)
    header[3], header[4] = header[4], header[3]

    with pytest.raises(IntegrityError, match="not the nine lines"):
        submission.parse_submission(SIGNER.sign_note(b"".join(header)))


@pytest.mark.parametrize("count", [1, EVENTS_MAX])
def test_numbers_of_events_at_the_limits(count):
    """1 and 1,024 events make a submission."""
    assert submission.check_limits([b"{}"] * count) is None


@pytest.mark.parametrize("count", [0, EVENTS_MAX + 1])
def test_numbers_of_events_past_the_limits(count):
    """No event, and 1,025 events, make none."""
    with pytest.raises(InputError, match=f"1 to 1024 events, found {count}"):
        submission.check_limits([b"{}"] * count)


def test_bytes_of_events_at_the_limit():
    """Exactly 1 MiB of lines with their newlines is accepted (SUB-3)."""
    assert submission.check_limits([b"x" * 16_383] * 64) is None
    assert EVENT_BYTES_MAX == len(submission.join_lines([b"x" * 16_383] * 64))


def test_bytes_of_events_past_the_limit():
    """One byte more is refused."""
    event_lines = [b"x" * 16_383] * 63 + [b"x" * 16_384]

    with pytest.raises(InputError, match="found 1048577"):
        submission.check_limits(event_lines)


def test_stored_lines_round_trip():
    """Each line is followed by a newline, and splitting undoes it."""
    assert b"a\nb\n" == submission.join_lines([b"a", b"b"])
    assert [b"a", b"b"] == submission.split_lines(b"a\nb\n")


@pytest.mark.parametrize("stored", [b"", b"a", b"a\nb"])
def test_stored_lines_end_in_a_newline(stored):
    """A last line without a newline is refused (STO-3)."""
    with pytest.raises(IntegrityError, match="do not end in a newline"):
        submission.split_lines(stored)


def test_events_root_is_over_lines_without_newlines():
    """The root is RFC 6962's over the lines (SUB-4)."""
    expected = tree.node_hash(tree.leaf_hash(b"a"), tree.leaf_hash(b"b")).hex()

    assert expected == submission.events_root([b"a", b"b"])


def test_text_hash_leaves_signatures_out():
    """The hash that links a stream is over the text alone."""
    assert hashlib.sha256(TEXT.encode()).hexdigest() == submission.text_hash(
        TEXT.encode()
    )


def test_check_lines_accepts_what_was_signed():
    """The very lines under the signed root."""
    text = SubmissionText(
        **{
            name: getattr(TEXT, name)
            for name in ("origin", "genesis", "stream", "counter", "previous")
        },
        events=2,
        events_root=submission.events_root([b"a", b"b"]),
        claimed_at_ms=0,
    )

    assert submission.check_lines(text, [b"a", b"b"]) is None
    for other in ([b"b", b"a"], [b"a"], [b"a", b"b", b"b"], [b"a", b"c"]):
        with pytest.raises(IntegrityError, match="not those that were signed"):
            submission.check_lines(text, other)
