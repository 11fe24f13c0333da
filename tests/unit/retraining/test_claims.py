"""The claim of a repeated training, for a program to read."""

import pytest

pytest.importorskip("torch")

from producers.retraining import verify
from tests.unit.cli.shell import Shell, check_one_error


@pytest.fixture
def shell(capsys, trained):
    """Commands on a trained office."""
    return Shell(capsys, trained.folder)


def test_claims_as_json(shell):
    """Level and digests of each shard; a run may be begun with 8 digits."""
    run_id = shell.w("retrain", "--verify", "--json").json()["claims"][0]["run_id"]
    ran = shell.w("retrain", "--verify", run_id[:8], "--shard", "0", "--json")
    [claim] = ran.json()["claims"]

    assert 0 == ran.code
    assert "tuneledger.replay/1" == ran.json()["schema"]
    assert ("bitwise_equal", None, "") == (
        claim["outcome"],
        claim["differs_at"],
        claim["found_sha256"],
    )
    assert run_id == claim["run_id"]


def test_the_first_difference(shell, monkeypatch):
    """The slice, and what it came out as; exit code 1, and the document stands."""
    monkeypatch.setattr(
        verify, "replay", lambda jobs: [["00" * 32] * len(one.slices) for one in jobs]
    )
    ran = shell.w("retrain", "--verify", "--json")
    claims = ran.json()["claims"]

    check_one_error(ran, 1, "a clean process gives other weights")
    assert {("differs", 0, "00" * 32)} == {
        (one["outcome"], one["differs_at"], one["found_sha256"]) for one in claims
    }


def test_json_of_nothing(shell):
    """What retrain does without --verify has no document."""
    check_one_error(shell.w("retrain", "--json"), 2, "--json: expected --verify")
