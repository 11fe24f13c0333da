"""The Trainer in two processes: each counts its own, and both stop at one step."""

import json
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from torch import distributed, multiprocessing  # noqa: E402

if not (distributed.is_available() and distributed.is_gloo_available()):
    pytest.skip("this build of torch has no gloo", allow_module_level=True)
if sys.platform != "linux":
    pytest.skip("loopback has another name here", allow_module_level=True)

from tests.unit.integrations.trainer_workers import WORLD, work  # noqa: E402

LIMIT = 8_000_000
"""FLOP of a few steps of both ranks."""


def test_two_ranks_of_a_trainer(tmp_path, monkeypatch):
    """Batches differ by rank, counts are what ran, and the budget is of both."""
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    multiprocessing.spawn(work, args=(tmp_path, LIMIT), nprocs=WORLD)
    found = [
        json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(WORLD)
    ]
    used = sum(said["flop"]["forward"] + said["flop"]["backward"] for said in found)

    assert found[0]["steps"] == found[1]["steps"] > 1
    assert LIMIT / 2 < used < 2 * LIMIT
    assert found[0]["flop"] != found[1]["flop"]
    for said in found:
        assert "DistributedDataParallel" == said["wrapper"]
        assert {} == said["faults"]
        assert said["live_forward"] == said["flop"]["forward"]
        assert said["live_backward"] == said["flop"]["backward"]
