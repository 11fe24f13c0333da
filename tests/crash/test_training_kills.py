"""Trainings in another loop, killed and resumed at seeded moments: what is on record.

The surviving total is that of a training that ran through, to the integer; what was
executed is that and what the kills made to be computed again.
"""

import functools
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from ledger import Ledger  # noqa: E402
from ledger.export.compute_status import compute_facts  # noqa: E402
from ledger.log.projector import project  # noqa: E402
from ledger.training.outside import drain_all  # noqa: E402
from producers.metering.meter import Meter  # noqa: E402
from tests.unit.metering.tiny import Tiny  # noqa: E402
from tests.unit.recording.training import STEPS, shapes  # noqa: E402
from tests.unit.workspace.office import new_office  # noqa: E402

ROOT = Path(__file__).parents[2]
KILLS = 50
SAMPLE = 1


def pytest_generate_tests(metafunc):
    """One seeded kill by default, fifty under `--soak`."""
    count = KILLS if metafunc.config.getoption("--soak") else SAMPLE
    metafunc.parametrize("seed", range(count))


@functools.cache
def costs():
    """FLOP of each step, by the plan of the model."""
    plan = Meter(strict=True).attach(Tiny())
    return [
        sum(
            cost.at(*shape)
            for shape in shapes(number)
            for cost in (plan.forward, plan.backward, plan.recompute)
        )
        for number in range(STEPS)
    ]


def train(office, out, seed, *, resumes="", lines=None):
    """Train in a process of its own, and kill it after so many lines of its output.

    Returns:
        Its exit status, and all that it said.
    """
    arguments = map(str, (office.folder, out, seed, resumes))
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.recording.training", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
    )
    said = []
    try:
        for line in child.stdout:
            said.append(line.split())
            if len(said) == lines:
                child.send_signal(signal.SIGKILL)
    finally:
        child.stdout.close()
        child.wait()
    return child.returncode, said


def events_of(said, kind):
    """The numbers that lines of one kind name."""
    return [int(line[1]) for line in said if line[0] == kind]


def test_kill_and_resume(seed, tmp_path):
    """Wherever it is killed: surviving is exact, and executed is that and redone."""
    chance = random.Random(seed)
    office, out = new_office(tmp_path / "acme"), tmp_path / "out"
    out.mkdir()
    # The child saves before its second step at the latest; kills come after that.
    code, said = train(office, out, seed, lines=chance.randint(4, STEPS))
    run_id = said[0][1]
    kept = max(events_of(said, "saved"))
    assert -signal.SIGKILL == code
    code, after = train(office, out, seed, resumes=run_id)
    assert 0 == code

    with Ledger.open(office.folder) as ledger:
        drain_all(ledger)
        state = project(ledger)["compute"]
    [training] = compute_facts(state)["trainings"]
    first = min(events_of(after, "step"))
    done = [*range(state.runs[run_id].steps), *range(first, STEPS)]
    executed = sum(costs()[number] for number in done)

    assert first >= kept
    assert sum(costs()) == int(training["surviving_flop"])
    assert executed == int(training["executed_flop"])
    assert executed - sum(costs()) == int(training["redone_flop"])
    office.check()
