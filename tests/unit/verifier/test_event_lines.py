"""Event lines: their types, their faults, and those of types that are not known."""

import re

import pytest

from tests.simulator import LedgerSimulator, encode
from tests.tamper.chapters import channel, url_scanned
from tests.tamper.harness import told_ledger
from verifier.doubt import Doubt
from verifier.findings import FindingList, Violation
from verifier.format.submission import Submission, parse_submission
from verifier.format.tree import root_of
from verifier.history.content import Content, check_lines, created_event
from verifier.keys.ring import KeyRing
from verifier.rules.bulk import read_bulk
from verifier.schema.lines import (
    bulk_pattern,
    event_type,
    line_type,
    refuse,
    unknown_type,
)
from verifier.schema.patterns import integer

SALT = "0" * 24
# As docs/spec.md has them: EVT-1 and EVT-6.
LINE_BYTES_MAX, LIST_ITEMS_MAX = 16_384, 256


def unknown(rest: str = "", name: str = "weather.observed.v1") -> bytes:
    """A line of a type that is not known."""
    return f'{{"type":"{name}","salt":"{SALT}"{rest}}}'.encode()


def fault(line: bytes) -> str:
    """The rule that the line breaks, empty where it is well formed."""
    try:
        unknown_type(line)
    except Violation as violation:
        return violation.rule
    return ""


def test_family_and_name_of_an_unknown_type():
    """The part before the first dot, and all of it (EVT-8)."""
    name = "a" * 32 + "." + "b" * 64 + ".v9999"

    assert ("a" * 32, name) == unknown_type(unknown(name=name))


@pytest.mark.parametrize(
    "name",
    [
        "a.b",
        "a.b.v0",
        "a.b.v01",
        "a.b.v10000",
        "a" * 33 + ".b.v1",
        "a." + "b" * 65 + ".v1",
        "A.b.v1",
        ".b.v1",
        "a..v1",
        "1a.b.v1",
    ],
)
def test_name_that_is_no_type(name):
    """A type is a family, what happened and a version (EVT-2)."""
    assert "EVT-2" == fault(unknown(name=name))


@pytest.mark.parametrize(
    "rest",
    [
        "",
        ',"x":1',
        ',"x":true',
        ',"x":"é"',
        ',"x":[]',
        ',"x":[1,"a",false]',
        ',"x":[{"y":[]}]',
        ',"x":[{"y":[1]}]',
        ',"x":[{"y":[{}]}]',
        ',"x":[{"y":[{"z":1}]}]',
        ',"x":[' + ",".join(["1"] * LIST_ITEMS_MAX) + "]",
        ',"x":[{"y":[' + ",".join(["1"] * LIST_ITEMS_MAX) + "]}]",
    ],
    ids=lambda rest: rest[:20],
)
def test_well_formed(rest):
    """Compact JSON that nests no deeper than EVT-6 allows."""
    assert "" == fault(unknown(rest))


@pytest.mark.parametrize(
    "rest",
    [
        ', "x":1',
        ',"x":1.0',
        ',"x":-1',
        ',"x":null',
        ',"x":[null]',
        ',"x":{}',
        ',"x":[[]]',
        ',"x":[{"y":{}}]',
        ',"x":[{"y":[[]]}]',
        ',"x":[{"y":[{"z":[]}]}]',
        ',"x":[{"y":null}]',
        ',"x":[1,{"y":null}]',
        ',"x":"\\\\"',
        ',"x":[' + ",".join(["1"] * (LIST_ITEMS_MAX + 1)) + "]",
        ',"x":[{"y":[' + ",".join(["1"] * (LIST_ITEMS_MAX + 1)) + "]}]",
        ',"x":' + "[" * 9000 + "]" * 9000,
        ',"x":',
        ',"salt":""',
    ],
    ids=lambda rest: rest[:20],
)
def test_malformed(rest):
    """Anything else is no event of any version (EVT-2, EVT-3, EVT-5, EVT-6)."""
    assert "EVT-2" == fault(unknown(rest))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"1",
        b'"a"',
        b"\xff",
        b'{"type":"a.b.v1"}',
        b'{"type":"a.b.v1","salt":1}',
        b'{"type":"a.b.v1","salt":"0"}',
        b'{"salt":"000000000000000000000000","type":"a.b.v1"}',
        b'{"name":"a.b.v1","salt":"000000000000000000000000"}',
        b'[["type","a.b.v1"]]',
    ],
)
def test_no_event(line):
    """An event is an object that begins with its type and has a salt (EVT-7)."""
    assert "EVT-2" == fault(line)


