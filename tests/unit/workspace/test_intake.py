"""Ingest into a real workspace: the order of writes, fences and ties."""

import msgspec
import pytest

from ledger.disk import locks
from ledger.disk.files import write_all
from ledger.disk.locks import file_lock
from ledger.erasing.book import ErasureBook
from ledger.errors import InputError, LockedError, StorageError
from ledger.events.ingest import RecordDecided
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.log.ledger import Ledger
from ledger.records.intake import Intake
from ledger.records.placer import Placer
from ledger.vault.record_keys import unseal
from ledger.vault.vault import Vault
from ledger.workspace import corpus
from ledger.workspace import workspace as workspace_module
from ledger.workspace.corpus import Corpus
from ledger.workspace.settings import load_settings
from producers import wiring
from tests.unit.erasure.weights import stranger
from tests.unit.workspace.office import (
    PEOPLE,
    RECORDS,
    ingest,
    jsonl,
    leaks,
    letter,
    new_office,
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
        "add_record",
        "put",
        "ingest",
        "shards",
        "shards",
    ] == order


def test_a_disk_that_refuses_a_blob(office, monkeypatch):
    """The ingest stops in one line; what was kept and not decided on is deleted."""

    def full(folder, files, *, what):
        write_all(folder, files[:2], what=what)
        message = f"{what}: the disk refused the write"
        raise StorageError(message)

    with monkeypatch.context() as patch:
        patch.setattr(corpus, "write_all", full)
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
    """It is kept as it is: nothing is decided on it again."""
    office.ingest(RECORDS[:3])
    report = office.ingest(RECORDS[:4])

    assert 3 == report.skipped
    assert 4 == len(office.events(RecordDecided))
    office.check()


def test_a_record_between_two_shards_waits_for_a_person(trained):
    """It is pending, nothing of it is kept, and everything goes on."""
    report = trained.ingest(
        [
            record("before", "Nobody is in here at all.", "bob"),
            record("tie", "zebra-tie by two people", "jane", stranger(trained)),
            record("after", "Somebody else is in there.", "eve"),
        ]
    )

    assert {"pending": 1, "accepted": 2} == report.decisions
    assert {"links_units": 1, "licence": 2} == report.reasons
    assert [] == leaks(trained.folder, [b"zebra-tie"])
    trained.train()
    trained.check()


def test_a_text_that_lies_in_another_shard_ties_too(trained):
    """A duplicate elsewhere would defeat the erasure."""
    copied = letter(stranger(trained))
    report = trained.ingest([record("copy", copied, "jane")])

    assert {"links_units": 1} == report.reasons


def test_a_duplicate_goes_where_its_twin_is(trained):
    """The same text of nobody else lies in the same shard."""
    trained.ingest([record("copy", letter("dan"))])
    copied = trained.events(RecordAssigned)[-1]

    assert trained.shard_of("dan") == copied.shard


TIDES = (
    "The tide gauge in the harbour of the old town was read every hour of that month, "
    "and the keeper wrote down the {} height in a book that nobody else had seen."
)
"""A text long enough for one changed word to leave it near; see docs/shards.md."""


def test_a_near_text_goes_where_the_first_lies(office):
    """A copy with a word changed lies in the same shard, though nobody is in both."""
    office.ingest([record(f"r{n}", letter(n, n)) for n in "123456"])
    office.ingest([record("first", TIDES.format("exact"), "jane")])
    office.ingest([record("copy", TIDES.format("usual"), "bob")])
    first, copy = office.events(RecordAssigned)[-2:]

    assert first.shard == copy.shard
    office.check()


def test_a_near_text_between_two_shards_waits(trained):
    """A near copy of one person's text by another person of another shard is held."""
    trained.ingest([record("first", TIDES.format("exact"), "jane")])
    report = trained.ingest([record("copy", TIDES.format("usual"), stranger(trained))])

    assert {"links_units": 1} == report.reasons
    assert [] == leaks(trained.folder, [b"usual height"])


def test_near_texts_of_one_batch_are_one_unit(office):
    """What comes together is seen together."""
    office.ingest(
        [
            record("a", TIDES.format("exact"), "jane"),
            record("b", "Of nothing near.", "dan"),
            record("c", TIDES.format("usual"), "eve"),
        ]
    )
    with office.open() as workspace:
        clusters = workspace.vault.near.clusters()
        jane, eve = (
            set(clusters[one.record_id])
            for name in ("jane", "eve")
            for subject in [workspace.vault.find_identifier(PEOPLE[name])]
            for one in workspace.vault.records_of(subject.subject_id)
        )

    assert jane & eve
    assert office.shard_of("jane") == office.shard_of("eve")


