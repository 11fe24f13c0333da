"""Manifests after an erasure or a restriction: what serves then, and what not."""

import pytest

from ledger.erasing.book import ErasureBook
from ledger.errors import ErasedError
from ledger.events.training import RunStarted
from ledger.events.training_saved import SliceTrained
from producers import publishing, trainings
from producers.training.fine_tune import pretrain
from producers.trainings import world_of
from tests.unit.erasure.asked import LETTER, answer, receive, train_whole
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.serving.shop import (
    adapters,
    fenced,
    last_run,
    manifests,
    publish,
    republish,
)
from tests.unit.workspace.office import PEOPLE, RECORDS, filled_office

# Erased


def test_an_erasure_is_followed_twice(serving):
    """Its shard serves its clean slice, then the retrained one; others as before."""
    shard = serving.shard_of("jane")
    before = adapters(manifests(serving)[0])
    serving.erase("jane")
    _, erased, retrained = manifests(serving)
    clean = [
        one.weights_sha256
        for one in serving.events(SliceTrained)
        if one.shard == shard and one.slice == 0
    ]
    other = 1 - shard

    assert ("erased", "retrained") == (erased.reason, retrained.reason)
    assert {shard: clean[0], other: before[other]} == adapters(erased)
    assert serving.shards()[shard].served_sha256 == adapters(retrained)[shard]
    assert before[other] == adapters(retrained)[other]
    serving.check()


def test_before_the_retrain_the_clean_slice_serves(serving):
    """Until then nothing is fenced, and nothing that saw the person serves."""
    before = adapters(manifests(serving)[0])
    shard = serving.shard_of("jane")
    serving.erase("jane", retrain=False)

    assert before[shard] != adapters(manifests(serving)[-1])[shard]
    assert [] == fenced(serving)


@pytest.mark.parametrize("reason", ["erased", "retrained"])
def test_following_twice_publishes_once(serving, reason):
    """What is on record is not published again."""
    erased = serving.erase("jane")
    republish(serving, erased.erasure_id, reason)

    assert 3 == len(manifests(serving))


def test_what_was_published_since_is_not_replaced(serving):
    """Whole and clean weights that somebody chose stay, be others newer."""
    train_whole(serving)
    erased = serving.erase("jane")  # waits for the whole model
    serving.train()
    publish(serving)
    serving.train()
    before = manifests(serving)
    republish(serving, erased.erasure_id, "retrained")

    assert not erased.erasure.certified
    assert before == manifests(serving)


def test_without_a_manifest_none_is_made(trained):
    """An erasure publishes nothing that nobody published before."""
    trained.erase("jane")

    assert [] == manifests(trained)


def test_where_nothing_clean_is_left_the_shard_is_left_out(tmp_path):
    """With one slice a shard has nothing below it; with one shard the base is left."""
    office = filled_office(tmp_path / "acme", RECORDS[:3], shards=1, slices=1)
    publish(office)
    office.erase("jane", retrain=False)

    assert {} == adapters(manifests(office)[-1])
    with office.open() as workspace:
        served, model = publishing.open_served(workspace)
    assert {} == served.adapters
    assert model.context == 16
    office.check()


def test_without_the_trainers_key_the_erasure_goes_on(serving):
    """Nobody's erasure waits for a key; the manifest that served is fenced."""
    (serving.folder / "keys" / "trainer.pem").unlink()
    serving.erase("jane", retrain=False)

    assert 1 == len(manifests(serving))
    assert [(serving_shard(serving), "erased")] == fenced(serving)
    assert any("no new manifest" in line for line in serving.said)


def serving_shard(office):
    """The one shard that waits for a retrain."""
    [shard] = [n for n, one in office.shards().items() if one.needs_retrain]
    return shard


def test_an_erased_run_is_refused(serving):
    """Weights that saw an erased record are not published, and nothing is written."""
    run = last_run(serving).run_id
    serving.erase("jane")
    count = len(manifests(serving))

    with pytest.raises(ErasedError, match="run retrain, then models publish"):
        publish(serving, run)
    assert count == len(manifests(serving))