NAME = "shards.record_assigned.v1"
ASSIGNED = (
    f'{{"type":"{NAME}","salt":"{SALT}","map_id":"{"a" * 32}",'
    f'"record_id":"{"b" * 32}","shard":1,"slice":0}}'
).encode()


def test_type_of_a_line():
    """Name and family, and an expression with a group for each field."""
    kind = line_type(ASSIGNED)
    match = kind.pattern.fullmatch(ASSIGNED)

    assert (NAME, "shards") == (kind.name, kind.family)
    assert (b"1", b"0", b"a" * 32) == (match["shard"], match["slice"], match["map_id"])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'{"type":"',
        ASSIGNED.replace(b'":"', b'": "', 1),
        ASSIGNED[:20],
        ASSIGNED.replace(b"shards", b"shardz"),
        ASSIGNED.replace(b'{"type', b'x"type'),
        b'{"type":"' + b"a" * 200 + b'"',
        b'{"type":"\xff"',
    ],
    ids=lambda line: repr(line[:25]),
)
def test_line_of_no_known_type(line):
    """Whatever a line begins with, it is no failure."""
    assert None is line_type(line)


def test_nothing_of_a_line_without_a_type_is_remembered():
    """A file of such lines does not fill the memory."""
    before = event_type.cache_info()
    line_type(b'{"type":"' + b"a" * (32 + 1 + 64 + 6 + 1) + b'"')

    assert before == event_type.cache_info()


def test_longest_type_is_looked_up():
    """A name of the greatest length that a type may have is looked up whole."""
    before = event_type.cache_info().misses
    line_type(b'{"type":"' + b"z" * (32 + 1 + 64 + 6) + b'"')

    assert before + 1 == event_type.cache_info().misses


@pytest.mark.parametrize(
    ("old", "new", "expected", "found"),
    [
        (b'"shard":1', b'"shard":4096', "shard: an integer 0..4095", '"shard":4096,'),
        (b'"slice":0', b'"slice":x', "slice: an integer 0..255", '"slice":x}'),
        (b'"salt":"0', b'"salt":"', "salt: text matching [0-9a-f]{24}", '"salt":"0'),
        (b'"slice":0}', b'"slice":0', "slice: an integer 0..255", '"slice":0'),
        (b'"slice":0}', b'"slice":0}x', "the end of the object", "}x"),
        (b'"slice":0}', b'"slice":0,"x":1}', "the end of the object", ',"x":1}'),
    ],
)
def test_first_wrong_field_is_named(old, new, expected, found):
    """With what stands there, or that something follows the last one (EVT-4, EVT-2)."""
    violation = refuse(ASSIGNED.replace(old, new), NAME)

    assert expected == violation.expected
    assert violation.found.startswith(found)


def test_groups_of_a_bulk_expression():
    """Only the fields that are asked for; each line from its first byte on."""
    pattern = bulk_pattern(NAME, ("record_id", "slice"))
    stored = ASSIGNED + b"\n" + ASSIGNED.replace(b'"slice":0', b'"slice":7') + b"\n"

    assert [(b"b" * 32, b"0"), (b"b" * 32, b"7")] == pattern.findall(stored)
    assert [] == pattern.findall(b"x" + ASSIGNED + b"\n")
    assert re.MULTILINE & pattern.flags


