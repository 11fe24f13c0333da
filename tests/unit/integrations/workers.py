"""What each of two processes does: steps under the meter and under live counting."""

import json
import os
import sys
from datetime import timedelta

import torch
from torch import distributed, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.nn.parallel import DistributedDataParallel

from producers.metering.integrations.budget import Budget, BudgetGuard
from producers.metering.integrations.loop import MeteredLoop
from producers.metering.integrations.ranks import this_rank
from tests.limits import end_by
from tests.unit.metering.live import LiveCounter
from tests.unit.metering.tiny import Perceptron, Tiny, adapt, ids, loss_of

WORLD = 2
QV = ("q_proj", "v_proj")
# Each rank has shapes of its own, so that a count taken from one rank would be wrong.
SHAPES = (((1, 7), (2, 5)), ((2, 9), (1, 4)))


class LocalCounter(LiveCounter):
    """Counts what runs on this rank, and not the whole that its parts stand for."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if any(issubclass(each, DTensor) for each in types):
            return NotImplemented
        if any(issubclass(each, FakeTensor) for each in types):
            return func(*args, **(kwargs or {}))  # to find out a shape; nothing runs
        return super().__torch_dispatch__(func, types, args, kwargs)


class Stack(nn.Module):
    """Two perceptrons, all of whose matrices can be cut in two."""

    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(32, 16)
        self.blocks = nn.ModuleList(Perceptron() for _ in range(2))

    def forward(self, input_ids):
        x = self.token(input_ids)
        for block in self.blocks:
            x = x + block(x)
        return x


def replicated(model):
    return DistributedDataParallel(model)


def sharded(model):
    for block in model.blocks:
        fully_shard(block)
    return fully_shard(model)


def sharded_by_wrapper(model):
    for number, block in enumerate(model.blocks):
        model.blocks[number] = FullyShardedDataParallel(
            block, use_orig_params=True, device_id=torch.device("cpu")
        )
    return FullyShardedDataParallel(
        model, use_orig_params=True, device_id=torch.device("cpu")
    )


def cut(model):
    mesh = init_device_mesh("cpu", (WORLD,), mesh_dim_names=("tp",))
    plan = {
        f"blocks.{number}.{name}": ColwiseParallel()
        for number in range(2)
        for name in ("gate_proj", "up_proj")
    } | {f"blocks.{number}.down_proj": RowwiseParallel() for number in range(2)}
    return parallelize_module(model, mesh, plan), mesh


def counted(name, make, wrap, rank):
    """Attach, wrap, run: what the meter says and what ran."""
    torch.manual_seed(0)
    model = make()
    wrapped, mesh = model, None
    loop = MeteredLoop(every=1)
    loop.attach(model)
    if name == "tensor":
        wrapped, mesh = wrap(model)
    else:
        wrapped = wrap(model)
    loop.rank = this_rank(mesh)
    shapes = SHAPES[0 if name == "tensor" else rank]
    with LocalCounter() as live:
        for shape in shapes:
            with loop.step():
                loss_of(wrapped(ids(*shape))).backward()
    account = loop.finish()
    return {
        "live_forward": live.forward,
        "live_backward": live.backward,
        "flop": account.flop,
        "faults": account.faults,
        "steps": account.steps,
        "tokens": account.tokens,
        "counts": loop.rank.counts,
    }


CASES = {
    "replicated": (Tiny, replicated),
    "replicated-adapters": (lambda: adapt(Tiny(), QV), replicated),
    "sharded": (Tiny, sharded),
    "sharded-checkpointed": (lambda: Tiny(mode="non-reentrant"), sharded),
    "sharded-adapters": (lambda: adapt(Tiny(), QV), sharded),
    "sharded-by-wrapper": (Tiny, sharded_by_wrapper),
    "tensor": (Stack, cut),
}


def sharded_first(rank):
    """Faults where the meter comes after the wrapper."""
    loop = MeteredLoop(rank=this_rank())
    loop.attach(sharded(Tiny()))
    with loop.step():
        pass
    return loop.finish().faults


def guarded(rank):
    """Steps until a budget over both ranks says stop; rank 1 does most of the work."""
    model = Tiny()
    alarms = []
    limit = 100_000_000
    guard = BudgetGuard(Budget(limit=limit, stop=True), on_alarm=alarms.append)
    loop = MeteredLoop(every=1, guard=guard, rank=this_rank())
    loop.attach(model)
    while not loop.should_stop:
        with loop.step():
            loss_of(model(ids(1 + 7 * rank, 16))).backward()
    account = loop.finish()
    return {
        "steps": account.steps,
        "used": account.flop["forward"] + account.flop["backward"],
        "limit": limit,
        "levels": [str(alarm.level) for alarm in alarms],
    }


def unknown_dimension():
    """What is said of a mesh whose ranks split sequences."""
    mesh = init_device_mesh("cpu", (1, WORLD), mesh_dim_names=("dp", "cp"))
    try:
        this_rank(mesh)
    except Exception as error:  # noqa: BLE001 - sent to the test
        return str(error)
    return ""


def work(rank, folder):
    """Run every case on one rank, and leave what it found in a file."""
    end_by()
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/store",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(minutes=4),
    )
    found = {name: counted(name, *case, rank) for name, case in CASES.items()}
    found["sharded-first"] = sharded_first(rank)
    found["guarded"] = guarded(rank)
    found["unknown-dimension"] = unknown_dimension()
    (folder / f"{rank}.json").write_text(json.dumps(found))
    leave()


def leave():
    """End this rank once all are here, without taking its objects apart.

    A reducer that is the last owner of a gloo group joins the group's thread while it
    holds the interpreter's lock; that thread may be waiting for the lock, to let go of
    the tensors of a gather. Then neither ends.
    """
    distributed.barrier()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
