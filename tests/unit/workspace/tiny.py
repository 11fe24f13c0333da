"""Training that takes a blink: tiny recipes, and workers that are plain calls.

They train with the same code; what fresh processes add is tested in tests/unit/training
and, for erasures, in tests/unit/erasure/test_processes.py.
"""

from producers.training import choose, fine_tune, replay, run
from producers.training.pool import WorkerJob
from producers.training.recipe import Architecture, Lora, Settings
from producers.training.retrain import Retrainer

ARCHITECTURE = Architecture(width=16, layers=1, heads=2, context=16)
TINY_BASE = Settings(architecture=ARCHITECTURE, lora=None, batch=4, steps_max=2)
TINY_ADAPTER = Settings(
    architecture=ARCHITECTURE, lora=Lora(rank=2, alpha=4), batch=4, steps_max=2
)


def train_here(jobs, *, on_step, on_slice, workers=None):
    """Do what workers do, one job after the other, in this process."""
    from producers.training import slices  # noqa: PLC0415 (loads torch)
    from producers.training.weights import (  # noqa: PLC0415
        decode_tensors,
        encode_tensors,
    )

    def train(job: WorkerJob):
        def step(done):
            on_step(job.shard, done)

        def done(k, tensors):
            on_slice(job.shard, k, encode_tensors(tensors))

        settings = job.recipe.settings
        if settings.lora is None:
            (records,), (seed,) = job.slices, job.seeds
            tensors = slices.pretrain(
                records, seed=seed, settings=settings, plan=job.plan, on_step=step
            )
            done(0, tensors)
            return
        slices.train_slices(
            base=decode_tensors(job.base),
            parent=decode_tensors(job.parent) if job.parent else None,
            slice_first=job.slice_first,
            slices=job.slices,
            seeds=job.seeds,
            settings=settings,
            plan=job.plan,
            on_step=step,
            on_slice=done,
            files=job.files,
        )

    for job in jobs:
        train(job)


def make_recipes_tiny(setitem=dict.__setitem__):
    """Let every command train the tiny recipes."""
    setitem(fine_tune.pretrain.__kwdefaults__, "settings", TINY_BASE)
    setitem(fine_tune.fine_tune.__kwdefaults__, "settings", TINY_ADAPTER)
    setitem(choose.choose.__kwdefaults__, "own_settings", TINY_ADAPTER)
    setitem(Retrainer.__init__.__kwdefaults__, "settings", TINY_ADAPTER)


def make_workers_calls(setattr_=setattr):
    """Let every command train in this process."""
    setattr_(run, "train_in_workers", train_here)
    setattr_(replay, "train_in_workers", train_here)
