"""Erasures from the fence to the certificate."""

import hashlib
import json
from dataclasses import replace

import pytest

from ledger.erasing.book import ErasureBook
from ledger.errors import InputError, IntegrityError
from ledger.events.erasure import (
    ErasureCertified,
    ErasurePlanned,
    ErasureVerified,
    KeysDestroyed,
    ShardRetrained,
    ShardRolledBack,
    WeightsDeleted,
)
from ledger.events.training import RunStarted
from ledger.records.dataset import Dataset
from producers import wiring
from producers.training.replay import replay
from tests.unit.erasure.weights import models, owed, served
from tests.unit.workspace.office import (
    PEOPLE,
    leaks,
    letter,
    record,
    secrets_of,
)


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
        parts = list(real(self, shard))
        # She may have been the only one in the last slice, which is empty then.
        at = max(index for index, part in enumerate(parts) if part.records)
        *others, last = parts[at].records
        smuggled = last + letter("jane").encode()
        parts[at] = replace(parts[at], records=(*others, smuggled))
        return parts

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
    assert [2] == [one.keys for one in trained.events(KeysDestroyed)]
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
    assert len(ids) == document["keys_destroyed"]
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