def test_a_fence_that_the_ledger_does_not_know_yet_counts(serving):
    """A kill may fall between the fence and the plan."""
    shard = serving.shard_of("jane")
    with serving.open() as workspace:
        ErasureBook(workspace).fence(
            PEOPLE["jane"], ground="objection", now_ms=NOW_MS, is_decided=True
        )

    assert [(shard, "requested")] == fenced(serving)
    with pytest.raises(ErasedError, match="will erase"):
        publish(serving)


def test_a_second_fence_that_is_not_planned_yet_holds_nobody_up(serving):
    """Two requests came during a training: both are worked off by one retrain."""
    first = "jane"
    shard = serving.shard_of(first)
    second = next(one for one in PEOPLE if serving.shard_of(one) == 1 - shard)
    with serving.open() as workspace:
        for name in (first, second):
            ErasureBook(workspace).fence(
                PEOPLE[name], ground="objection", now_ms=NOW_MS, is_decided=True
            )
    erased = serving.finish()

    assert [True, True] == [bool(one.erasure.certified) for one in erased]
    assert [] == fenced(serving)
    serving.check()


def test_a_fence_while_the_weights_are_read_counts(serving, monkeypatch):
    """Who reads holds no lock, so the fences are looked at again behind it."""
    parts_of = publishing.parts_of

    def read(workspace, *args):
        ErasureBook(workspace).fence(
            PEOPLE["jane"], ground="objection", now_ms=NOW_MS, is_decided=True
        )
        return parts_of(workspace, *args)

    monkeypatch.setattr(publishing, "parts_of", read)

    with serving.open() as workspace, pytest.raises(ErasedError, match="will erase"):
        publishing.open_served(workspace)


def test_a_request_that_is_not_decided_changes_nothing(serving):
    """What serves goes on serving until somebody decides, or restricts."""
    receive(serving, "jane")

    assert [] == fenced(serving)


# Restricted


def test_a_restriction_fences_and_a_new_manifest_leaves_it_out(serving):
    """GDPR Article 18: kept, and used for nothing."""
    shard = serving.shard_of("jane")
    erasure_id = receive(serving, "jane")
    answer(serving, "restrict", erasure_id, "accuracy_contested")
    found = fenced(serving)
    before = adapters(manifests(serving)[0])
    event = publish(serving)

    assert [(shard, "restricted")] == found
    assert before[shard] != adapters(event).get(shard)
    assert [] == fenced(serving)
    serving.check()


def test_a_restricted_run_is_refused(serving):
    """Its message names the erasure and the next step."""
    erasure_id = receive(serving, "jane")
    answer(serving, "restrict", erasure_id, "accuracy_contested")

    with pytest.raises(ErasedError, match=f"{erasure_id} restricts"):
        publish(serving, last_run(serving).run_id)


def test_a_restriction_that_is_lifted_fences_no_more(serving):
    """The manifest may be obeyed again."""
    erasure_id = receive(serving, "jane")
    answer(serving, "restrict", erasure_id, "accuracy_contested")
    answer(serving, "lift", erasure_id, notice=LETTER)

    assert [] == fenced(serving)


# Whole models


def test_a_whole_model_that_saw_a_person_stays_fenced(trained):
    """There is no clean slice of it: nothing else can be published for it."""
    run_id, weights = train_whole(trained, technique="full", base_sha256="")
    publish(trained, run_id)
    trained.erase("jane", retrain=False)

    assert weights in adapters(manifests(trained)[-1]).values()
    assert [(0, "erased")] == fenced(trained)


# Bases


def test_no_adapter_serves_on_another_base(trained, monkeypatch):
    """An erasure puts in clean weights of the model's own base, not of a later one."""
    publish(trained)
    first = manifests(trained)[0]
    with trained.open() as workspace:
        pretrain(b"Another text. " * 20, world=world_of(workspace, [].append), seed=9)
    # A training goes on with the base of the one before, unless there was none.
    with monkeypatch.context() as patch:
        patch.setattr(trainings, "newest_run", lambda *_: None)
        trained.train()
    started = {one.run_id: one for one in trained.events(RunStarted)}
    bases = {
        one.weights_sha256: started[one.run_id].base_sha256
        for one in trained.events(SliceTrained)
    }
    trained.erase("jane", retrain=False)
    event = manifests(trained)[-1]

    assert "erased" == event.reason
    assert 2 == len(set(bases.values()))
    assert {first.base_sha256} == {bases[one] for one in adapters(event).values()}
    trained.check()
