"""ledger.records.quarantine: what a later scan found reserved stays out."""

import pytest

from ledger.errors import BasisError, ConflictError, ErasedError, InputError
from ledger.events.erasure import ErasurePlanned, ErasureVerified
from ledger.events.optout import RecordsQuarantined, SiteRegistered
from ledger.events.training_saved import SliceTrained
from ledger.export.status import status_document, status_text
from ledger.log.moment import Moment
from ledger.projections.affected import Affected
from ledger.records.dataset import Dataset
from ledger.records.placer import Placer
from ledger.records.quarantine import Quarantine
from ledger.workspace.governance import Governance
from ledger.workspace.scanned import ScannedRecord
from producers.assign import assign
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.projections.builders import digest, ident, quarantined, read
from tests.unit.workspace.office import RECORDS, erase, ingest, train
from tests.unit.workspace.rights import (
    BODY,
    DAY_MS,
    OTHER_PAGE,
    PAGE,
    decide,
    grant,
    research,
    review,
    scan,
)


@pytest.fixture
def workspace(office):
    """An open workspace; the verifier looks at it in the end."""
    with office.open() as opened:
        yield opened
    office.check()


def scans(workspace):
    """Two scans of one page: it was free, and is reserved now."""
    earlier = scan(workspace, "scan")
    return scan(workspace, "later", verdict="reserved"), earlier


def put(workspace, *record_ids):
    """Quarantine records for the scans of `scans`."""
    event = RecordsQuarantined(
        scan_id=ident("later"),
        earlier_scan_id=ident("scan"),
        licence_id="",
        record_ids=list(record_ids),
    )
    workspace.append_scan([event])


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
    _, earlier = scans(workspace)
    decide(workspace, "a", scan_id=earlier)
    put(workspace, ident("a"))

    assert [] == Quarantine(workspace).scanned()


def test_out_of_the_shards(workspace):
    """No run that starts afterwards sees the record; the others stay."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))
    decide(workspace, "b", scan_id=ident("scan"))
    place(workspace)
    assert (2, {ident("a"), ident("b")}) == (live(workspace), in_dataset(workspace))

    put(workspace, ident("a"))
    assert (1, {ident("b")}) == (live(workspace), in_dataset(workspace))


def test_it_leaves_room_in_its_shard(workspace):
    """What is not trained on is no load."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))
    place(workspace)
    assert [0, len("The text of a.")] == sorted(Placer(workspace).loads(2))
    put(workspace, ident("a"))

    assert [0, 0] == Placer(workspace).loads(2)


def test_never_placed(workspace):
    """A record that was quarantined before it had a place gets none."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))
    put(workspace, ident("a"))
    place(workspace)

    assert [] == list(Placer(workspace).units())
    assert "" == workspace.states()["shards"].current_map


def test_a_quarantine_during_the_placement(workspace, monkeypatch):
    """What was quarantined meanwhile is left out."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))
    decide(workspace, "b", scan_id=ident("scan"))
    real = Placer.append

    def late(self, events):
        put(workspace, ident("a"))
        real(self, events)

    monkeypatch.setattr(Placer, "append", late)
    place(workspace)

    assert {ident("b")} == set(workspace.states()["shards"].places)


def test_the_owners_id_is_free_again(workspace):
    """Where the text is allowed later, it is ingested anew."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))
    assert workspace.vault.knows("a")
    put(workspace, ident("a"))

    assert not workspace.vault.knows("a")


def test_noted_after_a_crash(office):
    """A kill between the ledger's commit and the vault's lets nobody train on it."""
    with office.open() as workspace:
        scans(workspace)
        decide(workspace, "a", scan_id=ident("scan"))
        decide(workspace, "b", scan_id=ident("scan"))
        place(workspace)
        workspace.ledger.append([quarantined("a")], stream="scan")
        assert {ident("a"), ident("b")} == in_dataset(workspace)

    with office.open() as workspace:
        assert {ident("b")} == in_dataset(workspace)


def test_the_status_counts_it(workspace):
    """In plain words."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))
    put(workspace, ident("a"))
    ledger = workspace.ledger
    moment = Moment(size=ledger.size, at_ms=0)
    document = status_document(ledger, workspace.states(), moment=moment)

    assert 1 == document["quarantined"]
    assert "quarantine 1 record" in status_text(document)


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
    decide(workspace, "a", scan_id=ident("scan"))

    with pytest.raises(error, match=message):
        workspace.append_scan([event])


