"""Submissions that a producer signed by itself (ledger.log.ledger, `submit`)."""

import pytest

from ledger.errors import (
    ConflictError,
    GapError,
    InputError,
    IntegrityError,
    KeyTrustError,
)
from tests.unit.ledger.workshop import (
    adopted,
    assigned,
    key,
    lines_of,
    new_workspace,
    open_ledger,
    role_key,
    spool,
)

LINES = lines_of(assigned(1))
OTHER = lines_of(assigned(2))


@pytest.fixture
def ledger(workspace):
    """The ledger of a fresh workspace."""
    with open_ledger(workspace) as found:
        yield found


@pytest.fixture
def producer(workspace, ledger):
    """The sharder, without the database."""
    return spool(workspace, ledger)


def test_a_spool_is_drained_in_order(ledger, producer):
    """What was signed through an outage is appended afterwards."""
    spooled = [producer.seal(lines) for lines in (LINES, OTHER)]

    assert [1, 2] == [
        ledger.submit(note, lines).seq
        for note, lines in zip(spooled, (LINES, OTHER), strict=True)
    ]


def test_sending_again_returns_the_first_receipt(ledger, producer):
    """The same receipt, bytes and all, even after later entries."""
    note = producer.seal(LINES)
    first = ledger.submit(note, LINES)
    ledger.append([adopted()], stream="policy")

    assert first == ledger.submit(note, LINES)
    assert 3 == ledger.size


def test_sending_again_through_another_handle(workspace, producer):
    """The ledger remembers, not the process."""
    note = producer.seal(LINES)
    with open_ledger(workspace) as one:
        first = one.submit(note, LINES)
    with open_ledger(workspace) as two:
        assert first == two.submit(note, LINES)


def test_the_same_counter_with_another_text_is_a_conflict(ledger, producer):
    """The first text stands."""
    ledger.submit(producer.seal(LINES), LINES)
    note = producer.seal(OTHER, counter=0, previous="0" * 64)

    with pytest.raises(ConflictError, match="counter 0 holds another submission"):
        ledger.submit(note, OTHER)


def test_another_claimed_time_is_another_text(ledger, producer):
    """The text as a whole is compared."""
    ledger.submit(producer.seal(LINES), LINES)
    note = producer.seal(LINES, counter=0, previous="0" * 64, claimed_at_ms=1)

    with pytest.raises(ConflictError):
        ledger.submit(note, LINES)


def test_a_counter_that_skips_is_a_gap(ledger, producer):
    """A lost submission must come first."""
    producer.seal(LINES)

    with pytest.raises(GapError, match="expected counter 0, found 1"):
        ledger.submit(producer.seal(OTHER), OTHER)


def test_another_head_is_a_conflict(ledger, producer):
    """The previous hash is that of the stream's head."""
    ledger.submit(producer.seal(LINES), LINES)

    with pytest.raises(ConflictError, match="previous hash is not that of its head"):
        ledger.submit(producer.seal(OTHER, previous="f" * 64), OTHER)


def test_another_ledger_is_refused(tmp_path, ledger, workspace):
    """A submission cannot be replayed in another ledger (SUB-2)."""
    other = new_workspace(tmp_path / "other" / "acme", "another")
    with open_ledger(other) as foreign:
        note = spool(other, foreign).seal(LINES)
    ledger.append([assigned()], stream="shards")

    with pytest.raises(InputError, match="for another ledger"):
        ledger.submit(note, LINES)
    with pytest.raises(InputError, match="for another ledger, example"):
        ledger.submit(
            spool(workspace, ledger).seal(LINES, origin="example.org/other"), LINES
        )


WRONG_LINES = {
    "others": OTHER,
    "none": [],
    "more": LINES + OTHER,
    "with a newline": [LINES[0] + b"\n"],
}


