"""Children that run one command and are killed at a seeded moment."""

import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_and_kill(
    arguments,
    chance,
    *,
    moments_max,
    moments_min=0,
    number=signal.SIGKILL,
    wait_s=0.004,
    module="tests.unit.workspace.child",
):
    """Run a command, signal it at a moment that chance decides.

    The moment is a number of durable writes, at least `moments_min`, and up to `wait_s`
    more: the last wait is on the child's output, so it ends at the next write or within
    it.

    Returns:
        The child's exit status, 0 where it was done before, and what it said.
    """
    command = [sys.executable, "-m", module, *arguments]
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        for _ in range(chance.randrange(moments_min, moments_max)):
            if not child.stdout.readline():
                break
        select.select([child.stdout], [], [], chance.random() * wait_s)
        child.send_signal(number)
        _, said = child.communicate()
        return child.returncode, said.decode()
    finally:
        child.kill()
        child.wait()


def places(metafunc, *, moments, crashes, seed):
    """Where to crash: seeded places by default, every place under `--soak`."""
    if "place" not in metafunc.fixturenames:
        return
    chosen = range(moments)
    if not metafunc.config.getoption("--soak"):
        chosen = sorted(random.Random(seed).sample(chosen, crashes))
    metafunc.parametrize("place", chosen)
