"""Erasures from the fence to the certificate."""

import hashlib
import json
from dataclasses import replace

import pytest

from ledger.dataset import Dataset
from ledger.erasure_book import ErasureBook
from ledger.errors import ErasedError, InputError, IntegrityError
from ledger.events.erasure import (
    ErasureCertified,
    ErasurePlanned,
    ErasureVerified,
    KeysDestroyed,
    RecordsErased,
    ShardRetrained,
    ShardRolledBack,
    WeightsDeleted,
)
from ledger.events.training import RunFailed, RunFinished, RunStarted, SliceTrained
from ledger.projections.erasures import outstanding
from producers import wiring
from producers.training.replay import replay
from tests.unit.workspace.office import (
    PEOPLE,
    RECORDS,
    erase,
    filled_office,
    ingest,
    leaks,
    letter,
    record,
    secrets_of,
    train,
)


def models(office):
    """Digests of the weight files."""
    return {path.stem for path in (office.folder / "models").glob("*.safetensors")}


def served(office):
    """What each shard serves."""
    return {n: shard.served_sha256 for n, shard in office.shards().items()}


def owed(office):
    """What every erasure still owes."""
    erasures = office.states()["erasures"].erasures
    return [step for one in erasures.values() for step in outstanding(one)]


def test_every_step_is_an_event_in_order(trained):
    """From request to certificate, each step is in the ledger, in its order."""
    trained.erase("jane")

    assert [
        "requested",
        "planned",
        "records_erased",
        "rolled_back",
        "keys_destroyed",
        "shard_retrained",
        "weights_deleted",
        "verified",
        "certified",
    ] == [
        type(one).__struct_config__.tag.split(".")[1]
        for one in trained.events()
        if type(one).__struct_config__.tag.startswith("erasure.")
    ]
    trained.check()


def test_only_the_hit_shard_is_retrained(trained):
    """The other shard keeps its weights, to the bit, and is in no new run."""
    hit = trained.shard_of("jane")
    before = trained.shards()
    trained.erase("jane")
    after = trained.shards()

    assert before[1 - hit] == after[1 - hit]
    assert before[hit].served_sha256 != after[hit].served_sha256
    assert [[hit]] == [
        one.shards for one in trained.events(RunStarted) if one.purpose == "retrain"
    ]


def test_slices_below_the_first_hit_one_are_kept(trained):
    """Only slices from the person's first one on are trained again."""
    hit = trained.shard_of("frank")
    before = trained.shards()[hit]
    trained.erase("frank")
    after = trained.shards()[hit]
    [planned] = trained.events(ErasurePlanned)
    first = planned.hits[0].slice_first

    assert before.slices.keys() == after.slices.keys()
    assert [n for n in before.slices if n < first] == [
        n for n in before.slices if before.slices[n] == after.slices[n]
    ]


def test_old_weights_are_gone(trained):
    """The files of what saw the person are deleted, and of nothing else."""
    hit = trained.shard_of("jane")
    before = trained.shards()
    trained.erase("jane")
    [deleted] = trained.events(WeightsDeleted)

    kept = set(trained.shards()[hit].slices.values())
    assert set(deleted.weights) == set(before[hit].slices.values()) - kept
    assert set() == models(trained) & set(deleted.weights)
    assert set(served(trained).values()) <= models(trained)


def test_a_clean_process_gives_the_same_bits(trained):
    """The claim: bitwise equal to a training that never saw the person."""
    trained.erase("jane")

    assert ["bitwise_equal"] == [
        one.exactness for one in trained.events(ErasureVerified)
    ]


def test_a_record_left_in_gives_other_bits(trained):
    """The control: with one erased record in the clean room, the digests differ."""
    hit = trained.shard_of("jane")
    trained.erase("jane")
    with trained.open() as workspace:
        retrainer = wiring.retrainer(workspace, [].append)
        job = retrainer.clean_room(hit)
        served_now = trained.shards()[hit].served_sha256
        [clean] = replay([job])
        slices = [list(part) for part in job.slices]
        slices[-1].append(letter("jane").encode())
        [control] = replay([replace(job, slices=slices)])

    assert served_now == clean[-1]
    assert served_now != control[-1]