def test_a_scan_of_another_site(workspace):
    """What one site says takes out nothing of another."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))
    other = SiteRegistered(site_id=ident("b.example"), commitment=digest("b.example"))
    workspace.append_scan([other])
    scan(workspace, "elsewhere", verdict="reserved", site_id=other.site_id)

    with pytest.raises(InputError, match="expected two scans of one site"):
        workspace.append_scan([quarantined("a", scan="elsewhere")])


def test_a_record_that_rests_on_something_else(workspace):
    """The scan that is spent is the one that the decision cites (XEV-20)."""
    _, earlier = scans(workspace)
    licence_id = grant(workspace, sites=[])
    decide(workspace, "a", licence_id=licence_id)
    decide(workspace, "b", scan_id=earlier)
    Governance(workspace).revoke_licence(licence_id, "breach")
    by_licence = quarantined("b", scan="", earlier="", licence="licence")

    for event in (quarantined("a"), by_licence):
        with pytest.raises(InputError, match="expected one that rests on"):
            workspace.append_scan([event])


def test_a_record_named_by_two_events(workspace):
    """Also where both are of one submission."""
    scans(workspace)
    decide(workspace, "a", scan_id=ident("scan"))

    with pytest.raises(ConflictError, match="quarantined once"):
        workspace.append_scan([quarantined("a"), quarantined("a")])


def test_many_records(workspace, monkeypatch):
    """A list in an event has a limit, and a submission too; the records have none."""
    monkeypatch.setattr("ledger.records.quarantine.LIST_MAX", 2)
    monkeypatch.setattr("ledger.records.quarantine.EVENTS_MAX", 2)
    earlier = scan(workspace, "scan")
    for name in "abcde":
        decide(workspace, name, scan_id=earlier, eu_basis="tdm_article_4")
    quarantine = Quarantine(workspace)
    before = workspace.ledger.size
    reserve(workspace, quarantine)

    assert {ident(name) for name in "abcde"} == set(quarantine.taken)
    assert set(quarantine.taken) == set(workspace.states()["optout"].quarantined)
    assert 3 == workspace.ledger.size - before


# What a scan takes out


def reserve(workspace, quarantine=None, name="later", **changes):
    """Scan the page again: it is reserved now, or what `changes` say."""
    append = (quarantine or Quarantine(workspace)).append_scans
    return scan(workspace, name, append=append, **({"verdict": "reserved"} | changes))


def accepted(workspace, name="a", **changes):
    """A record that rests on an allowed scan of the page."""
    changes = {"eu_basis": "tdm_article_4"} | changes
    earlier = scan(workspace, f"scan of {name}")
    return decide(workspace, name, scan_id=earlier, **changes)


def out(workspace):
    """The records that are quarantined."""
    return set(workspace.states()["optout"].quarantined)


def test_a_scan_and_its_quarantine_are_one_submission(workspace):
    """A kill leaves both or neither."""
    event = accepted(workspace)
    later = reserve(workspace)
    [*_, scanned_, gone] = workspace.ledger.events(stream="scan")

    assert (later, later) == (scanned_.event.scan_id, gone.event.scan_id)
    assert (event.scan_id, [event.record_id]) == (
        gone.event.earlier_scan_id,
        gone.event.record_ids,
    )
    assert scanned_.seq == gone.seq


@pytest.mark.parametrize(
    ("changes", "is_out"),
    [
        ({}, True),
        ({"verdict": "unknown"}, True),
        ({"verdict": "allowed"}, False),
        ({"verdict": "unknown", "reasons": ["unreadable"]}, False),
        ({"verdict": "unknown", "reasons": ["unreadable", "terms_of_use"]}, True),
        ({"url": OTHER_PAGE}, False),
    ],
    ids=["reserved", "unread", "allowed", "silent", "not silent", "another page"],
)
def test_what_a_later_scan_takes_out(workspace, changes, is_out):
    """Whatever speaks against it; that nothing could be read speaks for nothing."""
    accepted(workspace)
    reserve(workspace, **changes)

    assert ({ident("a")} if is_out else set()) == out(workspace)


def test_unreadable_is_taken_out_where_asked_for(workspace):
    """A rescan does that unless it is told to keep what it cannot read."""
    accepted(workspace)
    silent = {"verdict": "unknown", "reasons": ["page_unreadable"]}
    keeping = Quarantine(workspace)
    reserve(workspace, keeping, "first", **silent)
    assert ([], [ident("a")]) == (keeping.taken, list(keeping.kept))

    reserve(workspace, Quarantine(workspace, keep_unreadable=False), **silent)
    assert {ident("a")} == out(workspace)


def test_a_cleared_question_takes_nothing_out(workspace):
    """While the clearance stands, and as long as the question is the same."""
    terms = [read(channel="terms_page", verdict="unknown", evidence_sha256=BODY)]
    asked = {"verdict": "unknown", "channels": terms}
    first = scan(workspace, "first", **asked)
    review(workspace, first)
    decide(workspace, "a", scan_id=first, eu_basis="tdm_article_4")

    reserve(workspace, name="same", **asked)
    assert set() == out(workspace)
    reserve(workspace, name="other", verdict="unknown")
    assert {ident("a")} == out(workspace)


RESEARCH = {"eu_basis": "tdm_article_3", "uk_basis": "research_29a"}


@pytest.mark.parametrize(
    ("changes", "is_out"),
    [
        ({}, False),
        ({"access": "login"}, True),
        ({"reasons": ["piracy_site"]}, True),
    ],
    ids=["reserved", "closed", "piracy"],
)
def test_research_rests_on_lawful_access(workspace, changes, is_out):
    """A reservation does not bar it; a login does (Article 3(1))."""
    accepted(workspace, policy_sha256=research(workspace), **RESEARCH)
    reserve(workspace, **changes)

    assert ({ident("a")} if is_out else set()) == out(workspace)


@pytest.mark.parametrize(
    ("changes", "is_out"),
    [
        ({}, False),
        ({"url": (PAGE, "https://elsewhere.example/diary")}, True),
        ({"reasons": ["piracy_site"]}, True),
    ],
    ids=["its site", "a redirect to another site", "piracy"],
)
def test_a_licence_carries_what_it_covers(workspace, changes, is_out):
    """Also the site that redirects lead to by now; and never one of piracy."""
    earlier = scan(workspace, "scan")
    licence_id = grant(workspace)
    decide(workspace, "a", scan_id=earlier, licence_id=licence_id)
    reserve(workspace, **changes)

    assert ({ident("a")} if is_out else set()) == out(workspace)


def test_an_ended_licence_carries_nothing(office, workspace):
    """From its last day on the site's word counts."""
    earlier = scan(workspace, "scan")
    licence_id = grant(workspace, expires_at_ms=NOW_MS + DAY_MS)
    decide(workspace, "a", scan_id=earlier, licence_id=licence_id)
    office.clock.now_ms += DAY_MS
    reserve(workspace)

    assert {ident("a")} == out(workspace)


