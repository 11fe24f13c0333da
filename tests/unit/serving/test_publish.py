"""Manifests that somebody asks for: what they name, and what they refuse."""

import pytest

from ledger.erasing.served import ServingBook
from ledger.errors import ConflictError, GateError, InputError
from producers import publishing
from producers.publishing import Gate
from producers.serving.manifest import make_manifest
from tests.unit.erasure.asked import train_whole
from tests.unit.projections.builders import digest, ident
from tests.unit.serving.shop import (
    HELD_OUT,
    LOOSE,
    adapters,
    digests,
    last_run,
    manifests,
    publish,
)
from tests.unit.workspace.office import RECORDS, filled_office, record


def test_the_newest_training_serves(trained):
    """Without a run, each shard gives what it serves by now."""
    event = publish(trained)

    assert adapters(last_run(trained)) == adapters(event)
    assert ("probability_average", "requested", "") == (
        event.rule,
        event.reason,
        event.replaces,
    )
    trained.check()


def test_a_manifest_names_the_one_before(serving):
    """The next one of a name replaces it, and no other."""
    event = publish(serving)

    assert manifests(serving)[0].manifest_id == event.replaces
    serving.check()


def test_a_run_without_shards_serves_as_a_whole(trained):
    """A model from scratch has one file of weights and no base."""
    base = trained.events()[0:]
    [started, *_] = [one for one in base if getattr(one, "objective", "") != ""]
    event = publish(trained, started.run_id)

    assert ("", "", [0]) == (event.map_id, event.base_sha256, [*adapters(event)])
    with trained.open() as workspace:
        _, model = publishing.open_served(workspace, "byte-gpt-base")
    assert [104, 105] == model.encode(b"hi")
    trained.check()


def test_a_run_that_did_not_finish_is_refused(trained):
    """The message says what was expected."""
    with pytest.raises(InputError, match="expected the id of a finished run"):
        publish(trained, ident("nobody"))


def test_nothing_to_publish_says_what_to_run(office):
    """An office without a training has nothing that could serve."""
    with pytest.raises(InputError, match="found none: run train"):
        publish(office)


def test_a_manifest_that_came_between_is_a_conflict(serving):
    """Two publishers do not replace the same manifest."""
    first = manifests(serving)[0]
    late = make_manifest(
        manifest_id=ident("late"),
        replaces="",
        reason="requested",
        model_name=first.model_name,
        map_id=first.map_id,
        base_sha256=first.base_sha256,
        adapters=adapters(first),
    )

    with serving.open() as workspace, pytest.raises(ConflictError):
        ServingBook(workspace).publish(late)


# Merged


def test_a_merged_adapter_serves_behind_its_gate(trained):
    """The event holds both losses; the weights are kept under their digest."""
    event = publish(trained, gate=LOOSE)

    assert "merged" == event.rule
    assert event.merged_sha256 in digests(trained)
    assert int(event.loss_merged) <= int(event.loss_average) + int(event.gate)
    trained.check()


def test_equal_texts_have_equal_commitments(trained):
    """Two gates on one text can be compared; the text is in no file."""
    one, two = publish(trained, gate=LOOSE), publish(trained, gate=LOOSE)

    assert one.data_commitment == two.data_commitment
    assert not any(
        HELD_OUT in path.read_bytes()
        for path in trained.folder.rglob("*")
        if path.is_file()
    )


def test_behind_a_shut_gate_nothing_is_written(trained):
    """A merge that is worse than allowed leaves no event and no weights."""
    before = digests(trained)
    shut = Gate(held_out=HELD_OUT, worst=-10_000_000)

    with pytest.raises(GateError, match="publish without --merged"):
        publish(trained, gate=shut)
    assert ([], before) == (manifests(trained), digests(trained))


def test_an_erasure_ends_a_merged_adapter(trained):
    """It falls back to the average, and the merged weights are deleted."""
    merged = publish(trained, gate=LOOSE).merged_sha256
    trained.erase("jane")

    rules = [one.rule for one in manifests(trained)]
    assert ["merged", "probability_average", "probability_average"] == rules
    assert merged not in digests(trained)
    assert {} == trained.states()["serving"].merged
    trained.check()


def test_a_training_keeps_merged_weights(trained):
    """They are on record, so they are no strays."""
    merged = publish(trained, gate=LOOSE).merged_sha256
    trained.ingest([record("late", "One more public notice, about nobody.")])
    trained.train()

    assert merged in digests(trained)


def test_one_adapter_is_not_merged(tmp_path):
    """There is nothing to take the mean of."""
    office = filled_office(tmp_path / "acme", RECORDS[:3], shards=1)

    with pytest.raises(InputError, match="two adapters or more, found 1"):
        publish(office, gate=LOOSE)


def test_names_serve_apart(trained):
    """Each name has a manifest of its own; the one published last is the default."""
    publish(trained)
    run_id, _ = train_whole(trained, technique="full", base_sha256="")
    publish(trained, run_id)
    with trained.open() as workspace:
        book = ServingBook(workspace)
        names = [book.newest()[0], book.newest("byte-gpt")[0]]

    assert ["acme", "byte-gpt"] == names
    assert digest("none") not in digests(trained)