def test_the_claim_fails_when_a_record_is_left_in(trained, monkeypatch):
    """Trained with an erased record after all, the erasure is never certified."""
    real = Dataset.shard

    def careless(self, shard):
        *parts, last = real(self, shard)
        smuggled = last.records[-1] + letter("jane").encode()
        return [*parts, replace(last, records=(*last.records[:-1], smuggled))]

    trained.erase("jane", retrain=False)
    with trained.open() as workspace:
        monkeypatch.setattr(Dataset, "shard", careless)
        [fence] = ErasureBook(workspace).unfinished()
        eraser = wiring.eraser(workspace, [].append)
        eraser._retrain(fence)
        monkeypatch.setattr(Dataset, "shard", real)
        with pytest.raises(IntegrityError, match="a clean process gives weights"):
            eraser.resume(fence)

    assert [] == trained.events(ErasureCertified)


def test_served_at_once_is_what_never_saw_the_person(trained):
    """Before any retrain the shard serves its last clean slice, or the base alone."""
    hit = trained.shard_of("jane")
    clean = trained.shards()[hit].slices
    trained.erase("jane", retrain=False)
    [rolled_back] = trained.events(ShardRolledBack)
    [planned] = trained.events(ErasurePlanned)
    first = planned.hits[0].slice_first

    assert clean.get(first - 1, "") == rolled_back.weights_sha256
    assert rolled_back.weights_sha256 == served(trained)[hit]
    trained.check()


def test_no_retrain_then_finish(trained):
    """Keys go at once; retrain, proof and certificate may follow later."""
    erased = trained.erase("jane", retrain=False)

    assert erased.certificate is None
    assert [1] == [one.keys for one in trained.events(KeysDestroyed)]
    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()

    [finished] = trained.finish()
    assert finished.certificate.exists()
    assert [] == owed(trained)
    assert [] == trained.finish()
    trained.check()


def test_without_proof_the_certificate_says_so(trained):
    """`not_run` is certified as what it is."""
    erased = trained.erase("jane", prove=False)

    assert "not_run" == json.loads(erased.certificate.read_bytes())["exactness"]
    trained.check()


def test_the_certificate_names_nobody_and_its_digest_is_in_the_ledger(trained):
    """Opaque ids only; the ledger binds the certificate's bytes."""
    erased = trained.erase("jane")
    content = erased.certificate.read_bytes()

    assert [hashlib.sha256(content).hexdigest()] == [
        one.certificate_sha256 for one in trained.events(ErasureCertified)
    ]
    assert [] == [one for one in secrets_of(*PEOPLE) if one in content]
    assert b"s-1" not in content


def test_the_certificate_counts_what_was_done(trained):
    """Records, keys, shards and weights are those of the events."""
    ids = trained.record_ids("jane")
    document = json.loads(trained.erase("jane").certificate.read_bytes())
    [retrained] = trained.events(ShardRetrained)

    assert len(ids) == document["records_erased"]
    assert 1 == document["keys_destroyed"]
    assert [retrained.shard] == document["shards_retrained"]
    assert [retrained.weights_before_sha256] == document["weights_replaced"]
    assert retrained.tokens == document["tokens_retrained"]
    assert 0 == document["records_readable_afterwards"]
    assert 0 == document["files_left_afterwards"]


@pytest.mark.parametrize("who", ["jane", "s-1", "  JANE.doe+WORK@example.org "])
def test_erasing_twice_is_success(trained, who):
    """The same certificate again, by alias or by any spelling; nothing is appended."""
    first = trained.erase("jane")
    size = len(trained.events())
    again = trained.erase(who)

    assert first.certificate == again.certificate
    assert first.erasure_id == again.erasure_id
    assert size == len(trained.events())


def test_unknown_subject(trained):
    """Whoever is not in the vault cannot be erased, and is not repeated."""
    with pytest.raises(
        InputError, match=r"^unknown subject: expected an alias"
    ) as caught:
        trained.erase("nobody@nowhere.example")

    assert "nobody" not in str(caught.value)
    assert [] == trained.events(ErasurePlanned)


def test_an_erased_alias_never_names_somebody_else(trained):
    """Aliases are not given twice, so a repeated command cannot hit another person."""
    last = trained.erase("s-6")
    trained.ingest([record("gina-1", letter("gina"), "gina@garden.example")])

    assert last.erasure_id == trained.erase("s-6").erasure_id
    with trained.open() as workspace:
        assert "s-7" == workspace.vault.find_identifier("gina@garden.example").alias


