"""The command `flops audit` on a workspace that trained."""

import shutil

import pytest

pytest.importorskip("torch")

from ledger.events.training import RunFinished


def test_audit_of_a_workspace(shell, trained):
    """Every run's plan is traced again from the recipe that was kept."""
    ran = shell.run("flops", "audit", trained.folder)
    runs = [event.run_id for event in trained.events(RunFinished)]

    assert (0, "") == (ran.code, ran.err)
    assert runs == [line.split()[0] for line in ran.out.splitlines()]
    assert all(
        "  equal  plans 1," in line and line.endswith("  complete")
        for line in ran.out.splitlines()
    )


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
