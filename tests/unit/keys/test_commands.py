"""The commands on keys, and root keys at init (producers.commands.keys, cli)."""

import re
from random import Random

import pytest

from ledger.disk.places import ledger_file
from ledger.format.note import parse_vkey
from ledger.training.book import TrainingBook
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.ledger.world import World
from tests.unit.workspace.office import RECORDS, ingest
from verifier import verify


@pytest.fixture
def here(tmp_path, capsys):
    """A shell in an empty folder."""
    return Shell(capsys, tmp_path / "acme")


def names(folder):
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_init_makes_k_of_n_root_keys(here, tmp_path):
    """One vkey a line, one file each, in the folder that was named."""
    ran = here.run(
        "init",
        here.folder,
        "--root-keys",
        3,
        "--root-threshold",
        2,
        "--root-out",
        tmp_path / "safe",
    )
    vkeys = [parse_vkey(line).name for line in ran.out.splitlines()]

    assert [f"acme.invalid/root-{number}" for number in (1, 2, 3)] == vkeys
    assert ["root-1.pem", "root-2.pem", "root-3.pem"] == names(tmp_path / "safe")
    report = verify(
        ledger_file(here.folder), root_keys=ran.out.splitlines(), root_threshold=2
    )
    assert ("L1", 0) == (report.verdict, report.exit_code), report.as_text()


@pytest.mark.parametrize(
    ("count", "threshold"), [(0, 0), (1, 2), (2, 0), (17, 1), (-1, -1)]
)
def test_init_refuses_other_numbers(here, count, threshold):
    """1 to 16 root keys, and a threshold of at most as many; nothing is left."""
    ran = here.run(
        "init", here.folder, "--root-keys", count, "--root-threshold", threshold
    )

    check_one_error(ran, 2, "root keys: expected 1 to 16")
    assert not here.folder.exists()


def test_init_takes_back_root_keys_that_it_wrote(here, tmp_path):
    """Where one of them is there already, none is left behind."""
    safe = tmp_path / "safe"
    safe.mkdir()
    (safe / "root-2.pem").write_bytes(b"mine")
    ran = here.run("init", here.folder, "--root-keys", 2, "--root-out", safe)

    check_one_error(ran, 8, "root-2.pem exists and is never overwritten")
    assert ["root-2.pem"] == names(safe)
    assert not here.folder.exists()


def test_list(shell):
    """A line a key: id, role, standing, name, stream, families, file."""
    shell.w("key", "rotate", "ingest")
    ran = shell.w("key", "list")
    lines = [re.split(r"  +", line) for line in ran.out.splitlines()]

    assert 0 == ran.code
    assert ["root", "log", "governance"] == [line[1] for line in lines[:3]]
    name = "example.org/acme/ingest"
    assert ["retired by entry 1", name, "ingest", "ingest spool"] == lines[4][2:]
    assert lines[-1][-1].endswith("keys/ingest.pem")


def test_list_as_json(shell):
    """One document, with the vkeys."""
    document = shell.w("key", "list", "--json").json()
    first, second, *_ = document["keys"]

    assert ("tuneledger.keys/1", "example.org/acme") == (
        document["schema"],
        document["origin"],
    )
    assert (first["vkey"], "root") == (str(parse_vkey(first["vkey"])), first["role"])
    assert ("log", "active", 0, None) == (
        second["role"],
        second["state"],
        second["granted_seq"],
        second["ended_seq"],
    )


@pytest.mark.parametrize("which", ["log", "ingest", "example.org/acme/ci", "root"])
def test_show(shell, which):
    """The vkey of one active key, by role, name or key id, and nothing else."""
    shell.w("key", "rotate", "ingest")
    ran = shell.w("key", "show", which)
    key = parse_vkey(ran.out.strip())

    assert (0, f"{key}\n", "") == (ran.code, ran.out, ran.err)
    assert ran.out == shell.w("key", "show", key.key_id.hex()).out
    [listed] = [one for one in keys_of(shell) if one["vkey"] == str(key)]
    assert "active" == listed["state"]
    assert which in {listed["role"], listed["name"]}


def test_show_of_an_ended_key(shell):
    """Its id names no active key."""
    old = parse_vkey(shell.w("key", "show", "ci").out.strip())
    shell.w("key", "rotate", "ci")

    check_one_error(
        shell.w("key", "show", old.key_id.hex()), 2, "expected one key of that role"
    )


def test_rotate_prints_the_new_key(shell):
    """The list names it as active."""
    vkey = shell.w("key", "rotate", "trainer").out.strip()

    found = shell.w("key", "list", "--json").json()["keys"][-1]
    assert (vkey, "active") == (found["vkey"], found["state"])


