"""Ingest into a real workspace: the order of writes, fences and ties."""

import pytest

from ledger import corpus, locks
from ledger import workspace as workspace_module
from ledger.corpus import Corpus
from ledger.erasure_book import ErasureBook
from ledger.errors import InputError, LockedError, StorageError
from ledger.events.ingest import RecordDecided
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.files import write_atomic
from ledger.intake import Intake, Placer
from ledger.locks import file_lock
from ledger.log import Ledger
from ledger.record_keys import unseal
from ledger.vault import Vault
from producers import wiring
from tests.unit.workspace.office import (
    PEOPLE,
    RECORDS,
    ingest,
    jsonl,
    leaks,
    letter,
    record,
    rows,
    secrets_of,
)


def test_one_decision_for_each_record(office):
    """As many events as records, each record id once; each accepted one is placed."""
    office.ingest(RECORDS)
    decided = [one.record_id for one in office.events(RecordDecided)]

    assert len(RECORDS) == len(decided) == len(set(decided))
    assert sorted(decided) == sorted(
        one.record_id for one in office.events(RecordAssigned)
    )
    office.check()


def test_a_blocked_record_leaves_nothing_but_its_event(office):
    """No row, no name, no file."""
    report = office.ingest([record("x", letter("jane"), "jane", licence="")])

    assert {"blocked": 1} == report.decisions
    assert [] == [*(office.folder / "corpus").iterdir()]
    assert [] == leaks(office.folder, secrets_of("jane"))
    assert [(0,)] == rows(office.folder / "acme.vault", "SELECT count(*) FROM subject")


def test_blob_before_ledger_and_row_before_blob(office, monkeypatch):
    """Whatever is on disk is known to the vault, and the ledger never runs ahead."""
    order = []
    for owner, name in ((Vault, "add_record"), (Corpus, "put"), (Ledger, "append")):
        real = getattr(owner, name)

        def noting(self, *args, _real=real, _name=name, **options):
            order.append(options.get("stream", _name))
            return _real(self, *args, **options)

        monkeypatch.setattr(owner, name, noting)
    office.ingest(RECORDS[:2])

    assert [
        "policy",
        "add_record",
        "put",
        "add_record",
        "put",
        "ingest",
        "shards",
        "shards",
    ] == order


def test_a_disk_that_refuses_a_blob(office, monkeypatch):
    """The ingest stops in one line; what was kept and not decided on is deleted."""
    written = []

    def full(path, content):
        if len(written) == 2:
            message = f"{path.name}: the disk refused the write"
            raise StorageError(message)
        written.append(path)
        write_atomic(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(corpus, "write_atomic", full)
        with pytest.raises(StorageError):
            office.ingest(RECORDS)
    with office.open() as workspace:
        assert [] == workspace.vault.subjects()
        assert set() == workspace.vault.record_ids()
    assert [] == [*(office.folder / "corpus").iterdir()]
    assert [] == office.events(RecordDecided)

    office.ingest(RECORDS)
    assert len(RECORDS) == len(office.events(RecordDecided))
    office.check()


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ("line 3: expected one JSON object, found an error at", b"{half a line\n"),
        ("line 3: expected an id of its own", jsonl([RECORDS[0]])),
        ("line 3: expected a field text", b'{"id": "x"}\n'),
        (
            "line 3: expected at most 1048576 bytes",
            b'{"id": "' + b"x" * 2**20 + b'"}\n',
        ),
    ],
    ids=["malformed", "twice", "no-text", "oversize"],
)
def test_a_bad_line_stops_with_its_number(office, expected, line):
    """What stood before it is ingested; nothing of the line is kept."""
    with pytest.raises(InputError, match=expected) as caught:
        office.ingest(jsonl(RECORDS[:2]) + line + jsonl(RECORDS[3:]))

    assert [] == [
        one for one in secrets_of(*PEOPLE) if one in str(caught.value).encode()
    ]
    assert 2 == len(office.events(RecordDecided))
    office.check()


def test_resumed_after_a_bad_line_as_if_it_had_been_good(office):
    """Nobody is placed before all of the file is known."""
    with pytest.raises(InputError, match="line 4"):
        office.ingest(jsonl(RECORDS[:3]) + b"{\n" + jsonl(RECORDS[3:]))
    report = office.ingest(RECORDS, resume=True)

    assert {"accepted": len(RECORDS) - 3} == report.decisions
    assert len(RECORDS) == len(office.events(RecordAssigned))


def test_an_id_of_an_earlier_ingest(office):
    """Refused with its line, or skipped on request."""
    office.ingest(RECORDS[:3])
    with pytest.raises(InputError, match=r"line 1: .* already ingested"):
        office.ingest(RECORDS)
    report = office.ingest(RECORDS, resume=True)

    assert 3 == report.skipped
    assert len(RECORDS) == len(office.events(RecordDecided))
    office.check()