def test_an_erased_text_leaves_no_signature(office):
    """Neither rows nor bytes of it stay in the vault's file."""
    office.ingest([record("first", TIDES.format("exact"), "jane"), *RECORDS[1:3]])
    vault = office.folder / "acme.vault"
    query = "SELECT signature FROM near_signature"
    before = {row[0] for row in rows(vault, query)}
    [own] = rows(
        vault,
        "SELECT signature FROM near_signature JOIN near_record USING (number) "
        "WHERE record_id = ?",
        office.record_ids("jane")[0],
    )
    assert own[0] in vault.read_bytes()
    office.erase("jane", retrain=False)

    assert before - {own[0]} == {row[0] for row in rows(vault, query)}
    assert own[0] not in vault.read_bytes()


def test_a_refused_text_leaves_no_signature(trained):
    """Nothing of a pending record is kept, its signature neither."""
    query = "SELECT count(*) FROM near_signature"
    vault = trained.folder / "acme.vault"
    before = rows(vault, query)
    trained.ingest([record("tie", TIDES, "jane", stranger(trained))])

    assert before == rows(vault, query)


def test_a_link_past_the_cap_waits(tmp_path):
    """It is pending with the reason; what links nothing is accepted, however large."""
    office = capped_office(tmp_path / "acme", unit_bytes_max=100)
    report = office.ingest(
        [
            record("large", "A " + "very " * 60 + "long one", "jane"),
            record("own", "One more of her own.", "jane"),
            record("link", "zebra-link of both", "jane", "bob"),
            record("small", "Of two other people.", "carol", "dan"),
        ]
    )

    assert {"accepted": 3, "pending": 1} == report.decisions
    assert 1 == report.reasons["component_cap"]
    assert ["component_cap"] == [
        one.rule for one in office.events(RecordDecided) if one.decision == "pending"
    ]
    assert [] == leaks(office.folder, [b"zebra-link"])
    office.check()


def test_no_cap_unless_one_is_set(office):
    """A unit of any size is accepted."""
    report = office.ingest(
        [
            record("large", "A " + "very " * 60 + "long one", "jane"),
            record("link", "Of both of them.", "jane", "bob"),
        ]
    )

    assert {"accepted": 2} == report.decisions


def test_the_cap_counts_what_was_kept_before(tmp_path):
    """In a later ingest too."""
    office = capped_office(tmp_path / "acme", unit_bytes_max=100)
    office.ingest([record("large", "A " + "very " * 60 + "long one", "jane")])
    report = office.ingest([record("link", "Of both of them.", "jane", "bob")])

    assert {"component_cap": 1} == report.reasons


def capped_office(folder, **settings):
    """An office of other settings."""
    office = new_office(folder)
    held = load_settings(folder)
    changed = msgspec.structs.replace(held, **settings)
    (folder / "tuneledger.toml").write_text(changed.to_toml())
    return office


def test_a_refused_record_loses_no_other_of_its_batch(office):
    """Before and after it in the batch, everything is kept, whole."""
    office.ingest([record("theirs", "A text of hers.", "jane")])
    with office.open() as workspace:
        ErasureBook(workspace).fence(
            PEOPLE["jane"], ground="objection", now_ms=office.clock()
        )
    report = office.ingest(
        [
            record("before", "One thing.", "bob"),
            record("fenced", "zebra-fenced", "jane", "carol"),
            record("after", "Quite another.", "dan"),
        ]
    )

    assert {"accepted": 2, "blocked": 1} == report.decisions
    with office.open() as workspace:
        known = {subject.name for subject, _ in workspace.vault.subjects()}
    assert {PEOPLE["bob"], PEOPLE["dan"]} <= known
    assert PEOPLE["carol"] not in known
    assert [] == leaks(office.folder, [b"zebra-fenced"])


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
                    fence = book.fence(
                        PEOPLE["jane"], ground="objection", now_ms=office.clock()
                    )
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

    def erase_first(self, records):
        with office.open() as other:
            fence = ErasureBook(other).fence(
                PEOPLE["jane"], ground="objection", now_ms=0
            )
            wiring.eraser(other, [].append).resume(fence)
        return real(self, records)

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
            workspace.vault.keys_of(kept.record_id),
            kept.record_id,
            workspace.corpus.get(kept.record_id),
            context=workspace.ledger.genesis,
        )
    parts = [b"own-id", b"zebra-jane", b"jane.example"]

    assert [] == [one for one in parts if one not in content]
    assert [] == leaks(office.folder, parts)
    office.check()
