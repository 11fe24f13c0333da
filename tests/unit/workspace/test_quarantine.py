"""ledger.quarantine: records that a later scan found reserved stay out of training."""

import pytest

from ledger.dataset import Dataset
from ledger.errors import ConflictError, ErasedError, InputError
from ledger.events.erasure import ErasurePlanned, ErasureVerified
from ledger.events.optout import RecordsQuarantined, SiteRegistered
from ledger.events.training import SliceTrained
from ledger.export.status import status_document, status_text
from ledger.intake import Intake, Placer
from ledger.moment import Moment
from ledger.projections.affected import Affected
from ledger.quarantine import Quarantine
from ledger.scanned import ScannedRecord
from producers.assign import assign
from tests.unit.projections.builders import digest, ident, quarantined
from tests.unit.workspace.office import RECORDS, erase, ingest, train
from tests.unit.workspace.rights import OTHER_PAGE, PAGE, decide, scan


@pytest.fixture
def workspace(office):
    """An open workspace; the verifier looks at it in the end."""
    with office.open() as opened:
        yield opened
    office.check()


def scans(workspace):
    """Two scans of one page: it was free, and is reserved now."""
    return scan(workspace, "later", verdict="reserved"), scan(workspace, "scan")


def put(workspace, *record_ids):
    """Quarantine records for the scans of `scans`."""
    return Quarantine(workspace).put(ident("later"), ident("scan"), record_ids)


def place(workspace):
    """Assign what has no place yet."""
    assign(Placer(workspace), progress=[].append)


def live(workspace):
    """How many records the shards train on."""
    shards = workspace.states()["shards"].current().by_shard.values()
    return sum(count for shard in shards for count in shard.live.values())


def in_dataset(workspace):
    """Ids of the records that a run starting now trains on."""
    dataset = Dataset(workspace, workspace.states()["shards"].current_map, slices=2)
    return {
        record_id
        for shard in range(2)
        for part in dataset.shard(shard)
        for record_id in part.record_ids
    }


def test_what_a_rescan_looks_at(workspace):
    """Every accepted record whose URL is known, those of one URL together."""
    first, second = scan(workspace, "scan"), scan(workspace, "other", url=OTHER_PAGE)
    for name, scan_id in (("a", first), ("b", second), ("c", first), ("d", "")):
        decide(workspace, name, scan_id=scan_id)

    found = Quarantine(workspace).scanned()
    of_page = [
        ScannedRecord(record_id=ident(name), scan_id=first, url=PAGE) for name in "ac"
    ]
    of_other = [ScannedRecord(record_id=ident("b"), scan_id=second, url=OTHER_PAGE)]
    # Keyed digests order the URLs, so that their order says nothing.
    assert found in (of_page + of_other, of_other + of_page)


def test_quarantined_records_are_not_looked_at_again(workspace):
    """What is out already cannot come out again."""
    later, earlier = scans(workspace)
    decide(workspace, "a", scan_id=earlier)
    Quarantine(workspace).put(later, earlier, [ident("a")])

    assert [] == Quarantine(workspace).scanned()


def test_out_of_the_shards(workspace):
    """No run that starts afterwards sees the record; the others stay."""
    scans(workspace)
    decide(workspace, "a")
    decide(workspace, "b")
    place(workspace)
    assert (2, {ident("a"), ident("b")}) == (live(workspace), in_dataset(workspace))

    assert [ident("a")] == put(workspace, ident("a"))
    assert (1, {ident("b")}) == (live(workspace), in_dataset(workspace))


def test_it_leaves_room_in_its_shard(workspace):
    """What is not trained on is no load."""
    scans(workspace)
    decide(workspace, "a")
    place(workspace)
    assert [0, len("The text of a.")] == sorted(Placer(workspace).loads(2))
    put(workspace, ident("a"))

    assert [0, 0] == Placer(workspace).loads(2)


def test_never_placed(workspace):
    """A record that was quarantined before it had a place gets none."""
    scans(workspace)
    decide(workspace, "a")
    put(workspace, ident("a"))
    place(workspace)

    assert [] == Placer(workspace).members()
    assert "" == workspace.states()["shards"].current_map


