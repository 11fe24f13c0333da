"""A training of shards that is killed at any step, then resumed.

It ends in the weights of the one that was not killed, to the bit. What survives is its
compute, to the integer; what was executed is that and what was done twice.
"""

import random
import shutil
import signal
import subprocess
import sys
from collections import Counter

from ledger.events.training import RunFinished, RunStarted, StepsMetered
from ledger.export.compute_status import compute_facts
from ledger.vault.seeds import Seeds
from tests.crash.killing import ROOT, run_and_kill
from tests.unit.workspace import fixtures
from tests.unit.workspace.fixtures import tiny_training, trained_once

KILLS, KILLS_SOAK = 1, 50
MOMENTS = 44
"""Moments of one training, as its process tells them."""

MODULE = "tests.crash.training_child"

__all__ = ["tiny_training", "trained", "trained_once"]

trained = fixtures.trained


def train(office, *options):
    """Train in a process of its own, to the end."""
    command = [sys.executable, "-m", MODULE, "train", "-w", str(office.folder)]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, check=False
    )
    assert 0 == done.returncode, done.stderr


def with_secrets(office):
    """Make the secrets of the next generation, so that copies draw the same seeds."""
    with office.open() as workspace:
        map_id = workspace.states()["shards"].current_map
        for shard in range(2):
            for number in range(2):
                Seeds(workspace.vault).secret(
                    map_id, shard=shard, slice_=number, generation=1
                )
    return office


def newest(office):
    """The compute of the newest training, as `status` has it."""
    with office.open() as workspace:
        return compute_facts(workspace.states()["compute"])["trainings"][-1]


def executed(office, since):
    """FLOP of every step on record after the runs that were there before."""
    runs = {one.run_id for one in office.events(RunStarted)[since:]}
    fields = [f for f in StepsMetered.__struct_fields__ if f.startswith("flop_")]
    return sum(
        int(getattr(one, field))
        for one in office.events(StepsMetered)
        if one.run_id in runs
        for field in fields
    )


def test_every_killed_training_ends_like_the_one_that_was_not(
    trained, tmp_path, request
):
    """One kill -9 each, then `train --resume`: same weights, same surviving FLOP.

    With `-s` it prints how many, and what was on record last when they were killed.
    """
    chance = random.Random(20_261_123)
    kills = KILLS_SOAK if request.config.getoption("--soak") else KILLS
    before = len(with_secrets(trained).events(RunStarted))
    whole = trained.copy(tmp_path / "whole")
    train(whole)
    last, twice = Counter(), 0
    for _ in range(kills):
        office = trained.copy(tmp_path / "killed")
        code, said = run_and_kill(
            ["train", "-w", str(office.folder)],
            chance,
            moments_min=8,
            moments_max=MOMENTS,
            wait_s=0.05,
            module=MODULE,
        )
        assert code in {-signal.SIGKILL, 0}, said
        last[type(office.events()[-1]).__name__] += 1
        is_begun = len(office.events(RunStarted)) > before
        if len(office.events(RunFinished)) == before:
            train(office, *(["--resume"] if is_begun else []))
        training, expected = newest(office), newest(whole)
        assert expected["surviving_flop"] == training["surviving_flop"]
        assert executed(office, before) == int(training["executed_flop"])
        redone = int(training["executed_flop"]) - int(training["surviving_flop"])
        assert redone == int(training["redone_flop"])
        ends = [one.events(RunFinished)[-1].adapters for one in (whole, office)]
        assert ends[0] == ends[1]
        office.check()
        twice += redone
        shutil.rmtree(office.folder)

    print(
        f"{kills} of {kills} killed trainings ended in the weights and the surviving "
        f"FLOP of the one that was not; done twice: {twice} FLOP in all; on record "
        f"last: {', '.join(f'{n} {what}' for what, n in last.most_common())}"
    )
