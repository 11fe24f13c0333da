"""The fast pass: it establishes what the plain one does, and never acquits more."""

import re
from re import _parser

import pytest

from tests.simulator import LedgerSimulator, edit_rows, encode
from tests.tamper.chapters import BASE, channel, ident
from tests.tamper.harness import told_ledger
from tests.unit.engine.bulk import LINES, Bulk, Rights
from tests.unit.engine.passes import facts, read, read_plainly, shown
from verifier import verify
from verifier.history import engine
from verifier.rules import BULK, index, placed, recent
from verifier.rules.bulk import read_bulk
from verifier.schema.lines import _fields, bulk_pattern
from verifier.schema.tables import EVENT_TYPES


@pytest.fixture(params=["in memory", "written"])
def memory(request, monkeypatch):
    """How many ids stay in memory: all of them, or so few that most are written."""
    if request.param == "written":
        monkeypatch.setattr(recent, "RECENT_MAX", LINES + 1)
        monkeypatch.setattr(recent, "COMPARED_MAX", 3)
        monkeypatch.setattr(placed, "_ROWS_MAX", 3)


@pytest.fixture(params=["story", "bulk", "rights"])
def ledger(request) -> LedgerSimulator:
    bulk = {"bulk": Bulk, "rights": Rights}.get(request.param)
    return bulk().build() if bulk else told_ledger()


def test_same_facts_as_the_plain_pass(ledger, memory, tmp_path):
    """Keys, streams, tree, counts and history are those of the plain pass."""
    path = ledger.write(tmp_path / "acme.ledger")
    _, fast = read(path)
    _, plain = read_plainly(path)

    assert facts(plain) == facts(fast)


def test_number_of_events_that_were_judged(ledger, tmp_path):
    """The report counts the events under rules across events, read together or not."""
    path = ledger.write(tmp_path / "acme.ledger")
    expected = read_plainly(path)[1].content.judged

    assert 0 < expected == verify(path).counts["events_judged"]


def test_bulk_is_read_together(tmp_path):
    """Each of the four types of bulk is read as a whole submission at a time."""
    entries = Rights().build().entries
    found = [read_bulk(events.split(b"\n")[:-1], events) for _, events in entries]

    assert [3, 3, 2, 2] == [
        sum(r is not None and r.name == t for r in found) for t in BULK
    ]


@pytest.mark.parametrize("name", BULK)
def test_fields_of_bulk_are_in_the_order_of_the_table(name):
    """The groups of an expression come in that order."""
    table = list(_fields(name))
    places = [table.index(field) for field in BULK[name].fields]

    assert sorted(places) == places


