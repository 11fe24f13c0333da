"""The command `flops audit` on a workspace that trained."""

import shutil

import pytest

pytest.importorskip("torch")

from ledger.events.training import RunFinished
from producers.commands.flops_audit import _exit_code
from producers.metering.audit import AuditedRun
from producers.metering.physics import Physics


def test_audit_of_a_workspace(shell, trained):
    """Every run's plan is traced again from the recipe that was kept."""
    ran = shell.run("flops", "audit", trained.folder)
    runs = [event.run_id for event in trained.events(RunFinished)]
    lines = ran.out.splitlines()

    assert (0, "") == (ran.code, ran.err)
    assert runs == [line.split()[0] for line in lines[::2]]
    assert all(
        "  equal  plans 1," in line and line.endswith("  complete")
        for line in lines[::2]
    )
    speed = "  speed not bounded: no peak is known of the device cpu"
    assert {speed} == set(lines[1::2])


def test_audit_of_a_ledger_alone(shell, trained, tmp_path):
    """Without the recipes the plans are not derivable; batches are checked."""
    copy = tmp_path / "copy.ledger"
    shutil.copy(trained.folder / "acme.ledger", copy)
    alone = shell.run("flops", "audit", copy)
    beside = shell.run(
        *("flops", "audit", copy, "--evidence", trained.folder / "evidence", "--json")
    )

    assert (5, 0) == (alone.code, beside.code)
    assert alone.out.count("not derivable") == len(beside.json()["runs"])
    assert {"equal"} == {run["verdict"] for run in beside.json()["runs"]}


def test_audit_of_a_ledger_without_runs(here):
    """There is nothing to compare."""
    here.run("init", here.folder / "acme")
    ran = here.run("flops", "audit", here.folder / "acme")

    assert (0, "no run\n", "") == (ran.code, ran.out, ran.err)


def test_audit_of_no_ledger(here):
    """A folder that is no workspace is refused."""
    ran = here.run("flops", "audit", here.folder / "nothing")

    assert 6 == ran.code


@pytest.mark.parametrize(
    ("verdict", "speed", "code"),
    [
        ("equal", "possible", 0),
        ("equal", "implausible", 0),
        ("equal", "not_bounded", 0),
        ("equal", "impossible", 1),
        ("not_derivable", "impossible", 1),
        ("not_derivable", "implausible", 5),
        ("differs", "possible", 1),
    ],
)
def test_exit_code(verdict, speed, code):
    """A finding goes before what could not be derived; a doubt changes nothing."""
    run = AuditedRun(
        run_id="",
        model_name="acme",
        verdict=verdict,
        reason="",
        plans=1,
        batches=1,
        faults=(),
        physics=Physics(speed=speed, reason=""),
    )

    assert code == _exit_code([run])
