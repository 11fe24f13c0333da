"""Trains a small model on a GPU in every way there is, and prints what came out.

Run `python -m tests.bench.cuda`; where there is no GPU it says so and ends well.
`--device cpu` does the same on the processor. For each way: whether a second training
gives the same bits, the last loss, the FLOP that the meter counted against torch's own
counter, seconds with the meter and without, and peak memory of the GPU.
"""

import argparse
import hashlib
import statistics
import time

import torch
from msgspec import UNSET
from torch.utils.flop_counter import FlopCounterMode

from producers.metering.batch import Counted, total
from producers.training.compute import compute_plan
from producers.training.devices import device_name
from producers.training.settings import Architecture, Compute, Settings
from producers.training.slices import pretrain, train_slices
from producers.training.weights import encode_tensors

RECORDS = [b"The quick brown fox jumps over the lazy dog. " * 40] * 8
SIZES = {
    "small": Architecture(width=32, layers=2, heads=2, context=32),
    "large": Architecture(width=1024, layers=8, heads=16, context=512),
}
WAYS = {
    "fp32": {},
    "bf16": {"precision": "bf16"},
    "checkpointing": {"checkpointing": True},
    "accumulate 4": {"accumulate": 4},
    "all": {"precision": "bf16", "checkpointing": True, "accumulate": 4},
}


def settings_of(size, device, way):
    """The settings of one way; plain ones have no `compute`."""
    compute = Compute(device=device, **way)
    return Settings(
        architecture=SIZES[size],
        batch=8,
        epochs=3,
        steps_max=12,
        compute=UNSET if compute == Compute() else compute,
    )


def train(base, settings, plan):
    """Digest of the weights, steps, and seconds of one training."""
    steps, digests = [], []
    start = time.perf_counter()
    train_slices(
        base=base,
        parent=None,
        slice_first=0,
        slices=[RECORDS],
        seeds=[7],
        settings=settings,
        plan=plan,
        on_step=steps.append,
        on_slice=lambda _, tensors: digests.append(
            hashlib.sha256(encode_tensors(tensors)).hexdigest()
        ),
    )
    return digests[0], steps, time.perf_counter() - start


def counted(steps, plan):
    """FLOP that the meter counted in all steps."""
    found = [
        Counted(plan=plan, **{name: getattr(p, name) for name in p.__struct_fields__})
        for step in steps
        for p in step.passes
    ]
    return sum(total(found).values())


def look(base, settings):
    """One line of results."""
    plan = compute_plan(settings)
    is_cuda = settings.passes.device == "cuda"
    with FlopCounterMode(display=False) as counter:
        first, steps, _ = train(base, settings, plan)
    if is_cuda:
        torch.cuda.reset_peak_memory_stats()
    with_meter, without = [], []
    for _ in range(3):
        second, _, seconds = train(base, settings, plan)
        with_meter.append(seconds)
        without.append(train(base, settings, None)[2])
    ours, theirs = counted(steps, plan), counter.get_total_flops()
    peak = torch.cuda.max_memory_allocated() if is_cuda else 0
    return {
        "bits": "same" if first == second else "differ",
        "loss": f"{steps[-1].loss:.6f}",
        "flop": f"{ours} = {theirs}" if ours == theirs else f"{ours} not {theirs}",
        "metered": f"{statistics.median(with_meter):.3f} s",
        "unmetered": f"{statistics.median(without):.3f} s",
        "peak": f"{peak} bytes",
    }


def main():
    """Print one line a way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        print("CUDA: not run")
        return
    base = pretrain(
        RECORDS,
        seed=1,
        settings=Settings(architecture=SIZES[given.size], lora=None, steps_max=2),
        plan=None,
        on_step=lambda _: None,
    )
    print(f"{device_name(Compute(device=given.device))}, torch {torch.__version__}")
    for name, way in WAYS.items():
        found = look(base, settings_of(given.size, given.device, way))
        print(f"{name}:", ", ".join(f"{k} {v}" for k, v in found.items()))


if __name__ == "__main__":
    main()
