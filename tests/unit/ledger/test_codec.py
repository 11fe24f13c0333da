"""Events to lines and back (ledger.events.codec)."""

import pytest

from ledger.errors import InputError, IntegrityError, UnknownTypeError
from ledger.events import (
    LINE_BYTES_MAX,
    decode_event,
    encode_event,
    families_of,
    type_of,
)
from ledger.events.erasure import WeightsDeleted
from ledger.events.keys import LedgerCreated
from ledger.events.shards import RecordAssigned
from tests.unit.ledger.workshop import SALT, adopted, assigned

LINE = (
    b'{"type":"shards.record_assigned.v1","salt":"00112233445566778899aabb",'
    b'"map_id":"' + b"5b" * 16 + b'","record_id":"' + b"0" * 31 + b'1",'
    b'"shard":1,"slice":0}'
)


def test_round_trip():
    """The line of an event decodes to the event with its salt."""
    assert LINE == encode_event(assigned(1), salt=SALT)
    assert assigned(1, salt=SALT) == decode_event(LINE)


def test_a_salt_that_is_there_is_kept():
    """A resent event keeps its line."""
    assert LINE == encode_event(assigned(1, salt=SALT), salt="f" * 24)


@pytest.mark.parametrize(
    "changes",
    [
        {"shard": -1},
        {"shard": 4096},
        {"shard": 1.0},
        {"shard": "1"},
        {"shard": True},
        {"shard": None},
        {"shard": 2**53},
        {"shard": 10**30},
        {"map_id": "5B" * 16},
        {"map_id": "5b" * 16 + "\n"},
        {"map_id": ""},
        {"map_id": "\u0665" * 32},
        {"map_id": "\ud800" * 32},
        {"salt": "0" * 23},
    ],
    ids=lambda changes: ascii(changes)[:40],
)
def test_a_field_outside_its_schema_is_not_encoded(changes):
    """Constructors check nothing, so encoding does (EVT-4, EVT-5)."""
    fields = {
        "map_id": "5b" * 16,
        "record_id": "0" * 32,
        "shard": 0,
        "slice": 0,
    }

    with pytest.raises(InputError, match="event RecordAssigned"):
        encode_event(RecordAssigned(**(fields | changes)), salt=SALT)


def test_a_part_in_another_order_is_not_encoded():
    """A part that is built as a `dict` has the order of its type, or is refused."""
    part = {"public_key": "0" * 64, "name": "example.org/root"}
    event = LedgerCreated(
        origin="example.org",
        format_version=1,
        root_threshold=1,
        root_keys=[part],
        line_bytes_max=16_384,
        submission_bytes_max=1_048_576,
        entry_bytes_max=65_535,
        submission_events_max=1024,
    )

    with pytest.raises(InputError, match="event LedgerCreated changes"):
        encode_event(event, salt=SALT)


def test_a_salt_of_the_caller_is_checked():
    """A salt is 24 lowercase hex digits (EVT-7)."""
    with pytest.raises(InputError, match="salt"):
        encode_event(assigned(), salt="00")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"shard":1', b'"shard": 1'),
        (b'"shard":1', b'"shard":1.0'),
        (b'"shard":1', b'"shard":1e0'),
        (b'"shard":1', b'"shard":01'),
        (b'"shard":1', b'"shard":-1'),
        (b'"shard":1', b'"shard":null'),
        (b'"shard":1', b'"shard":true'),
        (b'"shard":1', b'"shard":1,"shard":1'),
        (b'"shard":1', b'"shard":2,"shard":1'),
        (b'"shard":1', b'"shard":9007199254740992'),
        (b'"slice":0', b'"slice":-0'),
        (b'"shard":1,"slice":0', b'"slice":0,"shard":1'),
        (b'"shard":1,', b""),
        (b'"slice":0', b'"slice":0,"extra":0'),
        (b'"map_id"', b'"\\u006dap_id"'),
        (b"5b5b", b"\\u0035b5b"),
        (b"5b5b", b"5B5b"),
        (b"{", b" {"),
        (b"}", b"} "),
        (b"}", b"}\n"),
        (b"}", b"}{}"),
        (b"}", b""),
        (b"record_assigned.v1", b"record_assigned.v2"),
        (b"shards.record_assigned.v1", b"Shards.record_assigned.v1"),
        (b'{"type":"shards.record_assigned.v1",', b"{"),
        (b"5b5b", b"\xff5b"),
        (b"{", b"\xef\xbb\xbf{"),
    ],
)
def test_another_spelling_is_not_decoded(old, new):
    """Each value has one spelling, each field one place (EVT-2, EVT-3)."""
    line = LINE.replace(old, new, 1)
    assert line != LINE

    with pytest.raises(IntegrityError, match=r"event (line|type)"):
        decode_event(line)


def test_a_type_of_a_later_format():
    """It is told from a line that is damaged (EVT-8)."""
    with pytest.raises(UnknownTypeError, match=r"shards\.record_assigned\.v2"):
        decode_event(LINE.replace(b"assigned.v1", b"assigned.v2"))


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"null", b'"x"', b"[" * 9000])
def test_what_is_no_event_is_not_decoded(line):
    """Other JSON, nothing at all, and deep nesting are refused."""
    with pytest.raises(IntegrityError, match="cannot be read"):
        decode_event(line)


def _line_of_length(length):
    tokens = (length - len(encode_event(adopted(1), salt=SALT))) // 67
    event = adopted(1 + tokens)
    rest = length - len(encode_event(event, salt=SALT))
    version = event.basket_version + "9" * rest
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**(fields | {"basket_version": version}))


def test_the_longest_line():
    """16,384 bytes are encoded and decoded (EVT-1)."""
    event = _line_of_length(LINE_BYTES_MAX)
    line = encode_event(event, salt=SALT)

    assert LINE_BYTES_MAX == len(line)
    assert line == encode_event(decode_event(line), salt="")


def test_one_byte_more_is_not_encoded():
    """16,385 bytes are refused before they are signed."""
    with pytest.raises(InputError, match="at most 16384 bytes, found 16385"):
        encode_event(_line_of_length(LINE_BYTES_MAX + 1), salt=SALT)


def test_a_longer_line_is_not_decoded():
    """A line that another producer signed is under the same limit."""
    import msgspec  # noqa: PLC0415 (only to write what encode_event refuses)

    event = WeightsDeleted(
        salt=SALT, erasure_id="0" * 32, weights=["0" * 64] * 256, method="file_deletion"
    )

    with pytest.raises(IntegrityError, match="at most 16384 bytes, found 1"):
        decode_event(msgspec.json.encode(event))


@pytest.mark.parametrize(("count", "refused"), [(256, False), (257, True)])
def test_a_list_is_limited(count, refused):
    """A list has at most 256 items (EVT-6)."""
    event = adopted()
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    longer = type(event)(**(fields | {"basket_relaxed": ["x"] * count}))

    if refused:
        with pytest.raises(InputError, match="length <= 256"):
            encode_event(longer, salt=SALT)
    else:
        assert encode_event(longer, salt=SALT)


def test_type_and_family():
    """The family is the first part of the type."""
    assert ("shards.record_assigned.v1", {"shards"}) == (
        type_of(assigned()),
        families_of([assigned()]),
    )