SCAN, DECIDED = "optout.url_scanned", "ingest.record_decided"
ASSIGNED, METERED = "shards.record_assigned", "training.steps_metered"
PASSED_OVER = channel("content_usage", "reserved") | {"verdict": "allowed"}
# Which event, which fields become what, and what is found there.
BREACHES = [
    (SCAN, {"policy_sha256": BASE}, "POLICY_UNKNOWN"),
    (SCAN, {"site_id": ident("no site")}, "SITE"),
    (SCAN, {"scan_id": ident("scan", 3)}, "SCAN"),
    (SCAN, {"verdict": "unknown", "reasons": ["noai"]}, "SCAN_VERDICT"),
    (SCAN, {"reasons": ["noai"]}, "SCAN_VERDICT"),
    (SCAN, {"http_status": 404}, "SCAN_VERDICT"),
    (SCAN, {"access": "paywall"}, "SCAN_VERDICT"),
    (SCAN, {"channels": [PASSED_OVER]}, "SCAN_VERDICT"),
    (SCAN, {"http_status": 1000}, "EVENT_FIELD"),
    (SCAN, {"scanner": ""}, "EVENT_FIELD"),
    (SCAN, {"url_commitment": BASE.upper()}, "EVENT_FIELD"),
    (DECIDED, {"policy_sha256": BASE}, "POLICY_UNKNOWN"),
    (DECIDED, {"scan_id": ident("no scan")}, "SCAN"),
    (DECIDED, {"scan_id": ""}, "DECISION_BASIS"),
    (DECIDED, {"licence_id": ident("no licence")}, "LICENCE_USE"),
    (DECIDED, {"record_id": ident("record", 3)}, "RECORD_DECIDED_TWICE"),
    (DECIDED, {"decision": "blocked"}, "DECISION_BASIS"),
    (DECIDED, {"commitment": ""}, "DECISION_BASIS"),
    (DECIDED, {"uk_basis": "none"}, "DECISION_BASIS"),
    (DECIDED, {"reasons": []}, "EVENT_FIELD"),
    (ASSIGNED, {"map_id": ident("no map")}, "ASSIGNMENT"),
    (ASSIGNED, {"shard": 2}, "ASSIGNMENT"),
    (ASSIGNED, {"slice": 2}, "ASSIGNMENT"),
    (ASSIGNED, {"record_id": ident("no record")}, "ASSIGNMENT"),
    (ASSIGNED, {"record_id": ident("record", 3)}, "ASSIGNMENT"),
    (ASSIGNED, {"slice": "0"}, "EVENT_FIELD"),
    (METERED, {"run_id": ident("no run")}, "RUN_LIFE"),
    (METERED, {"batch": 7}, "METERING"),
    (METERED, {"step_first": 7}, "METERING"),
    (METERED, {"steps": 11}, "METERING"),
    (METERED, {"tokens": 5121}, "METERING"),
    (METERED, {"shard": 2}, "METERING"),
    (METERED, {"slice": 2}, "METERING"),
    (METERED, {"flop_forward": "1"}, "METERED_FLOP"),
    (METERED, {"shapes": []}, "METERED_FLOP"),
    (METERED, {"faults": ["b", "a"]}, "METERED_FLOP"),
    (METERED, {"flop_forward": "01"}, "EVENT_FIELD"),
]


@pytest.mark.parametrize("number", [5, LINES + 5], ids=["first run", "second run"])
@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    BREACHES,
    ids=[f"{kind}-{'-'.join(changes)}" for kind, changes, _ in BREACHES],
)
def test_breach_inside_a_run_is_found(kind, changes, code, number, memory, tmp_path):
    """One wrong event among many is found where it is, as the plain pass finds it."""
    bulk = Bulk()
    event = bulk.one(kind, number)
    event.update(changes)
    place = bulk.place(event)
    path = bulk.build().write(tmp_path / "acme.ledger")
    report, _ = read(path)

    assert (code, place) == (report.first.code.name, report.first.where)
    assert shown(read_plainly(path)[0]) == shown(report)


# Of the run on which persons and rights holders had their say: even numbers rest on a
# review, odd ones on a licence. Which event is changed, and what is found at which.
SAID_BREACHES = {
    "not cleared": ("review.decided", 2, {"outcome": "upheld"}, 4, "DECISION_BASIS"),
    "another scan": (DECIDED, 4, {"scan_id": ident("scan", 25)}, 4, "DECISION_BASIS"),
    "no training": ("licence.granted", 0, {"permits": ["output"]}, 1, "LICENCE_USE"),
    "jurisdiction": (
        "licence.granted",
        0,
        {"jurisdictions": ["uk"]},
        1,
        "LICENCE_USE",
    ),
    "another site": (DECIDED, 5, {"scan_id": ident("scan", 24)}, 5, "LICENCE_USE"),
}


@pytest.mark.parametrize("name", SAID_BREACHES)
def test_breach_of_a_review_or_licence_is_found(name, memory, tmp_path):
    """What a person or a rights holder did not say is found where it is relied on."""
    kind, number, changes, decided, code = SAID_BREACHES[name]
    story = Rights()
    first = 2 * LINES
    story.one(kind, number + (first if kind == DECIDED else 0)).update(changes)
    place = story.place(story.one(DECIDED, first + decided))
    path = story.build().write(tmp_path / "acme.ledger")
    report, _ = read(path)

    assert (code, place) == (report.first.code.name, report.first.where)
    assert shown(read_plainly(path)[0]) == shown(report)