@pytest.mark.parametrize("lines", WRONG_LINES.values(), ids=WRONG_LINES)
def test_other_lines_than_signed_are_refused(ledger, producer, lines):
    """Number and root are signed (SUB-4)."""
    with pytest.raises((IntegrityError, InputError)):
        ledger.submit(producer.seal(LINES), lines)
    assert 1 == ledger.size


UNREADABLE = {
    "unknown type": LINES[0].replace(b"assigned.v1", b"assigned.v2"),
    "too long": LINES[0] + b" " * 16_384,
    "not JSON": b"x",
    "two lines": LINES[0] + b"\n" + LINES[0],
}


@pytest.mark.parametrize("line", UNREADABLE.values(), ids=UNREADABLE)
def test_a_line_that_is_no_event_is_refused(ledger, producer, line):
    """Even where its producer signed it (EVT-1, EVT-3)."""
    with pytest.raises(IntegrityError, match=r"event (line|type)"):
        ledger.submit(producer.seal([line]), [line])
    assert 1 == ledger.size


def test_another_family_is_refused(ledger, producer):
    """The grant's families bind the producer (SUB-6)."""
    lines = lines_of(assigned(), adopted())

    with pytest.raises(KeyTrustError, match="may not sign family policy"):
        ledger.submit(producer.seal(lines), lines)


def test_another_stream_is_refused(workspace, ledger):
    """The grant's stream prefix binds the producer (SUB-6)."""
    stranger = spool(workspace, ledger, stream="ingest")

    with pytest.raises(KeyTrustError, match="no active grant for stream ingest"):
        ledger.submit(stranger.seal(LINES), LINES)


def test_an_unknown_signer_is_refused(ledger, producer):
    """A key that nobody granted."""
    producer.signer = key("stranger")

    with pytest.raises(KeyTrustError, match="key stranger has no active grant"):
        ledger.submit(producer.seal(LINES), LINES)


def test_a_borrowed_name_is_refused(ledger, producer):
    """A granted key's name over another key."""
    producer.signer = key(producer.signer.name)

    with pytest.raises(IntegrityError, match="not signed by exactly the keys"):
        ledger.submit(producer.seal(LINES), LINES)


def test_a_second_signature_line_is_refused(workspace, ledger, producer):
    """Unknown lines are not ignored: an entry binds its signatures (SUB-8)."""
    note = producer.seal(LINES)
    extra = note + role_key(workspace, "ci").note_line(note[: note.index(b"\n\n") + 1])

    with pytest.raises(IntegrityError, match="not signed by exactly the keys"):
        ledger.submit(extra, LINES)


def test_a_signature_over_another_text_is_refused(ledger, producer):
    """The line is right, the signature is not."""
    note = producer.seal(LINES)
    head, _, _ = note.partition(b"\n\n")
    forged = head + b"\n\n" + producer.signer.note_line(b"another text\n")

    with pytest.raises(KeyTrustError, match="signature does not verify"):
        ledger.submit(forged, LINES)
    assert 1 == ledger.submit(note, LINES).seq


def test_key_events_outside_root_are_refused(ledger, producer):
    """No other stream carries the family keys (SUB-7)."""
    lines = [bytes(ledger.row(0).events.split(b"\n")[1])]

    with pytest.raises(InputError, match="family keys belongs in stream root"):
        ledger.submit(producer.seal(lines), lines)


def test_other_events_in_root_are_refused(workspace, ledger):
    """Stream root carries nothing else (SUB-7)."""
    root = spool(workspace, ledger, role="root", stream="root")
    root.counter, root.previous = ledger._state.next_in("root")

    with pytest.raises(InputError, match="stream root carries"):
        ledger.submit(root.seal(LINES), LINES)


@pytest.mark.parametrize("note", [b"", b"text\n\n", b"\xff" * 100, b"x" * 70_000])
def test_bytes_that_are_no_note_are_refused(ledger, note):
    """No crash, nothing written."""
    with pytest.raises(IntegrityError):
        ledger.submit(note, LINES)
    assert 1 == ledger.size
