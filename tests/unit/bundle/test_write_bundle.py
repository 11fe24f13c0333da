"""ledger.export.bundle: what is written, and what is refused."""

import base64
import dataclasses
import hashlib
import json
import shutil
import subprocess

import pytest

from ledger.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    KeyTrustError,
    StorageError,
)
from ledger.events.training import RunFailed
from ledger.events.training_saved import Adapter
from ledger.export import bundle as bundle_module
from ledger.export import receipts as receipts_module
from ledger.export.bundle import write_bundle
from ledger.export.run import read_run
from tests.unit.bundle.samples import (
    RUN_ID,
    WEIGHTS,
    Workspace,
    finished,
    metered,
    run_submissions,
    sha256_hex,
    started,
    stranger_key,
)

NAMES = ["SHA256SUMS", "checkpoint", "receipts.json", "statement.dsse.json"]


def make(tmp_path, submissions):
    workspace = Workspace(tmp_path / "acme")
    workspace.append(submissions)
    return workspace


def statement(folder):
    envelope = json.loads((folder / "statement.dsse.json").read_bytes())
    return json.loads(base64.b64decode(envelope["payload"]))


def test_names_are_returned(tmp_path):
    """The names of the four files are returned, sorted."""
    workspace = make(tmp_path, run_submissions())

    assert NAMES == workspace.bundle(tmp_path / "out")
    assert NAMES == sorted(path.name for path in (tmp_path / "out").iterdir())


def test_same_head_same_bytes(good, tmp_path):
    """The same ledger head and key give the same bytes."""
    good.workspace.bundle(tmp_path / "again")

    for name in NAMES:
        expected = (good.bundle / name).read_bytes()
        assert expected == (tmp_path / "again" / name).read_bytes()


def test_sha256sum_accepts(good):
    """`sha256sum --check` holds inside the folder."""
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("no sha256sum here")

    done = subprocess.run(
        [tool, "--check", "--strict", "SHA256SUMS"],
        cwd=good.bundle,
        check=False,
        capture_output=True,
        text=True,
    )

    assert "checkpoint: OK\nreceipts.json: OK\n" == done.stdout


def test_checkpoint_is_the_newest_note(good):
    """The checkpoint is the ledger's newest note, byte for byte."""
    with good.workspace.open() as ledger:
        assert ledger.newest_checkpoint() == (good.bundle / "checkpoint").read_bytes()


def test_subjects(good):
    """Subjects are the adapters by shard and the other three files."""
    files = ("checkpoint", "receipts.json", "SHA256SUMS")
    expected = {
        f"shard-{shard}.safetensors": sha256_hex(content)
        for shard, content in enumerate(WEIGHTS)
    } | {name: sha256_hex((good.bundle / name).read_bytes()) for name in files}

    found = statement(good.bundle)["subject"]

    assert list(expected.items()) == [
        (subject["name"], subject["digest"]["sha256"]) for subject in found
    ]


def test_predicate_totals(good):
    """The predicate repeats the run's totals and where its entries are."""
    predicate = statement(good.bundle)["predicate"]

    assert {"count": 3, "first": 2, "last": 6} == predicate["entries"]
    assert (3, 6, 192) == tuple(
        predicate[name] for name in ("batches", "steps", "tokens")
    )
    assert ("192", "384") == (predicate["flop_forward"], predicate["flop_backward"])


def test_no_sibling_is_disclosed(tmp_path):
    """Events of another run in the same submission are not in the receipts."""
    other = "0e" * 16
    submissions = run_submissions()
    submissions[1].insert(1, started(run_id=other, recipe_sha256="0f" * 32))
    workspace = make(tmp_path, submissions)

    workspace.bundle(tmp_path / "out")

    assert other not in (tmp_path / "out" / "receipts.json").read_text("utf-8")


def test_an_empty_folder_is_used(tmp_path):
    """An empty folder is replaced by the bundle."""
    workspace = make(tmp_path, run_submissions())
    (tmp_path / "out").mkdir()

    workspace.bundle(tmp_path / "out")

    assert NAMES == sorted(path.name for path in (tmp_path / "out").iterdir())


@pytest.mark.parametrize("kind", ["full", "file", "link"])
def test_a_taken_name_is_refused(good, tmp_path, kind):
    """A folder with content, a file or a link is never written into."""
    out = tmp_path / "out"
    if kind == "full":
        out.mkdir()
        (out / "notes.txt").write_text("mine")
    elif kind == "file":
        out.write_text("mine")
    else:
        out.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConflictError, match="not an empty folder"):
        good.workspace.bundle(out)


def test_a_bundle_is_not_written_over(good, tmp_path):
    """A second bundle into the same folder is refused, identical or not."""
    good.workspace.bundle(tmp_path / "out")

    with pytest.raises(ConflictError):
        good.workspace.bundle(tmp_path / "out")