def test_a_quarantine_during_the_placement(workspace, monkeypatch):
    """What was quarantined meanwhile is left out."""
    scans(workspace)
    decide(workspace, "a")
    decide(workspace, "b")
    real = Placer.append

    def late(self, events):
        put(workspace, ident("a"))
        real(self, events)

    monkeypatch.setattr(Placer, "append", late)
    place(workspace)

    assert {ident("b")} == set(workspace.states()["shards"].current().records)


def test_the_owners_id_is_free_again(workspace):
    """Where the text is allowed later, it is ingested anew."""
    scans(workspace)
    decide(workspace, "a")
    assert Intake(workspace).known("a")
    put(workspace, ident("a"))

    assert not Intake(workspace).known("a")


def test_noted_after_a_crash(office):
    """A kill between the ledger's commit and the vault's lets nobody train on it."""
    with office.open() as workspace:
        scans(workspace)
        decide(workspace, "a")
        decide(workspace, "b")
        place(workspace)
        workspace.ledger.append([quarantined("a")], stream="scan")
        assert {ident("a"), ident("b")} == in_dataset(workspace)

    with office.open() as workspace:
        assert {ident("b")} == in_dataset(workspace)


def test_the_status_counts_it(workspace):
    """In plain words."""
    scans(workspace)
    decide(workspace, "a")
    put(workspace, ident("a"))
    ledger = workspace.ledger
    moment = Moment(size=ledger.size, at_ms=0)
    document = status_document(ledger, workspace.states(), moment=moment)

    assert 1 == document["quarantined"]
    assert "quarantine 1 records" in status_text(document)


def test_again_is_nothing(workspace):
    """What is quarantined or unknown by now is left out, without an event."""
    scans(workspace)
    decide(workspace, "a")
    put(workspace, ident("a"))

    assert [] == put(workspace, ident("a"), ident("nowhere"))
    assert 1 == len(
        [
            one
            for one in workspace.ledger.events(stream="scan")
            if isinstance(one.event, RecordsQuarantined)
        ]
    )


@pytest.mark.parametrize(
    ("event", "error", "message"),
    [
        (quarantined("a", scan="nowhere"), InputError, "two different scans"),
        (quarantined("a", earlier="nowhere"), InputError, "two different scans"),
        (quarantined("a", earlier="later"), InputError, "two different scans"),
        (quarantined("a", scan="scan", earlier="later"), InputError, "not allowed"),
        (quarantined("nowhere"), InputError, "accepted records"),
        (quarantined("a", "a"), ConflictError, "quarantined once"),
    ],
    ids=["no scan", "no earlier one", "one scan", "allowed", "no record", "twice"],
)
def test_refused(workspace, event, error, message):
    """What a verifier would find is not signed."""
    scans(workspace)
    decide(workspace, "a")

    with pytest.raises(error, match=message):
        workspace.append_scan([event])


def test_a_scan_of_another_site(workspace):
    """What one site says takes out nothing of another."""
    scans(workspace)
    decide(workspace, "a")
    other = SiteRegistered(site_id=ident("b.example"), commitment=digest("b.example"))
    workspace.append_scan([other])
    scan(workspace, "elsewhere", verdict="reserved", site_id=other.site_id)

    with pytest.raises(InputError, match="expected two scans of one site"):
        workspace.append_scan([quarantined("a", scan="elsewhere")])


def test_a_record_named_by_two_events(workspace):
    """Also where both are of one submission."""
    scans(workspace)
    decide(workspace, "a")

    with pytest.raises(ConflictError, match="quarantined once"):
        workspace.append_scan([quarantined("a"), quarantined("a")])


def test_many_records(workspace, monkeypatch):
    """A list in an event has a limit; the records have none."""
    monkeypatch.setattr("ledger.quarantine.LIST_MAX", 2)
    scans(workspace)
    names = [ident(name) for name in "abcde"]
    for name in "abcde":
        decide(workspace, name)

    assert names == put(workspace, *names)
    assert set(names) == set(workspace.states()["optout"].quarantined)