# What a revocation takes out


def test_a_revocation_takes_out_what_cites_the_licence(workspace):
    """With a URL and without one; what cites another licence stays."""
    earlier, licence_id = scan(workspace, "scan"), grant(workspace, sites=[])
    other = grant(workspace, "other", sites=[])
    decide(workspace, "a", scan_id=earlier, licence_id=licence_id)
    decide(workspace, "b", licence_id=licence_id)
    decide(workspace, "c", licence_id=other)
    quarantine = Quarantine(workspace)
    quarantine.revoke(licence_id, "breach")

    assert {ident("a"), ident("b")} == out(workspace) == set(quarantine.taken)
    [*_, last] = workspace.ledger.events(stream="scan")
    assert (licence_id, "", "") == (
        last.event.licence_id,
        last.event.scan_id,
        last.event.earlier_scan_id,
    )


def test_a_revocation_that_was_cut_off(workspace):
    """What it left is taken out by the next rescan."""
    licence_id = grant(workspace)
    decide(workspace, "a", licence_id=licence_id)
    Governance(workspace).revoke_licence(licence_id, "breach")
    assert set() == out(workspace)

    Quarantine(workspace).take_unlicensed()
    Quarantine(workspace).take_unlicensed()
    assert {ident("a")} == out(workspace)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (quarantined("a", scan="", earlier="", licence="licence"), "a revoked licence"),
        (quarantined("a", scan="", earlier="", licence="nowhere"), "of the register"),
        (quarantined("a", licence="licence"), "found both"),
    ],
    ids=["in force", "unknown", "two causes"],
)
def test_refused_by_a_licence(workspace, event, message):
    """What a verifier would find is not signed (XEV-20)."""
    scans(workspace)
    grant(workspace)
    decide(workspace, "a", scan_id=ident("scan"))

    with pytest.raises(InputError, match=message):
        workspace.append_scan([event])


# What training refuses


def check(workspace):
    """What `train` asks before it starts."""
    Dataset(workspace, workspace.states()["shards"].current_map, 2).check_bases()


def test_a_new_scan_that_took_nothing_out(workspace):
    """Training refuses, however the records were left in."""
    accepted(workspace)
    place(workspace)
    check(workspace)
    scan(workspace, "later", verdict="reserved")

    with pytest.raises(BasisError, match=r"1 accepted records .* rescan$"):
        check(workspace)
    workspace.append_scan([quarantined("a", earlier="scan of a")])
    check(workspace)


