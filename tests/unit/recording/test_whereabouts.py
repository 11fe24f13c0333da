"""What trainers outside saved, when a person is erased: each file, and its deletion."""

import shutil

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from ledger.errors import ErasedError, InputError  # noqa: E402
from ledger.events.erasure import ErasurePlanned, WeightsDeleted  # noqa: E402
from ledger.training.whereabouts import (  # noqa: E402
    forget_places,
    note_place,
    noted_places,
)
from producers.recording.facts import RunFacts  # noqa: E402
from producers.recording.secret_names import check_no_secrets  # noqa: E402
from producers.recordings import record_run  # noqa: E402
from tests.unit.cli.shell import Shell, check_one_error  # noqa: E402
from tests.unit.recording.training import FACTS  # noqa: E402
from tests.unit.workspace.office import RECORDS, new_office  # noqa: E402


@pytest.fixture
def office(tmp_path):
    """A workspace with records, placed on shards, and nothing trained."""
    office = new_office(tmp_path / "acme")
    office.ingest(RECORDS)
    return office


@pytest.fixture
def shell(capsys, office):
    """Commands on it."""
    return Shell(capsys, office.folder)


def saved(folder, name, content):
    """A file of weights, whose content nobody reads; its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.safetensors"
    path.write_bytes(content)
    return path


def killed(office, folder, count=2, **options):
    """A run that saves so often and ends without a model; its id and its files."""
    paths = [saved(folder, f"step-{n}", b"step %d" % n) for n in range(count)]
    with record_run(office.folder, FACTS, **options) as run:
        for path in paths:
            assert run.snapshot(path)
    return run.run_id, paths


def test_dry_run_lists_each_snapshot_of_a_killed_run(shell, office, tmp_path):
    """A run that never finished saw the person too; each file is named by its path."""
    _, paths = killed(office, tmp_path / "out")
    document = shell.w("erase", "--what-if", "s-1", "--json").json()
    text = shell.w("erase", "--what-if", "s-1").out

    assert [str(path) for path in reversed(paths)] == [
        place for one in document["weights"] for place in one["places"]
    ]
    assert {("snapshot", "not_confirmed")} == {
        (one["kind"], one["deletion"]) for one in document["weights"]
    }
    for path in paths:
        assert f"at {path}  not confirmed" in text


def test_the_plan_names_them(shell, office, tmp_path):
    """Final weights and what was saved on the way are in the plan's event."""
    out = tmp_path / "out"
    first, last = saved(out, "one", b"one"), saved(out, "two", b"two")
    with record_run(office.folder, FACTS) as run:
        digests = [run.snapshot(first), run.finish(last)]
    shell.w("erase", "s-1")
    [planned] = office.events(ErasurePlanned)

    assert {*digests} == {one.weights_sha256 for one in planned.whole}
    office.check()


def test_nothing_is_certified_while_a_file_is_there(shell, office, tmp_path):
    """The word that it was deleted is not taken while the file says otherwise."""
    _, paths = killed(office, tmp_path / "out", count=1)
    ran = shell.w("erase", "s-1", "--delete-models")

    assert 4 == ran.code
    assert f"still at {paths[0]}: delete that" in ran.err
    assert [] == [one for one in office.events(WeightsDeleted) if one.weights]


def test_deletion_is_confirmed_one_by_one(shell, office, tmp_path):
    """After the files are gone; then nothing in the workspace names their paths."""
    killed(office, tmp_path / "out")
    erased = shell.w("erase", "s-1", "--json").json()["erasure_id"]
    before = shell.w("erasure", "show", erased[:8]).out
    shutil.rmtree(tmp_path / "out")
    ran = shell.w("retrain", "--delete-models")
    after = shell.w("erasure", "show", erased[:8], "--json").json()["weights"]

    assert 0 == ran.code, ran.err
    assert 2 == before.count("not confirmed")
    assert ["confirmed", "confirmed"] == [one["deletion"] for one in after]
    assert [] == list((office.folder / "models" / "elsewhere").iterdir())
    office.check()