def test_a_record_between_two_shards_waits_for_a_person(trained):
    """It is pending, nothing of it is kept, and everything goes on."""
    assert trained.shard_of("jane") != trained.shard_of("dan")
    report = trained.ingest(
        [
            record("tie", "zebra-tie by two people", "jane", "dan"),
            record("after", letter("eve", 8), "eve"),
        ]
    )

    assert {"pending": 1, "accepted": 1} == report.decisions
    assert {"links_units": 1, "licence": 1} == report.reasons
    assert [] == leaks(trained.folder, [b"zebra-tie"])
    trained.train()
    trained.check()


def test_a_text_that_lies_in_another_shard_ties_too(trained):
    """A duplicate elsewhere would defeat the erasure."""
    report = trained.ingest([record("copy", letter("dan"), "jane")])

    assert {"links_units": 1} == report.reasons


def test_a_duplicate_goes_where_its_twin_is(trained):
    """The same text of nobody else lies in the same shard."""
    trained.ingest([record("copy", letter("dan"))])
    copied = trained.events(RecordAssigned)[-1]

    assert trained.shard_of("dan") == copied.shard


def test_a_tie_through_records_of_the_same_file(office):
    """What is joined before it is placed lies in one shard."""
    office.ingest(
        [
            record("1", "one", "jane"),
            record("2", "two", "bob"),
            record("3", "three", "jane", "bob"),
        ]
    )

    assert 1 == len({one.shard for one in office.events(RecordAssigned)})


def test_a_fence_between_keep_and_append(office):
    """Decided as blocked after all; neither file nor key nor name stays."""
    office.ingest(RECORDS[-2:])

    def fence_first(real):
        def append(self, events):
            with office.open() as other:
                book = ErasureBook(other)
                if other.vault.find_identifier(PEOPLE["jane"]):
                    fence = book.fence(PEOPLE["jane"], ground="objection", now_ms=0)
                    wiring.eraser(other, [].append).resume(fence)
            real(self, events)

        return append

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Intake, "append_decisions", fence_first(Intake.append_decisions))
        office.ingest(RECORDS[:2])
    by_reason = [(one.decision, one.reasons) for one in office.events(RecordDecided)]

    assert ("blocked", ["subject_fenced"]) == by_reason[2]
    assert ("accepted", ["licence"]) == by_reason[3]
    assert [] == leaks(office.folder, secrets_of("jane"))
    assert 3 == len([*(office.folder / "corpus").iterdir()])
    office.check()


def test_a_fence_while_a_record_is_kept(office, monkeypatch):
    """Fenced and erased before the row is written: refused under the same lock."""
    office.ingest(RECORDS[:1])
    real = Intake.keep

    def erase_first(self, record_id, incoming):
        with office.open() as other:
            fence = ErasureBook(other).fence(
                PEOPLE["jane"], ground="objection", now_ms=0
            )
            wiring.eraser(other, [].append).resume(fence)
        return real(self, record_id, incoming)

    monkeypatch.setattr(Intake, "keep", erase_first)
    report = office.ingest([record("later", letter("jane", 5), "jane")])

    assert {"subject_fenced": 1} == report.reasons
    assert [] == leaks(office.folder, secrets_of("jane"))


def test_one_ingest_at_a_time(office, monkeypatch):
    """The second one waits, then ends with exit code 8."""

    def impatient(path, *, what):
        return locks.file_lock(path, what=what, wait_seconds=0)

    monkeypatch.setattr(workspace_module, "file_lock", _either(impatient, file_lock))
    with (
        file_lock(office.folder / ".ingest.lock", what="ingest"),
        pytest.raises(LockedError, match="ingest is running in another process"),
    ):
        office.ingest(RECORDS)
    assert [] == office.events(RecordDecided)


def _either(impatient, usual):
    """Do not wait where the caller gives no time."""

    def lock(path, *, what, wait_seconds=None):
        if wait_seconds is None:
            return impatient(path, what=what)
        return usual(path, what=what, wait_seconds=wait_seconds)

    return lock


def test_a_map_is_declared_once(office):
    """Whoever comes first, and by the settings."""
    office.ingest(RECORDS[:3])
    office.ingest(RECORDS[3:])
    [declared] = office.events(MapDeclared)

    assert (2, 2) == (declared.shards, declared.slices)


def test_two_placements_at_once(office):
    """A record that another process placed meanwhile is left where it is."""
    with office.open() as one, office.open() as other:
        ingest(one, RECORDS[:1])
        placer = Placer(other)
        [placed] = office.events(RecordAssigned)
        placer.append([placed])

    assert 1 == len(office.events(RecordAssigned))
    office.check()


def test_what_is_kept_opens_with_its_keys(office):
    """Text, URL, licence and own id are in the sealed file, and only there."""
    fields = record("own-id", letter("jane"), "jane")
    office.ingest([{**fields, "url": "https://jane.example/p"}])
    with office.open() as workspace:
        [kept] = workspace.vault.records()
        content = unseal(
            kept.keys,
            kept.record_id,
            workspace.corpus.get(kept.record_id),
            context=workspace.ledger.genesis,
        )
    parts = [b"own-id", b"zebra-jane", b"jane.example"]

    assert [] == [one for one in parts if one not in content]
    assert [] == leaks(office.folder, parts)
    office.check()