def test_group_of_a_narrower_kind():
    """It holds what it matches, and the field's own group the rest."""
    pattern = bulk_pattern(NAME, ("slice",), (("slice", integer(0, 6)),))
    stored = ASSIGNED + b"\n" + ASSIGNED.replace(b'"slice":0', b'"slice":70') + b"\n"

    assert [(b"0", b""), (b"", b"70")] == pattern.findall(stored)


def bulk_of(lines):
    return read_bulk(lines, b"".join(line + b"\n" for line in lines))


def assigned(count: int) -> list[bytes]:
    return [ASSIGNED.replace(b"b" * 32, b"%032x" % n) for n in range(count)]


def test_bulk_of_eight_lines():
    """Eight lines of a type are a bulk."""
    bulk = bulk_of(assigned(8))

    assert (NAME, "shards", 8) == (bulk.name, bulk.family, bulk.count)


def rejected() -> dict[str, list[bytes]]:
    lines, other = assigned(8), unknown()
    scans = told_ledger().entries[3][1].split(b"\n")[:-1]
    too_long = b'{"type":"shards.record_assigned.v1"' + b" " * LINE_BYTES_MAX
    return {
        "few": assigned(7),
        "other last": [*lines, other],
        "other first": [other, *lines],
        "other within": [*lines, other, *lines],
        "malformed within": [*lines, ASSIGNED + b" ", *lines],
        "long": [*lines, too_long, *lines],
        "no bulk rules": told_ledger().entries[0][1].split(b"\n")[:1] * 8,
        "doubt": [
            line.replace(b'"reasons":[]', b'"reasons":["noai"]') for line in scans
        ],
    }


@pytest.mark.parametrize("name", rejected())
def test_no_bulk(name):
    """Fewer lines, another type among them, or a doubt: one line at a time."""
    assert None is bulk_of(rejected()[name])


def scan_of_length(length: int) -> bytes:
    """A well-formed scan that is so long: many channels, with large numbers."""
    allowed = [{"usage": "ai_input", "preference": "allow"}] * 4
    one = channel("trust_txt_well_known", "allowed") | {"stated": allowed}
    event = url_scanned(LedgerSimulator(), 3)
    while length - len(encode(event)) > 600:
        event["channels"].append(one | {"line": 1})
    for item in event["channels"]:
        more = min(15, length - len(encode(event)))
        item["line"] = int(str(item["line"]) + "0" * more)
    line = encode(event)
    assert (length, None) == (len(line), line_type(line).pattern.match(b""))
    return line


@pytest.mark.parametrize(("more", "is_bulk"), [(0, True), (1, False)])
def test_bulk_with_a_long_line(more, is_bulk):
    """A line of the greatest length is one of a bulk; a longer one is a fault."""
    lines = [scan_of_length(LINE_BYTES_MAX + more)] * 8

    assert is_bulk == (bulk_of(lines) is not None)


def checked(stored: bytes, **changes) -> str:
    """What the lines of entry 1 of the story are refused for."""
    entry, _ = told_ledger().entries[1]
    note = entry.partition(b"\n\n")[2]
    try:
        check_lines(parse_submission(note), stored)
    except Violation as violation:
        return f"{violation.code.name} {violation.rule}"
    return ""


def test_lines_of_a_submission():
    """Those that its count and root bind, each with its newline (STO-3, SUB-4)."""
    _, stored = told_ledger().entries[1]

    assert "" == checked(stored)
    assert "EVENTS_ROOT STO-3" == checked(stored[:-1])
    assert "EVENTS_COUNT SUB-4" == checked(b"")
    assert "EVENTS_COUNT SUB-4" == checked(stored + b"\n")
    assert "EVENTS_ROOT SUB-4" == checked(stored[:-3] + b"x}\n")


