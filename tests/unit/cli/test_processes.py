"""Real processes: Ctrl-C, a full disk, and folders that may not be written."""

import ctypes
import random
import resource
import signal
import subprocess
import sys

import pytest

from ledger.events.ingest import RecordDecided
from ledger.events.training import RunFailed, RunStarted
from ledger.records.dataset import Dataset
from tests.crash.killing import ROOT, run_and_kill
from tests.unit.workspace.office import (
    BASE_TEXT,
    RECORDS,
    jsonl,
    leaks,
    record,
    secrets_of,
    snapshot,
)

TUNELEDGER = [sys.executable, "-m", "cli"]
INTERRUPTS = 2
LIBC = ctypes.CDLL(None)


def run(*arguments, **options):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [*TUNELEDGER, *map(str, arguments)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        **options,
    )


def test_ctrl_c_during_ingest(office, tmp_path):
    """130; the workspace opens again, and a resumed ingest misses nothing."""
    chance = random.Random(20_260_105)
    (tmp_path / "in").write_bytes(jsonl(RECORDS))
    command = ["ingest", str(tmp_path / "in"), "--resume", "-w", str(office.folder)]
    for _ in range(INTERRUPTS):
        code, said = run_and_kill(command, chance, moments_max=20, number=signal.SIGINT)
        assert code in {0, 130}, said
        office.check()
    office.ingest(RECORDS, resume=True)

    assert len(RECORDS) == len(office.events(RecordDecided))
    assert 130 == code or len(RECORDS) == len(office.events(RecordDecided))
    office.check()


def test_ctrl_c_during_train(office, tmp_path):
    """130; every run that began has ended, as interrupted or closed afterwards."""
    pytest.importorskip("torch")
    chance = random.Random(20_260_106)
    office.ingest(RECORDS)
    (tmp_path / "base").write_bytes(BASE_TEXT)
    command = ["train", "--base-text", str(tmp_path / "base"), "-w", str(office.folder)]
    for _ in range(INTERRUPTS):
        code, said = run_and_kill(command, chance, moments_max=12, number=signal.SIGINT)
        assert code in {0, 130}, said
    office.check()
    office.train()

    open_runs = {one.run_id for one in office.events(RunStarted)}
    failed = office.events(RunFailed)
    assert {one.reason for one in failed} <= {"interrupted", "killed"}
    assert len(failed) == len({one.run_id for one in failed}) <= len(open_runs)
    office.check()


def test_an_interrupted_run_says_so(trained, monkeypatch):
    """`interrupted`, with what it had computed by then."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Dataset, "publish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        trained.train()
    [failed] = trained.events(RunFailed)

    assert ("interrupted", 1) == (failed.reason, failed.batches)
    trained.check()


def limited(bytes_max):
    """Let no file of the child grow past `bytes_max`."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))

    return limit


def test_a_disk_that_fills_up(office, tmp_path):
    """70 in one line; what was decided stands, the rest is gone, and it can go on."""
    records = [
        record(f"r{number}", f"zebra-{number} " * 40, f"person{number}@fill.example")
        for number in range(400)
    ]
    (tmp_path / "in").write_bytes(jsonl(records))
    room = (office.folder / "acme.ledger").stat().st_size + 60_000
    ran = run("ingest", tmp_path / "in", "-w", office.folder, preexec_fn=limited(room))

    assert 70 == ran.returncode, ran
    errors = [line for line in ran.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [ran.stderr.splitlines()[-1]]
    assert "the disk refused the write" in errors[0]
    office.check()
    with office.open() as workspace:
        known = workspace.vault.record_ids()
    assert known == {one.record_id for one in office.events(RecordDecided)}
    assert known == {path.stem for path in (office.folder / "corpus").iterdir()}

    office.ingest(records, resume=True)
    assert 400 == len(office.events(RecordDecided))
    office.check()


def test_init_on_a_full_disk(tmp_path):
    """70, and no half workspace."""
    ran = run("init", tmp_path / "acme", preexec_fn=limited(2000))

    assert 70 == ran.returncode
    assert 1 == len(ran.stderr.splitlines())
    assert [] == list(tmp_path.iterdir())


def bound_by_permissions():
    """Let the child be refused what permissions refuse, also where it is root.

    Source: linux/prctl.h, PR_CAPBSET_DROP; linux/capability.h, CAP_DAC_OVERRIDE and
    CAP_DAC_READ_SEARCH.
    """
    for capability in (1, 2):
        LIBC.prctl(24, capability, 0, 0, 0)


@pytest.fixture
def locked_folder(trained):
    """A workspace that nobody may write."""
    everything = [trained.folder, *trained.folder.rglob("*")]
    for path in everything:
        path.chmod(0o500 if path.is_dir() else 0o400)
    probe = ["test", "-w", str(trained.folder)]
    if (
        1
        != subprocess.run(
            probe, check=False, preexec_fn=bound_by_permissions
        ).returncode
    ):
        pytest.skip("permissions bind nobody here")
    yield trained.folder
    for path in everything:
        path.chmod(0o700)


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["status", "--subjects", "--json"],
        ["summary"],
        ["log"],
        ["show", "2.1"],
        ["verify", "--level", "0"],
    ],
    ids=lambda command: "-".join(command[:2]),
)
def test_read_commands_in_a_folder_that_may_not_be_written(locked_folder, command):
    """They work, and not a byte changes."""
    folder = locked_folder
    before = snapshot(folder)
    where = [folder] if command[0] == "verify" else ["-w", folder]
    ran = run(command[0], *where, *command[1:], preexec_fn=bound_by_permissions)

    assert (0, "") == (ran.returncode, ran.stderr)
    assert ran.stdout
    assert before == snapshot(folder)


def test_write_commands_in_a_folder_that_may_not_be_written(locked_folder):
    """70 in one line, and not a byte changes."""
    folder = locked_folder
    before = snapshot(folder)
    ran = run("erase", "s-1", "-w", folder, preexec_fn=bound_by_permissions)

    assert 70 == ran.returncode
    assert 1 == len(ran.stderr.splitlines())
    assert "the disk refused the write" in ran.stderr
    assert before == snapshot(folder)


def test_a_real_process_from_the_first_to_the_last_command(tmp_path):
    """As it is installed: exit codes and streams of real processes."""
    (tmp_path / "in").write_bytes(jsonl(RECORDS))
    made = run("init", tmp_path / "acme")
    ingested = run("ingest", tmp_path / "in", "-w", tmp_path / "acme")
    erased = run("erase", "s-1", "-w", tmp_path / "acme", "--json")
    verified = run("verify", tmp_path / "acme", "--root", made.stdout.strip())

    assert [0, 0, 0, 0] == [
        one.returncode for one in (made, ingested, erased, verified)
    ]
    assert "error" not in made.stderr + ingested.stderr + erased.stderr
    assert [] == leaks(tmp_path / "acme", secrets_of("jane"))