def test_add_and_retire(shell):
    """A worker's key, which is not needed any more."""
    added = shell.w("key", "add", "ingest", "--name", "w-3", "--stream", "ingest/w-3")
    retired = shell.w("key", "retire", "w-3")

    assert (0, added.out) == (retired.code, retired.out)
    assert "example.org/acme/w-3+" in added.out


def test_revoke_says_what_to_do(shell):
    """Without a key of the role, ask for one; the log key gets a successor."""
    ran = shell.w("key", "revoke", "ingest", "--since", 0)
    assert "no key of role ingest is left: make one with key add" in ran.err
    ran = shell.w("key", "revoke", "log", "--since", 0)
    assert "checkpoints are signed by a new log key" in ran.err
    shell.w("key", "add", "ingest")

    assert 4 == len(shell.w("log", "--type", "keys.", "--last", 4).out.splitlines())


def test_root_keys_elsewhere(shell, office, tmp_path):
    """Without them the command says which file is missing; with --root it works."""
    (tmp_path / "stick").mkdir()
    (office.folder / "keys" / "root.pem").rename(tmp_path / "stick" / "root.pem")

    check_one_error(shell.w("key", "rotate", "log"), 7, "keys/root.pem cannot be read")
    assert 0 == shell.w("key", "rotate", "log", "--root", tmp_path / "stick").code


def test_a_file_that_is_not_destroyed(shell, office):
    """The key has ended, and whoever revoked it learns that its file is left."""
    path = office.folder / "keys" / "ingest.pem"
    path.chmod(0o644)
    ran = shell.w("key", "revoke", "ingest", "--since", 0)

    check_one_error(ran, 7, "the key ended, and its file was not destroyed")
    assert f"{path} is open to others" in ran.err
    assert "compromised" in {key["state"] for key in keys_of(shell)}


ERRORS = {
    "unknown key": (["rotate", "boss"], 2, "expected one key of that role"),
    "root": (["rotate", "root"], 2, "root keys are those of the genesis entry"),
    "log retired": (["retire", "log"], 2, "rotate it instead"),
    "log added": (["add", "log"], 2, "a ledger has one log key"),
    "since the future": (["revoke", "ingest", "--since", "9"], 2, "at most 1, found 9"),
    "no root folder": (["rotate", "ci", "--root", "nowhere"], 2, "does not exist"),
}


@pytest.mark.parametrize(("arguments", "code", "text"), ERRORS.values(), ids=ERRORS)
def test_errors_are_one_line(shell, arguments, code, text):
    """And nothing is appended."""
    check_one_error(shell.w("key", *arguments), code, text)
    assert 1 == len({key["granted_seq"] for key in keys_of(shell)})


def keys_of(shell):
    """The listed keys."""
    return shell.w("key", "list", "--json").json()["keys"]


def test_a_run_is_listed_on_demand(shell, office):
    """Run keys are many, and all of them but one are over."""
    pytest.importorskip("torch")
    with office.open() as workspace:
        ingest(workspace, RECORDS)
    office.train()

    assert [] == [key for key in keys_of(shell) if key["role"] == "run"]
    runs = [
        key
        for key in shell.w("key", "list", "--json", "--runs").json()["keys"]
        if key["role"] == "run"
    ]
    assert ["retired", "retired"] == [key["state"] for key in runs]


def test_the_whole_story_after_rotating_every_key(shell, office, tmp_path):
    """Every role, log included; then ingest, train, erase, and the auditor agrees."""
    pytest.importorskip("torch")
    for role in ("log", "governance", "scanner", "ingest"):
        assert 0 == shell.w("key", "rotate", role).code
    office.ingest(RECORDS)
    for role in ("sharder", "trainer", "eraser", "ci", "log"):
        assert 0 == shell.w("key", "rotate", role).code
    run = office.train()
    shell.w("key", "revoke", "scanner", "--since", "1")
    shell.w("key", "add", "scanner")
    office.erase("jane")
    attested = shell.w("attest", run, "--out", tmp_path / "run")
    bundle = shell.run("verify-bundle", tmp_path / "run", "--root", office.vkey)

    office.check()
    assert (0, 0) == (attested.code, bundle.code), bundle.out


def test_a_run_that_was_killed_verifies(shell, office):
    """The trainer's key closes it after the trainer's key was rotated."""
    with office.open() as workspace:
        events = World(Random(8)).run()[1][:2]
        for event in events:
            TrainingBook(workspace).append([event])
    shell.w("key", "rotate", "trainer")
    with office.open() as workspace:
        assert 1 == TrainingBook(workspace).close_open_runs()

    office.check()
