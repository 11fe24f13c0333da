"""producers.ingest.run: decide, keep, emit."""

import itertools

import pytest

from ledger.errors import InputError, StorageError
from ledger.events import decode_event, encode_event
from producers.ingest.facts import RegisterLicence, ScanOutcome
from producers.ingest.policy import IngestPolicy
from producers.ingest.reader import InputRecord
from producers.ingest.run import (
    BATCH_EVENTS,
    Kept,
    ingest,
    size_log2,
)
from producers.ingest.screening import NO_DATASET, FromDataset, Screened, findings_of
from producers.ingest.sources import Row, Unreadable
from producers.ingest.world import UnscannableError
from producers.ingest.world import World as Ports

POLICY = IngestPolicy(basket_version="2026-11-23")
EU_POLICY = IngestPolicy(basket_version="2026-11-23", jurisdictions=frozenset({"eu"}))


class World:
    """A vault, a ledger and a scanner in memory; `log` holds every effect in order."""

    def __init__(self, *, verdict="allowed", fenced=(), known=(), register=None):
        self.verdict = verdict
        self.reason = "robots_disallow"
        self.final_url = ""
        self.register = register
        self.fenced = set(fenced)
        self.refusal = ""
        self.kept = dict.fromkeys(known)
        self.events = []
        self.batches = []
        self.log = []
        self.messages = []
        self.passed = []
        self.refused = []
        self._counter = itertools.count(1)

    def scan(self, url):
        self.log.append(("scan", url))
        reasons = () if self.verdict == "allowed" else (self.reason,)
        return ScanOutcome(
            scan_id="5" * 32,
            verdict=self.verdict,
            reasons=reasons,
            final_url=self.final_url or url,
            body_sha256="b" * 64,
        )

    def licensed(self, urls, stated):
        self.log.append(("licensed", *urls, stated))
        return self.register

    def keep(self, records):
        return [self.keep_one(*one) for one in records]

    def keep_one(self, record_id, record):
        if self.fenced & set(record.subjects):
            return "subject_fenced"
        if self.refusal:
            return self.refusal
        self.log.append(("keep", record_id))
        self.kept[record.id] = record_id
        return Kept(commitment="c" * 64, size_log2=size_log2(record.text))

    def emit(self, events):
        self.log.extend(("emit", event.record_id) for event in events)
        lines = [encode_event(event, salt="0" * 24) for event in events]
        self.events.extend(decode_event(line) for line in lines)
        self.batches.append(len(events))

    def random_bytes(self, size):
        return next(self._counter).to_bytes(size, "big")

    def ingest(self, records, *, policy=POLICY, dataset=NO_DATASET, **changes):
        world = {
            "scan": self.scan,
            "licensed": self.licensed,
            "shunned": lambda url: "pirate" in url,
            "known": lambda record: record.id in self.kept,
            "keep": self.keep,
            "not_kept": lambda record_id, record: self.passed.append(record.id),
            "refuse": self.refused.append,
            "emit": self.emit,
            "random_bytes": self.random_bytes,
            "progress": self.messages.append,
        }
        return ingest(
            rows(records),
            policy=policy,
            dataset=dataset,
            world=Ports(**{**world, **changes}),
        )


def rows(records):
    """Records as a source yields them."""
    for number, one in enumerate(records, start=1):
        is_record = isinstance(one, InputRecord)
        yield Row(place=f"line {number}", record=one) if is_record else one


def record(name="a", **changes):
    fields = {"text": "hello", "url": "", "licence": "MIT", "subjects": ()}
    return InputRecord(id=name, **{**fields, **changes})


def records(count):
    return [record(f"r{i}") for i in range(count)]