def test_a_failed_write_leaves_nothing(good, tmp_path):
    """When the disk refuses, neither the folder nor a temporary one stays."""
    locked = tmp_path / "locked"
    locked.write_text("a file where a folder is needed")

    with pytest.raises((StorageError, ConflictError)):
        good.workspace.bundle(locked / "out")

    assert [locked] == list(tmp_path.iterdir())


def test_a_name_that_is_taken_meanwhile(tmp_path):
    """A folder that fills up while the bundle is written is left as it is."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")

    with pytest.raises(ConflictError, match="appeared while"):
        bundle_module._write_folder(tmp_path / "out", {"checkpoint": b"ours"})

    assert [tmp_path / "out" / "notes.txt"] == [
        path for path in tmp_path.rglob("*") if path.is_file()
    ]


def test_entries_that_contradict_the_checkpoint(good):
    """No receipts are made for another tree than the one that the log signed."""
    with good.workspace.open() as ledger:
        run = read_run(ledger, RUN_ID)
    shorter = dataclasses.replace(run, leaves=run.leaves[:-1])

    with pytest.raises(IntegrityError, match="over 7 entries"):
        receipts_module.encode_receipts(shorter)


def test_an_unknown_run_is_refused(good, tmp_path):
    """A run that the ledger does not hold is an input error."""
    with pytest.raises(InputError, match="is not in the ledger"):
        good.workspace.bundle(tmp_path / "out", run_id="00" * 16)


def test_an_unfinished_run_is_refused(tmp_path):
    """A run without its end is an input error that names the last event."""
    workspace = make(tmp_path, run_submissions()[:2])

    with pytest.raises(InputError, match="not finished: its last event is Slice") as e:
        workspace.bundle(tmp_path / "out")

    assert 2 == e.value.exit_code


def test_a_failed_run_is_refused(tmp_path):
    """A run that failed is an input error that says why it failed."""
    failed = RunFailed(run_id=RUN_ID, reason="killed", batches=1)
    workspace = make(tmp_path, [[started(), metered(0)], [failed]])

    with pytest.raises(InputError, match=r"failed \(killed\)"):
        workspace.bundle(tmp_path / "out")


def test_a_run_without_start_is_refused(tmp_path):
    """A run whose first event is not its start is an integrity error."""
    workspace = make(tmp_path, [[metered(0)], *run_submissions()[1:]])

    with pytest.raises(IntegrityError, match="expected RunStarted first"):
        workspace.bundle(tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["batches", "steps", "tokens", "flop_forward", "flop_evaluation"]
)
def test_wrong_totals_are_not_attested(tmp_path, name):
    """CI signs no total that the run's own batches contradict."""
    lie = "1" if name.startswith("flop_") else 1
    submissions = run_submissions()
    submissions[-1][-1] = finished(**{name: lie})
    workspace = make(tmp_path, submissions)

    with pytest.raises(IntegrityError, match=f"{name}: expected"):
        workspace.bundle(tmp_path / "out")


def test_two_adapters_of_one_shard_are_refused(tmp_path):
    """Subjects need distinct names, so a shard has one adapter."""
    submissions = run_submissions()
    twice = [Adapter(shard=0, weights_sha256=digit * 64) for digit in "ab"]
    submissions[-1][-1] = finished(adapters=twice)
    workspace = make(tmp_path, submissions)

    with pytest.raises(InputError, match="two adapters are for one shard"):
        workspace.bundle(tmp_path / "out")


def test_a_key_that_was_not_granted_is_refused(good, tmp_path):
    """The statement is signed by the granted ci key or not at all."""
    key = stranger_key("example.org/acme/ci")

    with (
        good.workspace.open() as ledger,
        pytest.raises(KeyTrustError, match="not granted the role ci"),
    ):
        write_bundle(ledger, RUN_ID, tmp_path / "out", ci_key=key)


def test_a_retired_key_is_refused(tmp_path):
    """A ci key that root retired attests nothing more."""
    workspace = make(tmp_path, run_submissions())
    workspace.retire_ci_key()

    with pytest.raises(KeyTrustError, match="was retired by entry 8"):
        workspace.bundle(tmp_path / "out")


def test_too_many_receipts_are_refused(good, tmp_path, monkeypatch):
    """A run that no verifier would read is not written."""
    size = (good.bundle / "receipts.json").stat().st_size
    monkeypatch.setattr(receipts_module, "RECEIPTS_BYTES_MAX", size - 1)

    with pytest.raises(InputError, match=f"at most {size - 1} bytes"):
        good.workspace.bundle(tmp_path / "out")


def test_receipts_are_canonical_json(good):
    """receipts.json has sorted names, no white space and no escapes beyond JSON's."""
    content = (good.bundle / "receipts.json").read_bytes()
    again = json.dumps(
        json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )

    assert again.encode() == content
    assert hashlib.sha256(content).hexdigest() in (
        good.bundle / "SHA256SUMS"
    ).read_text("utf-8")
