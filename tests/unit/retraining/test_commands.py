"""`retrain` and `train --resume` as they are typed."""

import pytest

from tests.unit.cli.shell import Shell


@pytest.fixture
def shell(trained, capsys):
    """Runs commands on a trained office."""
    return Shell(capsys, trained.folder)


def test_verify(shell):
    """One line a shard, and exit code 0."""
    ran = shell.w("retrain", "--verify")

    assert 0 == ran.code, ran.err
    assert 2 == ran.out.count("bitwise_equal")


def test_verify_a_run_whose_records_are_gone(shell, trained):
    """Exit code 5: nothing is wrong, and not everything was checked."""
    run_id = shell.w("status", "--json").json()["runs"][-1]["run_id"]
    trained.erase("jane")
    ran = shell.w("retrain", "--verify", run_id)

    assert 5 == ran.code, ran.err
    assert "records_gone: it saw records that were erased" in ran.out


def test_verify_alone(shell):
    """It trains nothing, so it goes with no option that does."""
    ran = shell.w("retrain", "--pending", "--verify")

    assert 2 == ran.code
    assert "error: --verify: expected no other option than --shard" in ran.err


def test_nothing_pending(shell):
    """That is no error."""
    ran = shell.w("retrain", "--pending", "--quarantined")

    assert (0, "") == (ran.code, ran.out)


def test_pending(shell, trained):
    """An open erasure is finished."""
    trained.erase("jane", retrain=False)
    ran = shell.w("retrain", "--pending", "--shard", trained.shard_of("bob"))
    ran = shell.w("retrain", "--pending")

    assert 0 == ran.code, ran.err
    assert [] == [one for one in trained.shards().values() if one.needs_retrain]


def test_resume(shell, trained, stop_after):
    """The id of the run that goes on."""
    stop_after(trained, 1)
    ran = shell.w("train", "--resume")

    assert 0 == ran.code, ran.err
    assert shell.w("status", "--json").json()["runs"][-1]["run_id"] == ran.out.strip()


def test_nothing_to_resume(shell):
    """The newest training finished."""
    ran = shell.w("train", "--resume")

    assert 2 == ran.code
    assert "expected a run that failed" in ran.err