def test_accepted_event():
    """An accepted record's event holds the ruling and what the vault said."""
    world = World()
    world.ingest(
        [record(licence="mit", subjects=("j@e.org", "k@e.org"), url="http://e/")]
    )

    [event] = world.events
    assert "0" * 31 + "1" == event.record_id
    assert ("accepted", ["licence"]) == (event.decision, event.reasons)
    assert ("licence", "licence") == (event.eu_basis, event.uk_basis)
    assert ("web", "MIT", "") == (event.source_kind, event.licence, event.scan_id)
    assert ("personal", "several") == (event.hazard, event.subjects)
    assert ("c" * 64, 3) == (event.commitment, event.size_log2)
    assert POLICY.sha256() == event.policy_sha256


def test_blocked_leaves_nothing_but_its_event():
    """A blocked record is not kept and has no commitment."""
    world = World()
    world.ingest([record(licence="")])

    [event] = world.events
    assert ("blocked", ["scan_missing", "uk_no_licence"]) == (
        event.decision,
        event.reasons,
    )
    assert ("", {}) == (event.commitment, world.kept)


def test_unclear_licence_waits_for_a_person_and_is_not_repeated():
    """A licence that is no expression is pending, and its text is not in the event."""
    world = World()
    world.ingest([record(licence="LicenseRef-Jane-Doe")])

    [event] = world.events
    assert ("pending", ["licence_unclear"], "") == (
        event.decision,
        event.reasons,
        event.licence,
    )
    assert {} == world.kept


def test_scan_is_cited():
    """A record that passes by a clear scan cites it."""
    world = World()
    page = record(licence="", url="http://e.example/")
    report = world.ingest([page], policy=EU_POLICY)

    [event] = world.events
    assert ("accepted", "5" * 32) == (event.decision, event.scan_id)
    assert "tdm_article_4" == event.eu_basis
    assert 1 == report.scanned


def test_licensed_page_is_not_scanned():
    """A licensed page passes without asking its site."""
    world = World(verdict="reserved")
    report = world.ingest([record(url="http://e.example/")])

    assert "accepted" == world.events[0].decision
    assert 0 == report.scanned


def test_licence_of_the_register_is_cited():
    """A record that passes by the register cites the licence and what it overrides."""
    everywhere = RegisterLicence(
        licence_id="7" * 32, jurisdictions=frozenset({"eu", "uk"})
    )
    world = World(verdict="reserved", register=everywhere)
    world.ingest([record(licence="", url="http://e.example/")])

    [event] = world.events
    assert ("accepted", ["licence_register", "scan_reserved"]) == (
        event.decision,
        event.reasons,
    )
    assert ("7" * 32, "5" * 32) == (event.licence_id, event.scan_id)
    assert ("licensed", "http://e.example/", "") in world.log


def test_register_is_asked_for_both_ends_of_a_redirect():
    """A licence must cover the site that was asked and the one that answered."""
    world = World()
    world.final_url = "http://other.example/"
    world.ingest([record(licence="", url="http://e.example/")])

    assert ("licensed", "http://e.example/", "http://other.example/", "") in world.log


def test_piracy_site_is_scanned_whatever_the_licence():
    """What a record states of a piracy site is worth nothing; the scan is cited."""
    world = World(verdict="reserved")
    world.reason = "piracy_site"
    world.ingest([record("a", url="http://pirate/"), record("b", url="http://e/")])

    assert [
        ("blocked", ["scan_reserved"], "5" * 32),
        ("accepted", ["licence"], ""),
    ] == [(event.decision, event.reasons, event.scan_id) for event in world.events]


def test_register_is_not_asked_for_a_licensed_record():
    """A licence of its own is enough, and then no other is cited."""
    world = World(
        register=RegisterLicence(licence_id="7" * 32, jurisdictions=frozenset({"eu"}))
    )
    world.ingest([record()])

    assert "" == world.events[0].licence_id
    assert not any(entry[0] == "licensed" for entry in world.log)