def test_more_snapshots_than_a_plan_holds(shell, office, tmp_path):
    """They refuse no erasure, and the certificate waits for each of them."""
    killed(office, tmp_path / "out", count=35)
    first = shell.w("erase", "s-1", "--json")
    [planned] = office.events(ErasurePlanned)
    shutil.rmtree(tmp_path / "out")
    ran = shell.w("retrain", "--delete-models")
    gone = {one for event in office.events(WeightsDeleted) for one in event.weights}

    assert (4, 32) == (first.code, len(planned.whole))
    assert (0, 35) == (ran.code, len(gone)), ran.err
    office.check()


def test_a_training_that_goes_on_while_it_is_planned(shell, office, tmp_path):
    """It may end with what it saved last; that must go then, and all verifies."""
    path = saved(tmp_path / "out", "one", b"one")
    with record_run(office.folder, FACTS) as run:
        digest = run.snapshot(path)
        going_on = shell.w("erase", "s-1", "--json")
        assert digest == run.finish(path)
    [planned] = office.events(ErasurePlanned)
    ended = shell.w("retrain")
    path.unlink()
    deleted = shell.w("retrain", "--delete-models")

    assert (4, []) == (going_on.code, planned.whole)
    assert f"run {run.run_id} saw the records and goes on" in going_on.err
    assert (4, 0) == (ended.code, deleted.code), (ended.err, deleted.err)
    assert [[digest]] == [one.weights for one in office.events(WeightsDeleted)]
    office.check()


def test_a_snapshot_that_saw_an_erased_record_is_not_gone_on_from(
    shell, office, tmp_path
):
    """The run must be started again, without the record."""
    run_id, _ = killed(office, tmp_path / "out", count=1)
    shell.w("erase", "s-1")

    with (
        pytest.raises(ErasedError, match="start it again"),
        record_run(office.folder, FACTS, resumes=run_id),
    ):
        pass
    office.check()


def test_places_are_kept_once_and_forgotten(tmp_path):
    """Equal weights may lie in two places; what was cut short counts for none."""
    note_place(tmp_path, "5a" * 32, tmp_path / "a")
    note_place(tmp_path, "5a" * 32, tmp_path / "b")
    note_place(tmp_path, "5a" * 32, tmp_path / "a")
    with (tmp_path / "models" / "elsewhere" / ("5a" * 32)).open("a") as file:
        file.write('"/cut sho')

    assert [str(tmp_path / "a"), str(tmp_path / "b")] == noted_places(
        tmp_path, "5a" * 32
    )
    forget_places(tmp_path, "5a" * 32)
    assert [] == noted_places(tmp_path, "5a" * 32)


@pytest.mark.parametrize(
    "config",
    [
        {"hub_token": "hf_abc"},
        {"args": [{"apiKey": "k"}]},
        {"wandb": {"WANDB_API_KEY": "k"}},
        {"db_password": "p"},
        {"token": "t"},
        b'{"client_secret": "s"}',
    ],
    ids=str,
)
def test_a_secret_is_refused_by_its_name(office, config):
    """Before anything is written; the message does not repeat it."""
    before = sorted((office.folder / "evidence").iterdir())
    facts = RunFacts(
        model_name="m", objective="sft", technique="full", base_name="b", config=config
    )

    with (
        pytest.raises(InputError, match="config: expected no secret") as caught,
        record_run(office.folder, facts),
    ):
        pass
    assert "hf_abc" not in str(caught.value)
    assert before == sorted((office.folder / "evidence").iterdir())


@pytest.mark.parametrize(
    "config",
    [
        {"hub_token": "<HUB_TOKEN>", "eos_token": "</s>", "pad_token": "[PAD]"},
        {"max_new_tokens": "9", "tokenizer": "t", "secretary": "x"},
        {"password": "", "api_key": None, "token": 7},
        b"rate=0.1\ntoken=x",
    ],
    ids=["special-tokens", "other-words", "empty", "no-json"],
)
def test_what_is_no_secret_is_taken(config):
    """Tokens of a text, placeholders, empty values; and bytes that are no JSON."""
    check_no_secrets("config", config)


def test_an_id_may_be_begun(shell, office, tmp_path):
    """Eight digits are enough where they begin one run; seven are not."""
    run_id, _ = killed(office, tmp_path / "out", count=1)
    ran = shell.w("recipient", "add", "lab", "--run", run_id[:8])

    assert f"lab  {run_id}\n" == ran.out
    check_one_error(
        shell.w("recipient", "add", "lab", "--run", run_id[:7]), 2, "id of a run"
    )