# With a training


def jane_is_reserved(workspace):
    """Quarantine one of Jane's records; return it with what saw it."""
    scans(workspace)
    subject = workspace.vault.find_identifier("Jane.Doe+work@Example.ORG")
    [first, *_] = workspace.vault.records_of(subject.subject_id)
    put(workspace, first.record_id)
    return first, Quarantine(workspace).affected([first.record_id])


def test_what_saw_it_stays_and_is_named(trained):
    """The run, its weights from the record's slice on, and the model in service."""
    with trained.open() as workspace:
        before = trained.shards()
        record, found = jane_is_reserved(workspace)
        states = workspace.states()
        [run] = [
            run_id
            for run_id, run in states["compute"].runs.items()
            if run.objective != "pretraining"
        ]

    shard = before[record.shard]
    saw = [one.weights_sha256 for one in shard.saved if one.slice >= record.slice]
    assert ((states["shards"].current_map, record.shard),) == found.shards
    assert ((run,), tuple(saw)) == (found.runs, found.weights)
    assert (shard.served_sha256,) == found.served
    assert (workspace.settings.model_name,) == found.models
    trained.check()


def test_the_next_training_leaves_it_out(trained):
    """And the verifier counts the same records."""
    with trained.open() as workspace:
        record, _ = jane_is_reserved(workspace)
    trained.train()
    counts = {
        (one.shard, one.slice): one.records for one in trained.events(SliceTrained)
    }

    with trained.open() as workspace:
        shards = workspace.states()["shards"].current().by_shard
        assert sum(shards[record.shard].live.values()) == counts[record.shard, 1]
    trained.check()


def test_its_subject_can_still_be_erased(trained):
    """With the weights that saw it, and proven as before."""
    with trained.open() as workspace:
        jane_is_reserved(workspace)
    trained.erase("jane")

    [verified] = trained.events(ErasureVerified)
    assert "bitwise_equal" == verified.exactness
    trained.check()


def test_a_plan_counts_what_will_be_trained(trained):
    """A full training would leave the quarantined record out as well."""
    with trained.open() as workspace:
        out, _ = jane_is_reserved(workspace)
        gone = {out.record_id, *trained.record_ids("bob")}
        left = [one for one in workspace.vault.records() if one.record_id not in gone]
    trained.erase("bob")

    [planned] = trained.events(ErasurePlanned)
    assert sum(one.bytes * (2 - one.slice) for one in left) == planned.tokens_full


def test_an_erasure_below_a_quarantine(trained):
    """A retrain goes on from no weights that saw the quarantined record."""
    with trained.open() as workspace:
        scans(workspace)
        low = min(
            (one for one in workspace.vault.records() if one.slice == 0),
            key=lambda one: one.shard,
        )
        put(workspace, low.record_id)
        someone = next(
            one
            for one in workspace.vault.records("pending = 0 AND shard = ?", low.shard)
            if one.subjects and one.slice > low.slice
        )
        [name] = [
            subject.name
            for subject, _ in workspace.vault.subjects()
            if subject.subject_id == someone.subjects[0]
        ]
        erase(workspace, name)

    [verified] = trained.events(ErasureVerified)
    assert "bitwise_equal" == verified.exactness
    trained.check()


def test_a_quarantine_during_a_training(office, monkeypatch):
    """A slice that saw the record is not published."""
    with office.open() as workspace:
        ingest(workspace, RECORDS)
        scans(workspace)
        real = Dataset.publish

        def late(self, event):
            if event.records:
                left = [one for one in workspace.vault.members() if not one.quarantined]
                mine = [one.record_id for one in left if one.shard == event.shard]
                put(workspace, *mine)
            real(self, event)

        monkeypatch.setattr(Dataset, "publish", late)
        with pytest.raises(ErasedError, match="an erasure or a quarantine took"):
            train(workspace)
    office.check()


def test_nothing_saw_an_unknown_record(workspace):
    """Asking what saw it needs no place of it."""
    found = Quarantine(workspace).affected([ident("nowhere")])

    assert found == Affected(shards=(), runs=(), weights=(), served=(), models=())