def test_text_of_another_response():
    """A record that was taken from another response than the scan's is blocked."""
    world = World()
    same = record("a", licence="", url="http://e/", response_sha256="b" * 64)
    other = record("b", licence="", url="http://e/", response_sha256="c" * 64)
    world.ingest([same, other], policy=EU_POLICY)

    assert [["scan_clear"], ["response_differs"]] == [
        event.reasons for event in world.events
    ]


def test_fenced_subject():
    """A record of a fenced subject is blocked for that reason alone."""
    world = World(fenced={"jane@e.org"})
    world.ingest([record("a", subjects=("jane@e.org",)), record("b")])

    assert ["blocked", "accepted"] == [event.decision for event in world.events]
    assert (["subject_fenced"], "") == (
        world.events[0].reasons,
        world.events[0].commitment,
    )


@pytest.mark.parametrize(
    ("expected", "subjects"),
    [
        ("none", ()),
        ("one", ("j@e.org",)),
        ("one", ("j@e.org", "J@E.org ")),
        ("several", ("j@e.org", "k@e.org")),
    ],
    ids=["none", "one", "one-in-two-spellings", "several"],
)
def test_subjects(expected, subjects):
    """Two spellings of one identifier are one subject."""
    world = World()
    world.ingest([record(subjects=subjects)])

    assert expected == world.events[0].subjects


def test_kept_before_emitted():
    """Each record is durable before its event is in the ledger."""
    world = World()
    world.ingest(records(BATCH_EVENTS + 3))

    for event in world.events:
        keep = world.log.index(("keep", event.record_id))
        assert keep < world.log.index(("emit", event.record_id))


@pytest.mark.parametrize(
    ("expected", "count"),
    [
        ([], 0),
        ([1], 1),
        ([BATCH_EVENTS], BATCH_EVENTS),
        ([BATCH_EVENTS, 1], BATCH_EVENTS + 1),
    ],
)
def test_batches(expected, count):
    """Decisions are emitted in full batches and one rest, never an empty one."""
    world = World()
    world.ingest(records(count))

    assert expected == world.batches


def test_one_event_a_record():
    """Every record has exactly one decision, in the order of the input."""
    world = World()
    world.ingest(records(150))

    assert 150 == len({event.record_id for event in world.events})
    assert list(world.kept.values()) == [event.record_id for event in world.events]


def test_what_is_known_is_left_as_it_is():
    """An ingest can be repeated, and the repeat decides on nothing."""
    world = World()
    first = world.ingest(records(5))
    second = world.ingest(records(5))

    assert (0, {"accepted": 5}) == (first.skipped, first.decisions)
    assert (5, {}) == (second.skipped, second.decisions)
    assert 5 == len(world.events)


def test_unreadable_goes_on():
    """What is no record is counted and handed on; the rest is decided."""
    world = World()
    bad = Unreadable(place="line 2", field="id", rule="expected an id")
    report = world.ingest([record("a"), bad, record("b")])

    assert (1, [bad]) == (report.unreadable, world.refused)
    assert {"accepted": 2} == report.decisions


def test_a_url_that_no_scan_takes():
    """It is no record, and nothing is decided on it."""

    def scan(_url):
        raise UnscannableError("expected a host")

    world = World()
    report = world.ingest([record(licence="", url="http://e/")], scan=scan)

    assert (1, {}) == (report.unreadable, report.decisions)
    assert ("line 1", "url") == (world.refused[0].place, world.refused[0].field)


def test_what_is_not_kept_is_told():
    """Blocked and pending records are named before their events."""
    world = World()
    world.ingest([record("a"), record("b", licence=""), record("c", licence="?")])

    assert ["b", "c"] == world.passed


FOUND = findings_of({"email": 70_000, "secret": 1})


