"""Two processes that train together: each pass is counted once, to the integer."""

import json
import sys

import pytest

torch = pytest.importorskip("torch")

from torch import distributed, multiprocessing  # noqa: E402

if not (distributed.is_available() and distributed.is_gloo_available()):
    pytest.skip("this build of torch has no gloo", allow_module_level=True)
if sys.platform != "linux":
    pytest.skip("loopback has another name here", allow_module_level=True)

from producers.flops.config import read_config  # noqa: E402
from producers.flops.count import Lora, Training, count  # noqa: E402
from producers.metering.integrations.ranks import ALONE, this_rank  # noqa: E402
from tests.unit.integrations.workers import (  # noqa: E402
    CASES,
    QV,
    SHAPES,
    WORLD,
    work,
)
from tests.unit.metering.tiny import CONFIG  # noqa: E402


def derived(name, shapes):
    """Forward and backward FLOP of a case by its closed form."""
    training = Training(
        lora=Lora(rank=4, targets=QV) if "adapters" in name else None,
        checkpointing="non-reentrant" if "checkpointed" in name else "none",
    )
    cost = count(read_config(CONFIG), training)
    return {
        phase: sum(getattr(cost, phase).at(*shape) for shape in shapes)
        for phase in ("forward", "backward", "recompute")
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What both ranks say of every case."""
    folder = tmp_path_factory.mktemp("ranks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLOO_SOCKET_IFNAME", "lo")
        patch.setenv("OMP_NUM_THREADS", "1")
        multiprocessing.spawn(work, args=(folder,), nprocs=WORLD)
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(WORLD)]


@pytest.mark.parametrize("name", [name for name in CASES if name != "tensor"])
def test_each_rank_counts_its_own_passes(found, name):
    """With data parallelism, each rank's count is what ran on it."""
    for rank, said in enumerate(each[name] for each in found):
        flop = said["flop"]

        assert {} == said["faults"]
        assert len(SHAPES[rank]) == said["steps"]
        assert sum(b * s for b, s in SHAPES[rank]) == said["tokens"]
        assert said["live_forward"] == flop["forward"]
        assert said["live_backward"] == flop["backward"] + flop["recompute"]
        assert derived(name, SHAPES[rank]).items() <= flop.items()


def test_cut_matrices_are_counted_once(found):
    """With tensor parallelism, one rank counts what all of them ran together."""
    both = [each["tensor"] for each in found]

    assert [True, False] == [said["counts"] for said in both]
    assert [{}, {}] == [said["faults"] for said in both]
    assert [2, 2] == [said["steps"] for said in both]
    assert sum(said["live_forward"] for said in both) == both[0]["flop"]["forward"]
    assert sum(said["live_backward"] for said in both) == both[0]["flop"]["backward"]
    assert 0 == sum(both[1]["flop"].values())
    # Two perceptrons of three matrices of 16 x 24.
    assert 2 * 3 * 2 * 16 * 24 * both[0]["tokens"] == both[0]["flop"]["forward"]
    assert 2 * both[0]["flop"]["forward"] == both[0]["flop"]["backward"]


def test_meter_behind_the_wrapper(found):
    """A part of a model is refused, and the count says that it is not complete."""
    assert [True, True] == ["trace_failed" in each["sharded-first"] for each in found]


def test_budget_of_all_ranks(found):
    """Both ranks stop at the same step, in front of the limit of their sum."""
    first, second = (each["guarded"] for each in found)
    used = first["used"] + second["used"]
    step = used // first["steps"]

    assert first["steps"] == second["steps"]
    assert used <= first["limit"] < used + step
    assert ["1/2", "4/5", "19/20"] == first["levels"]
    assert [] == second["levels"]


def test_split_sequences_are_refused(found):
    """Ranks that see parts of a sequence are no ranks that can be counted by shape."""
    assert all("found cp" in each["unknown-dimension"] for each in found)


def test_one_process():
    """Without a process group there is one rank, and it counts."""
    assert ALONE == this_rank()