def test_silence_neither_allows_nor_refuses(workspace):
    """The newest scan that could be read counts."""
    accepted(workspace)
    place(workspace)
    silent = {"verdict": "unknown", "reasons": ["unreadable"]}
    scan(workspace, "silent", **silent)
    check(workspace)
    scan(workspace, "later", verdict="reserved")
    scan(workspace, "silent again", **silent)

    with pytest.raises(BasisError):
        check(workspace)


def test_a_clearance_that_ended(office, workspace):
    """A person must look again before the next run."""
    first = scan(workspace, "scan", verdict="unknown")
    review(workspace, first, until=NOW_MS + DAY_MS)
    decide(workspace, "a", scan_id=first, eu_basis="tdm_article_4")
    place(workspace)
    check(workspace)
    office.clock.now_ms += DAY_MS

    with pytest.raises(BasisError, match="run rescan"):
        check(workspace)


def test_a_licence_that_ended(office, workspace):
    """Training refuses, and names it; once it is revoked, its records are out."""
    licence_id = grant(workspace, expires_at_ms=NOW_MS + DAY_MS)
    decide(workspace, "a", licence_id=licence_id)
    decide(workspace, "b")
    place(workspace)
    check(workspace)
    office.clock.now_ms += DAY_MS

    with pytest.raises(BasisError, match=f"such as {licence_id}"):
        check(workspace)
    Quarantine(workspace).revoke(licence_id, "ended")
    check(workspace)
    assert {ident("b")} == in_dataset(workspace)


# With a training


def licensed(workspace):
    """Records of which each rests on a licence of its own; see `RECORDS`."""
    return [one | {"licence": grant(workspace, one["id"], sites=[])} for one in RECORDS]


@pytest.fixture
def trained(office, tiny_training):
    """A workspace that was trained on such records."""
    with office.open() as workspace:
        ingest(workspace, licensed(workspace))
        train(workspace)
    return office


def take_out(workspace, *record_ids):
    """Quarantine records, whose licences end."""
    for record_id in record_ids:
        licence_id = workspace.states()["licences"].rests[record_id]
        Quarantine(workspace).revoke(licence_id, "breach")


def jane_is_out(workspace):
    """Quarantine one of Jane's records; return it with what saw it."""
    subject = workspace.vault.find_identifier("Jane.Doe+work@Example.ORG")
    [first, *_] = workspace.vault.records_of(subject.subject_id)
    take_out(workspace, first.record_id)
    return first, Quarantine(workspace).affected([first.record_id])


def test_what_saw_it_stays_and_is_named(trained):
    """The run, its weights from the record's slice on, and the model in service."""
    with trained.open() as workspace:
        before = trained.shards()
        record, found = jane_is_out(workspace)
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
        record, _ = jane_is_out(workspace)
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
        jane_is_out(workspace)
    trained.erase("jane")

    [verified] = trained.events(ErasureVerified)
    assert "bitwise_equal" == verified.exactness
    trained.check()


def test_a_plan_counts_what_will_be_trained(trained):
    """A full training would leave the quarantined record out as well."""
    with trained.open() as workspace:
        out, _ = jane_is_out(workspace)
        gone = {out.record_id, *trained.record_ids("bob")}
        left = [one for one in workspace.vault.records() if one.record_id not in gone]
    trained.erase("bob")

    [planned] = trained.events(ErasurePlanned)
    assert sum(one.bytes * (2 - one.slice) for one in left) == planned.tokens_full


def test_an_erasure_below_a_quarantine(trained):
    """A retrain goes on from no weights that saw the quarantined record."""
    with trained.open() as workspace:
        low = min(
            (one for one in workspace.vault.records() if one.slice == 0),
            key=lambda one: one.shard,
        )
        take_out(workspace, low.record_id)
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
        ingest(workspace, licensed(workspace))
        real = Dataset.publish

        def late(self, event):
            if event.records:
                left = workspace.vault.records("pending = 0 AND quarantined = 0")
                mine = [one.record_id for one in left if one.shard == event.shard]
                take_out(workspace, *mine)
            real(self, event)

        monkeypatch.setattr(Dataset, "publish", late)
        with pytest.raises(ErasedError, match="an erasure or a quarantine took"):
            train(workspace)
    office.check()


def test_nothing_saw_an_unknown_record(workspace):
    """Asking what saw it needs no place of it."""
    found = Quarantine(workspace).affected([ident("nowhere")])

    assert found == Affected(shards=(), runs=(), weights=(), served=(), models=())