def test_two_subjects_of_one_shard_one_after_the_other(trained):
    """The second erasure trains the same shard again; both are certified."""
    assert trained.shard_of("jane") == trained.shard_of("eve")
    trained.erase("jane")
    trained.erase("eve")

    assert 2 == len(trained.events(ErasureCertified))
    assert [] == owed(trained)
    assert ["bitwise_equal"] * 2 == [
        one.exactness for one in trained.events(ErasureVerified)
    ]
    trained.check()


@pytest.mark.parametrize("order", [("jane", "eve"), ("eve", "jane")], ids="-".join)
def test_two_open_erasures_of_one_shard(trained, order):
    """Two people wait for the same shard; finishing covers both, and owes nothing."""
    for name in order:
        trained.erase(name, retrain=False)
    trained.finish()

    assert 2 == len(trained.events(ErasureCertified))
    assert [] == owed(trained)
    assert not any(one.needs_retrain for one in trained.shards().values())
    assert set(served(trained).values()) <= models(trained)
    trained.check()


def test_the_second_erased_first(trained):
    """An erasure that overtakes an open one of the same shard does not break it."""
    trained.erase("jane", retrain=False)
    trained.erase("eve")
    trained.finish()

    assert [] == owed(trained)
    assert [] == leaks(trained.folder, secrets_of("jane", "eve"))
    trained.check()


def test_subjects_of_different_shards(trained):
    """Each erasure retrains its own shard."""
    shards = [trained.shard_of("jane"), trained.shard_of("dan")]
    assert shards[0] != shards[1]
    trained.erase("jane")
    trained.erase("dan")

    assert shards == [one.shard for one in trained.events(ShardRetrained)]
    trained.check()


def test_a_record_of_two_people_goes_with_either(trained):
    """What Bob and Carol share dies with Bob; Carol's own letter stays."""
    shared = set(trained.record_ids("bob")) & set(trained.record_ids("carol"))
    own = set(trained.record_ids("carol")) - shared
    trained.erase("bob")
    [erased] = trained.events(RecordsErased)

    assert shared < set(erased.record_ids)
    assert own == set(trained.record_ids("carol"))
    assert [] == leaks(trained.folder, [*secrets_of("bob"), b"zebra-both"])
    trained.check()


def test_the_other_person_of_a_shared_record_may_follow(trained):
    """Carol's erasure after Bob's finds her own letter only."""
    trained.erase("bob")
    trained.erase("carol")
    counts = [len(one.record_ids) for one in trained.events(RecordsErased)]

    assert [2, 1] == counts
    assert [] == leaks(trained.folder, secrets_of("bob", "carol"))
    trained.check()


def test_somebody_with_shared_records_only(tmp_path):
    """Whoever is left without any record is forgotten with the record."""
    office = filled_office(
        tmp_path / "acme", [record("both", "zebra-both", "bob", "carol"), *RECORDS[-2:]]
    )
    office.erase("bob")

    assert [] == leaks(office.folder, secrets_of("bob", "carol"))
    with pytest.raises(InputError, match="unknown subject"):
        office.erase("carol")
    office.check()


def test_records_that_were_never_trained(office):
    """Without a model nothing is retrained, and the certificate comes at once."""
    office.ingest(RECORDS)
    erased = office.erase("jane")

    assert erased.certificate is not None
    assert [] == office.events(RunStarted)
    assert [[]] == [one.hits for one in office.events(ErasurePlanned)]
    office.check()


def test_records_placed_after_the_training(trained):
    """Records that came later are erased; the shard is trained again all the same."""
    trained.ingest([record("gina-1", letter("gina"), "gina@garden.example")])
    erased = trained.erase("gina@garden.example")

    assert erased.certificate is not None
    assert [] == owed(trained)
    assert set(served(trained).values()) <= models(trained)
    trained.check()


def test_a_shard_that_empties(tmp_path):
    """Alone in a shard: what is left is an adapter that saw nothing."""
    office = filled_office(tmp_path / "acme", [record("j", letter("jane"), "jane")])
    hit = office.shard_of("jane")
    before = served(office)[hit]
    office.erase("jane")

    assert {0: 0, 1: 0} == {0: 0, 1: 0, **office.shards()[hit].live}
    assert before != served(office)[hit]
    assert set(served(office).values()) <= models(office)
    office.check()