@pytest.mark.parametrize("few", [2, LINES + 1, 1000])
def test_fast_pass_vouches_for_reviews_and_licences(few, monkeypatch, tmp_path):
    """A sound ledger of them needs no plain pass, however little is in memory."""
    monkeypatch.setattr(recent, "RECENT_MAX", few)
    monkeypatch.setattr(engine._Way, "read_plainly", lambda _: pytest.fail("plain"))
    path = Rights().build().write(tmp_path / "acme.ledger")

    assert [] == list(read(path)[0].findings)


@pytest.mark.parametrize("kind", [SCAN, DECIDED, ASSIGNED])
def test_id_of_an_earlier_run_is_found(kind, memory, tmp_path):
    """An id that occurred in another submission, long ago or not, is found."""
    bulk = Bulk()
    field = {SCAN: "scan_id"}.get(kind, "record_id")
    event = bulk.one(kind, LINES + 5)
    event[field] = bulk.one(kind, 2)[field]
    place = bulk.place(event)
    path = bulk.build().write(tmp_path / "acme.ledger")
    report, _ = read(path)

    assert place == report.first.where
    assert shown(read_plainly(path)[0]) == shown(report)


def test_scan_after_its_decision_is_found(memory, tmp_path):
    """An earlier scan is an earlier one, though the id occurs in the ledger."""
    bulk = Bulk()
    first, second = bulk.one(DECIDED, 5), bulk.one(SCAN, LINES + 5)
    first["scan_id"] = second["scan_id"]
    place = bulk.place(first)
    path = bulk.build().write(tmp_path / "acme.ledger")

    assert [("SCAN", place)] == [
        (f.code.name, f.where) for f in read(path)[0].findings
    ][:1]


def test_line_with_something_before_it_is_found(tmp_path):
    """A line must match from its first byte: what stands before is no part of it."""
    bulk = Bulk()
    step = bulk.step_of(bulk.one(SCAN, 5))
    step.events[5] = b"x" + encode(step.events[5])
    path = bulk.build().write(tmp_path / "acme.ledger")

    assert [str(read_plainly(path)[0].first)] == [str(read(path)[0].first)]


def test_run_of_another_family_is_found(tmp_path):
    """The signer's families are asked for a run as for a line."""
    bulk = Bulk()
    bulk.step_of(bulk.one(SCAN, LINES)).stream = "ingest"
    path = bulk.build().write(tmp_path / "acme.ledger")
    report, _ = read(path)

    assert "FAMILY_NOT_ALLOWED" == report.first.code.name
    assert shown(read_plainly(path)[0]) == shown(report)


def test_negative_row_is_found(tmp_path):
    """A row before entry 0, which no range of workers covers, is found."""
    ledger = Bulk().build()
    path = ledger.write(tmp_path / "acme.ledger")
    entry, events = ledger.entries[3]
    edit_rows(path, ("INSERT INTO entry VALUES (-1, ?, ?)", (entry, events)))

    assert len(read(path)[0].findings) > 0


def test_full_disk_of_the_reader_is_no_fault_of_the_ledger(monkeypatch, tmp_path):
    """Where the temporary index cannot grow there is no report."""
    monkeypatch.setattr(index, "CACHE", "PRAGMA max_page_count=4")
    path = Bulk().build().write(tmp_path / "acme.ledger")

    with pytest.raises(OSError, match="no space"):
        read(path)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_no_value_admits_a_newline(name):
    """So a match of one line of bulk cannot go on into the next."""
    tree = repr(_parser.parse(bulk_pattern(name, ()).pattern.decode()).data)
    ranges = re.findall(r"\(RANGE, \((\d+), (\d+)\)\)", tree)

    assert not re.search("ANY|NEGATE|CATEGORY|NOT_LITERAL", tree)
    assert 1 == len(re.findall(r"\(LITERAL, 10\)", tree))
    assert all(int(low) > 10 for low, _ in ranges)