@pytest.mark.parametrize(
    ("expected", "action"),
    [
        (("accepted", ["licence"]), "accept"),
        (("accepted", ["licence", "sensitive_redacted"]), "redact"),
        (("pending", ["sensitive_review"]), "review"),
        (("blocked", ["sensitive_block"]), "block"),
    ],
)
def test_sensitive(expected, action):
    """The action of what was found decides, and is in the event with the counts."""
    world = World()
    screened = Screened(findings=FOUND, action=action)
    world.ingest([record()], screen=lambda _: screened)

    [event] = world.events
    assert (*expected, action) == (event.decision, event.reasons, event.action)
    assert [("email", 65_535), ("secret", 1)] == [
        (one.kind, one.count) for one in event.sensitive
    ]


def test_the_redacted_text_is_kept():
    """What is kept and committed to is the text after redaction."""
    kept = []

    def keep(records):
        kept.extend(taken.text for _, taken in records)
        return [Kept(commitment="c" * 64, size_log2=1) for _ in records]

    screened = Screened(findings=FOUND, action="redact", text="to [EMAIL]")
    World().ingest([record(text="to a@b.org")], keep=keep, screen=lambda _: screened)

    assert ["to [EMAIL]"] == kept


def test_what_the_law_blocks_is_not_looked_through():
    """A text that is not kept is not read either."""
    world = World()
    seen = []
    world.ingest([record(licence="")], screen=seen.append)

    assert [] == seen


def test_a_dataset_that_waits():
    """While its review is pending so are its records, and the event names it."""
    world = World()
    dataset = FromDataset(dataset_id="d" * 32, consent_review="pending")
    world.ingest([record()], dataset=dataset)

    [event] = world.events
    assert ("pending", ["dataset_pending"]) == (event.decision, event.reasons)
    assert ("d" * 32, "dataset_pending") == (event.dataset_id, event.rule)


def test_why_a_licence_is_unclear():
    """The terminal says what is wrong with it; the event does not repeat it."""
    world = World()
    world.ingest([record(licence="ask Jane"), record("b", licence="CC-BY-NC-4.0")])

    assert "line 1 (a): pending (licence_unclear: custom text, no SPDX id)" in (
        world.messages
    )
    assert any("non-commercial only" in message for message in world.messages)


def test_blocked_record_may_be_decided_anew():
    """A record that was blocked is decided again once it has a licence."""
    world = World()
    world.ingest([record(licence="")])
    world.ingest([record(licence="MIT")])

    assert ["blocked", "accepted"] == [event.decision for event in world.events]


def test_bad_line_leaves_nothing_half_written():
    """When the input breaks off, every kept record has its event."""

    def broken():
        yield from records(3)
        raise InputError("line 4: expected a record")

    world = World()
    with pytest.raises(InputError, match="line 4"):
        world.ingest(broken())
    assert list(world.kept.values()) == [event.record_id for event in world.events]


@pytest.mark.parametrize("error", [InputError, StorageError])
def test_failed_emit_is_not_repeated(error):
    """An emit that fails is never tried again: part of it may be in the ledger."""
    world = World()
    calls = []

    def emit(events):
        calls.append(len(events))
        raise error("refused")

    world.emit = emit
    with pytest.raises(error):
        world.ingest(records(BATCH_EVENTS))
    assert [BATCH_EVENTS] == calls


def test_report_and_progress():
    """The report counts decisions and reasons; progress tells counts, never data."""
    world = World()
    report = world.ingest([record("jane"), record("b", licence="")])

    assert {"accepted": 1, "blocked": 1} == report.decisions
    assert {"licence": 1, "scan_missing": 1, "uk_no_licence": 1} == report.reasons
    assert [
        "line 2 (b): blocked (scan_missing, uk_no_licence)",
        "ingested 2 records: 1 accepted, 1 blocked",
    ] == world.messages


@pytest.mark.parametrize(
    ("expected", "text"),
    [(0, ""), (1, "a"), (2, "ü"), (10, "a" * 1023), (11, "a" * 1024)],
    ids=["0", "1", "2", "1023", "1024"],
)
def test_size_log2(expected, text):
    """The bucket is the number of bits of the UTF-8 byte count."""
    assert expected == size_log2(text)