def test_an_emptied_shard_takes_people_again(tmp_path):
    """Ingest, train and erase go on in a shard that was empty for a while."""
    office = filled_office(
        tmp_path / "acme", [record("j", letter("jane"), "jane")], shards=1
    )
    office.erase("jane")
    office.ingest([record("d", letter("dan"), "dan")])
    office.erase("dan")
    office.ingest([record("e", letter("eve"), "eve")])
    office.train()
    office.erase("eve")

    assert [] == owed(office)
    assert set(served(office).values()) <= models(office)
    assert {"bitwise_equal"} == {
        one.exactness for one in office.events(ErasureVerified)
    }
    office.check()


def test_a_training_after_an_erasure(trained):
    """The next training leaves the person out, and later erasures work on it."""
    trained.erase("jane")
    trained.train()
    trained.erase("eve")

    assert [] == owed(trained)
    assert [] == leaks(trained.folder, secrets_of("jane", "eve"))
    trained.check()


def test_after_an_interrupted_training(trained, monkeypatch):
    """Weights of a run that failed half way are hit like any other."""
    real = Dataset.publish
    published = []

    def stop_after_first(self, event):
        real(self, event)
        published.append(event)
        raise KeyboardInterrupt

    monkeypatch.setattr(Dataset, "publish", stop_after_first)
    with pytest.raises(KeyboardInterrupt):
        trained.train()
    monkeypatch.setattr(Dataset, "publish", real)
    name = "dan" if published[0].shard == trained.shard_of("dan") else "jane"
    trained.erase(name)

    assert ["interrupted"] == [one.reason for one in trained.events(RunFailed)]
    assert ["bitwise_equal"] == [
        one.exactness for one in trained.events(ErasureVerified)
    ]
    trained.check()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_weights_without_an_event_are_deleted(trained, monkeypatch, moment):
    """A kill between the file and its event leaves nothing that an erasure misses."""
    stray = trained.folder / "models" / ("ab" * 32 + ".safetensors")
    stray.write_bytes(b"weights of a killed run")
    trained.erase("jane", retrain=moment == "after")

    assert not stray.exists()


def test_a_fence_ends_a_running_training(trained):
    """A run that would publish what saw a fenced person fails as `fenced`."""
    real = Dataset.publish

    def fence_first(self, event):
        with trained.open() as other:
            ErasureBook(other).fence(
                PEOPLE["jane"], ground="consent_withdrawn", now_ms=0
            )
        real(self, event)

    hit = trained.shard_of("jane")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dataset, "publish", fence_first)
        with pytest.raises(ErasedError):
            trained.train()
    runs = {one.run_id: one.reason for one in trained.events(RunFailed)}

    assert ["fenced"] == list(runs.values())
    assert [] == [
        one.shard
        for one in trained.events(SliceTrained)
        if one.run_id in runs and one.shard == hit
    ]
    assert 2 == len(trained.events(RunFinished))
    trained.finish()
    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()


def test_a_fenced_person_is_not_ingested_again(trained):
    """Neither before the plan nor after the certificate, however it is spelled."""
    with trained.open() as workspace:
        ErasureBook(workspace).fence("s-1", ground="objection", now_ms=0)
        report = ingest(workspace, [record("again", letter("jane", 9), "jane")])
        assert {"subject_fenced": 1} == report.reasons
        erase(workspace, "jane")
        again = record("again-2", letter("jane", 10), "  JANE.DOE+work@example.org")
        assert {"subject_fenced": 1} == ingest(workspace, [again]).reasons
        train(workspace)

    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()


def test_the_vault_holds_no_seed_of_weights_that_are_gone(trained):
    """The secrets behind the old weights' seeds die with them."""
    hit = trained.shard_of("jane")
    with trained.open() as workspace:
        query = "SELECT slice, secret FROM seed WHERE shard = ?"
        before = dict(workspace.vault.connection.execute(query, (hit,)).fetchall())
    trained.erase("jane")
    [planned] = trained.events(ErasurePlanned)
    gone = [s for n, s in before.items() if n >= planned.hits[0].slice_first]

    assert gone
    assert [] == leaks(trained.folder, gone)