def test_root_of_lines_is_over_lines_without_newlines():
    """The lines are the leaves."""
    entry, stored = told_ledger().entries[1]
    said = parse_submission(entry.partition(b"\n\n")[2])

    assert said.events_root == root_of(check_lines(said, stored))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda line: line.replace(b"ledger_created", b"ledger_creates"), "ENT-6"),
        (lambda line: line.replace(b"ledger_created", b"granted"), "ENT-6"),
        (
            lambda line: line.replace(b'"format_version":1', b'"format_version":2'),
            "EVT-4",
        ),
        (lambda line: line + b" " * LINE_BYTES_MAX, "EVT-1"),
    ],
    ids=["unknown", "another", "field", "length"],
)
def test_event_0(change, rule):
    """It creates the ledger, or nothing does (ENT-6)."""
    line = told_ledger().entries[0][1].split(b"\n")[0]

    assert b"1" == created_event([line])["format_version"]
    with pytest.raises(Violation) as raised:
        created_event([change(line)])
    assert rule == raised.value.rule


def content() -> Content:
    return Content(
        ring=KeyRing(),
        streams=None,
        history=None,
        findings=FindingList(),
        unknown=FindingList(),
    )


def test_first_reason_to_stop_is_kept():
    """Later ones follow from it."""
    known = content()
    known.stop("first")
    known.stop("second")

    assert "first" == known.stopped


def test_new_content_is_empty():
    """Nothing was judged, dropped or counted yet."""
    known = content()

    assert (0, "", {}, {}) == (known.judged, known.stopped, known.types, known.dropped)


@pytest.mark.parametrize(
    ("family", "is_unsure"), [("keys", True), ("training", True), ("weather", False)]
)
def test_unknown_event_that_may_grant_a_key(family, is_unsure):
    """After an unknown event of two families, other keys may be granted (EVT-8)."""
    known = content()
    line = unknown(name=f"{family}.observed.v1")
    known._unknown_line(3, 1, line, frozenset({family}))

    assert is_unsure == bool(known._ring.unsure)
    assert ["event 3.1"] == [one.where for one in known._unknown]
    assert known.stopped.startswith("after event 3.1")


@pytest.mark.parametrize(("family", "rule"), [("keys", "SUB-7"), ("weather", "SUB-6")])
def test_unknown_event_of_another_family(family, rule):
    """Its signer is granted its family, or not at all (SUB-6, SUB-7)."""
    with pytest.raises(Violation) as raised:
        content()._unknown_line(3, 1, unknown(name=f"{family}.a.v1"), frozenset())

    assert ("FAMILY_NOT_ALLOWED", rule) == (raised.value.code.name, raised.value.rule)


def unknown_of_length(length: int) -> bytes:
    """An unknown event that is so long."""
    return unknown(',"x":"' + "a" * (length - len(unknown()) - 7) + '"')


def test_longest_unknown_event():
    """It may be as long as every other line (EVT-1)."""
    line = unknown_of_length(LINE_BYTES_MAX)

    assert LINE_BYTES_MAX == len(line)
    assert None is content()._unknown_line(3, 1, line, frozenset({"weather"}))


def test_unknown_event_that_is_too_long():
    """One byte more is too much (EVT-1)."""
    line = unknown_of_length(LINE_BYTES_MAX + 1)
    with pytest.raises(Violation) as raised:
        content()._unknown_line(3, 1, line, frozenset({"weather"}))

    assert "EVT-1" == raised.value.rule


class Signer:
    """A signer that was granted one family."""

    families = frozenset({"shards"})


def signed() -> Submission:
    """A submission."""
    entry, _ = told_ledger().entries[3]
    return parse_submission(entry.partition(b"\n\n")[2])


def test_bulk_after_a_stop_is_counted_and_not_judged():
    """Its lines are sound; what they rest on is not known (section 9)."""
    known = content()
    known.stop("why")
    known.apply_bulk(3, signed(), bulk_of(assigned(9)), Signer)

    assert ({NAME: 9}, 0) == (known.types, known.judged)


def test_bulk_of_a_family_that_is_not_granted():
    """The plain pass finds it."""
    with pytest.raises(Doubt):
        content().apply_bulk(3, signed(), bulk_of(told_scans()), Signer)


def told_scans() -> list[bytes]:
    return told_ledger().entries[3][1].split(b"\n")[:-1]
