"""Workers that misbehave, and parents that go away."""

import subprocess
import sys

import msgspec
import pytest

pytest.importorskip("torch")

from ledger.errors import InputError
from producers.training import pool
from producers.training.errors import TrainingError, WorkerKilledError
from producers.training.pool import WorkerJob, train_in_workers
from producers.training.recipe import Architecture, Settings, make_recipe
from producers.training.wire import (
    Job,
    SliceHeader,
    StepDone,
    decode_message,
    need_frame,
    write_frame,
)
from producers.training.worker import ORPHANED

TINY = Architecture(width=16, layers=1, heads=2, context=16)
RECIPE = make_recipe(Settings(architecture=TINY, lora=None, epochs=1000))
SECRET = b"Ada Lovelace, 10 December 1815"
JOB = WorkerJob(shard=7, recipe=RECIPE, slices=[[SECRET] * 200], seeds=[1])

SAY = (
    "import sys\n"
    "def say(b): sys.stdout.buffer.write(len(b).to_bytes(4, 'big') + b)\n"
    "sys.stdin.buffer.read(4)\n"
)
STEP = 'b\'{"type":"step","slice":%d,"batch":1,"sequence":%d,"loss":1.0}\''
DONE = 'say(b\'{"type":"slice","slice":0}\'); say(b\'weights\')'


def ignore(*_):
    pass


def train(jobs, **callbacks):
    train_in_workers(jobs, **{"on_step": ignore, "on_slice": ignore, **callbacks})


def pretend(monkeypatch, source):
    """Put another program in the worker's place."""
    monkeypatch.setattr(pool, "COMMAND", (sys.executable, "-S", "-c", source))


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("raise SystemExit(9)", "expected exit status 0, found 9"),
        ("pass", "expected slice 0, found the end"),
        ("print('hello, world')", "expected a length, found garbage"),
        (SAY + "say(b'hello')", "message cannot be read"),
        (SAY + "say(b'\\xff')", "message cannot be read"),
        (SAY + "sys.stdout.write('ab')", "expected a length, found garbage"),
        (SAY + "sys.stdout.write('\\0\\0\\0\\5ab')", "expected 5 bytes, found 2"),
        (SAY + f"say({STEP % (3, 1)})", "expected slice 0, found slice 3"),
        (SAY + f"say({STEP % (0, 0)})", "message cannot be read"),
        (SAY + f"{DONE}; say({STEP % (1, 1)})", "expected no more slices"),
        (SAY + 'say(b\'{"type":"slice","slice":0}\')', "expected one more"),
        (SAY + 'say(b\'{"type":"refused","reason":"no"}\')', "no"),
    ],
    ids=[
        "crash",
        "silence",
        "print",
        "not-json",
        "not-utf8",
        "half-length",
        "half-frame",
        "other-slice",
        "no-position",
        "too-many-slices",
        "no-weights",
        "refusal",
    ],
)
def test_bad_worker_is_an_error(monkeypatch, source, complaint):
    """Whatever a worker does but its job, the run ends with a clear error."""
    pretend(monkeypatch, source)

    with pytest.raises(TrainingError, match=f"shard 7: .*{complaint}"):
        train([JOB])


@pytest.mark.parametrize(
    "seeds", [[], [1, 2], [-1], [2**256]], ids=["none", "two", "negative", "too-large"]
)
def test_seed_out_of_range_is_refused(seeds):
    """A slice has one seed of 256 bits; else no worker is started."""
    with pytest.raises(InputError, match="seeds of shard 7"):
        train([WorkerJob(shard=7, recipe=RECIPE, slices=[[SECRET]], seeds=seeds)])


def test_killed_worker_is_told_apart(monkeypatch):
    """A worker that a signal ended is not one that failed."""
    pretend(monkeypatch, "import os; os.kill(os.getpid(), 9)")

    with pytest.raises(WorkerKilledError, match="shard 7: ended by signal 9"):
        train([JOB])


def test_no_message_holds_a_record(monkeypatch, capfd):
    """A worker's failure tells nothing of what it was given."""
    pretend(monkeypatch, "import sys; sys.stdin.buffer.read(5000); raise SystemExit(9)")

    with pytest.raises(TrainingError) as caught:
        train([JOB])
    written = capfd.readouterr()

    assert SECRET.decode() not in str(caught.value) + written.out + written.err


def test_no_worker_outlives_its_parents_error(monkeypatch):
    """An error in one shard ends the workers of all others."""
    endless = SAY + f"say({STEP % (0, 1)}); sys.stdout.flush(); sys.stdin.read()"
    pretend(monkeypatch, endless)
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)

    def fail(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([JOB, JOB, JOB], on_step=fail, workers=3)
    assert len(started) == 3
    assert None not in [worker.returncode for worker in started]


def test_foreign_recipe_is_refused():
    """A worker does not pretend to re-execute what was made elsewhere."""
    there = msgspec.structs.replace(RECIPE.environment, cpu_capability="other")
    foreign = msgspec.structs.replace(RECIPE, environment=there)

    with pytest.raises(TrainingError, match="not re-executable here"):
        train([WorkerJob(shard=0, recipe=foreign, slices=[[b"x"]], seeds=[1])])


def test_worker_ends_with_its_parent():
    """A worker whose stdin ends stops in the middle of its training."""
    job = Job(
        kind="base",
        recipe=RECIPE.canonical().decode(),
        plan="",
        slice_first=0,
        slices=[SliceHeader(records=1, seed="0" * 64)],
    )
    with subprocess.Popen(
        pool.COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        for frame in (msgspec.json.encode(job), b"", b"", bytes(2**20)):
            write_frame(worker.stdin, frame)
        worker.stdin.flush()
        first = decode_message(need_frame(worker.stdout))
        worker.stdin.close()
        # The pipe must not fill up, or the worker would stop for that reason.
        worker.stdout.read()

    assert isinstance(first, StepDone)
    assert ORPHANED == worker.returncode
