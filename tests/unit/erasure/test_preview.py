"""What an erasure would touch, without a byte written."""

import pytest

from ledger.erasing.preview import preview
from ledger.errors import InputError
from ledger.events.erasure import ErasurePlanned, RecordsErased
from tests.unit.erasure.asked import erase_all, train_whole
from tests.unit.workspace.office import PEOPLE, files


def state_of(folder):
    """Every file's bytes and times, and every folder's."""
    paths = [folder, *sorted(folder.rglob("*"))]
    return {
        str(path): (
            path.read_bytes()
            if path.is_file()
            else sorted(one.name for one in path.iterdir()),
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in paths
    }


def test_no_byte_and_no_time_changes(trained):
    """The workspace is as it was, hidden files, folders and times too."""
    trained.states()
    before = state_of(trained.folder)
    preview(trained.folder, [PEOPLE["jane"]])

    assert before == state_of(trained.folder)


def test_nothing_is_written_where_views_are_missing(trained):
    """It computes what it would have found there."""
    (trained.folder / "acme.views").unlink(missing_ok=True)
    names = {path.name for path in files(trained.folder)}
    preview(trained.folder, ["s-1"])

    assert names == {path.name for path in files(trained.folder)}


@pytest.mark.parametrize(
    "names", [("jane",), ("bob",), ("jane", "dan", "eve")], ids=str
)
def test_it_is_what_the_plan_says(trained, names):
    """The same records, shards and tokens as the erasure then plans."""
    said = preview(trained.folder, [PEOPLE[name] for name in names])
    erase_all(trained, *names, retrain=False)
    [planned] = trained.events(ErasurePlanned)
    erased = [
        one for event in trained.events(RecordsErased) for one in event.record_ids
    ]

    assert said["records"] == erased
    assert [(one["shard"], one["slice_first"]) for one in said["shards"]] == [
        (hit.shard, hit.slice_first) for hit in planned.hits
    ]
    assert said["tokens_expected"] == planned.tokens_expected
    assert said["tokens_full"] == planned.tokens_full
    assert len(names) == said["people"]


def test_it_costs_less_than_everything(trained):
    """One person's shard against all of them."""
    said = preview(trained.folder, [PEOPLE["frank"]])

    assert 0 < said["tokens_expected"] < said["tokens_full"]


def test_runs_and_whole_models(trained):
    """What saw the person, by run and by name."""
    run_id, weights = train_whole(trained)
    said = preview(trained.folder, ["s-1"])

    assert run_id in [one["run_id"] for one in said["runs"]]
    assert [weights] == [one["weights_sha256"] for one in said["whole"]]
    assert "acme" in said["models"]


def test_an_unknown_subject(trained):
    """Nothing is guessed, and nothing repeated."""
    with pytest.raises(InputError, match="unknown subject: expected an alias"):
        preview(trained.folder, ["nobody@nowhere.example"])
