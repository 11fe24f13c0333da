"""An erased text is gone to the bit, wherever it was.

A canary of an invented person is in one slice of a shard that memorises it. The same at
the size of the demo: tests/bench/unlearning.py.
"""

import pytest

pytest.importorskip("torch")

from producers.evaluation.canaries import Canary
from producers.evaluation.exposure import exposure
from producers.evaluation.min_k import min_k
from producers.evaluation.outcome import FLOORS, micro
from producers.serving.ensemble import Parts, open_ensemble
from producers.training.base_files import NO_FILES
from producers.training.recipe import Architecture, Lora, Settings
from producers.training.slices import pretrain, train_slices
from producers.training.weights import decode_tensors, encode_tensors

SHAPE = Architecture(width=32, layers=1, heads=2, context=32)
BASE = Settings(architecture=SHAPE, lora=None, batch=8, epochs=10)
ADAPTER = Settings(
    architecture=SHAPE,
    lora=Lora(rank=16),
    batch=8,
    epochs=60,
    learning_rate_ppm=30_000,
)
CANARY = Canary(prefix="pin of Una is ", secret="730", alphabet="0123456789", length=3)
OTHERS = [
    [b"a quiet text about stones"],
    [b"and one about rain"],
    [b"the last of them"],
]
SEEDS = [11, 12, 13]


@pytest.fixture(scope="module")
def base():
    digits = b" ".join(b"%03d" % (n * 37 % 1000) for n in range(300))
    return encode_tensors(
        pretrain([digits], seed=1, settings=BASE, plan=None, on_step=ignore)
    )


def ignore(*_):
    pass


def slices_with(victim):
    """The shard with the canary's texts in a slice."""
    slices = [list(part) for part in OTHERS]
    slices[victim] += [CANARY.text.encode()] * 8
    return slices


def train(base, slices, *, seeds, first=0, parent=None):
    """Safetensors bytes after each slice."""
    found = []
    train_slices(
        base=decode_tensors(base),
        parent=None if parent is None else decode_tensors(parent),
        slice_first=first,
        slices=slices,
        seeds=seeds,
        settings=ADAPTER,
        plan=None,
        on_step=ignore,
        on_slice=lambda _, tensors: found.append(encode_tensors(tensors)),
    )
    return found


def found(base, adapter):
    """What the probes of the canary give, as events have them."""
    parts = Parts(settings=ADAPTER, files=NO_FILES, base=base, adapters=[adapter])
    alone = Parts(settings=ADAPTER, files=NO_FILES, base=base)
    model = open_ensemble(parts).asked()
    return {
        "exposure": micro(exposure(model, CANARY)),
        "min_k": micro(min_k(model, open_ensemble(alone).asked(), CANARY)),
    }


@pytest.mark.parametrize("victim", [0, 1, 2], ids=["first", "middle", "last"])
def test_a_retrained_shard_equals_one_that_never_saw(base, victim):
    """Bit for bit; and the same seeds with the texts give other weights."""
    before = train(base, slices_with(victim), seeds=SEEDS)
    seeds = SEEDS[:victim] + [seed + 100 for seed in SEEDS[victim:]]
    parent = before[victim - 1] if victim else None

    retrained = train(base, OTHERS, seeds=seeds, first=victim, parent=parent)
    never_saw = train(base, OTHERS, seeds=seeds)
    control = train(base, slices_with(victim), seeds=seeds)

    assert never_saw == before[:victim] + retrained
    assert control[-1] != retrained[-1]
    assert found(base, never_saw[-1]) == found(base, retrained[-1])
    # Exposure above its floor takes a larger model: tests/bench/unlearning.py.
    assert FLOORS["min_k"] <= found(base, before[-1])["min_k"]
