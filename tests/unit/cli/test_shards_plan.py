"""tuneledger shards plan: what another cut would cost, without a write."""

from hashlib import sha256

import pytest

from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.workspace.office import RECORDS


@pytest.fixture
def shell(office, capsys):
    """A shell in a workspace with records."""
    office.ingest(RECORDS)
    return Shell(capsys, office.folder)


def digests(folder):
    """Every file of a workspace, by content."""
    return {
        path: sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_plans_every_combination_and_writes_nothing(shell):
    """Each S with each R; the workspace stays as it was."""
    before = digests(shell.folder)
    ran = shell.w(
        *("shards", "plan", "--shards", 2, "--shards", 4),
        *("--slices", 1, "--slices", 3, "--json"),
    )

    assert [(2, 1), (2, 3), (4, 1), (4, 3)] == [
        (one["shards"], one["slices"]) for one in ran.json()["plans"]
    ]
    assert len(RECORDS) == ran.json()["records"]
    assert before == digests(shell.folder)


def test_plans_the_settings_by_default(shell):
    """Without a choice the plan is for the settings' shards and slices."""
    ran = shell.w("shards", "plan")

    assert 0 == ran.code
    assert "records; bytes stand for tokens\nS = " in ran.out
    assert "of a full sharded retrain" in ran.out


def test_shards_without_a_subcommand_shows_the_shards(shell):
    """What shards hold is shown as before."""
    assert shell.w("shards", "--json").json()["shards"]


def test_options_before_the_subcommand_are_refused(shell):
    """An option that would have no effect is an error."""
    ran = shell.run("shards", "-w", shell.folder, "plan")

    check_one_error(ran, 2, "shards: expected options after plan")


def test_without_a_vault(shell):
    """Sizes and subjects are known where records were ingested."""
    [vault] = shell.folder.glob("*.vault")
    vault.unlink()

    check_one_error(shell.w("shards", "plan"), 2, "expected the vault")


@pytest.mark.parametrize(
    ("name", "value"),
    [("--shards", 0), ("--shards", 4097), ("--slices", 257), ("--batch", 0)],
    ids=["no-shard", "too-many-shards", "too-many-slices", "no-erasure"],
)
def test_numbers_out_of_range(shell, name, value):
    """A count outside of its range is refused."""
    check_one_error(shell.w("shards", "plan", name, value), 2, name)
