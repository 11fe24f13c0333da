"""Training on a CUDA device: the bits repeat, and the meter counts the same."""

import pytest

torch = pytest.importorskip("torch")

from producers.training.compute import compute_plan  # noqa: E402
from producers.training.recipe import capture_environment  # noqa: E402
from tests.unit.training.test_devices import (  # noqa: E402
    base,
    distance,
    each_way,
    settings_of,
    train,
)

__all__ = ["base"]
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@each_way
def test_gpu_repeats_its_bits(base, way):
    """A training on a GPU gives the same weights again on it."""
    settings = settings_of({**way, "device": "cuda"})

    assert train(base, settings)[0] == train(base, settings)[0]


@each_way
def test_gpu_gives_what_the_processor_gives(base, way):
    """Up to rounding: with the same passes, counted as the same FLOP."""
    here, there = settings_of(way), settings_of({**way, "device": "cuda"})
    one, one_steps = train(base, here, plan=compute_plan(here))
    other, other_steps = train(base, there, plan=compute_plan(there))

    assert [step.passes for step in one_steps] == [step.passes for step in other_steps]
    assert distance(one[-1], other[-1]) < 0.2


def test_recipe_names_the_gpu():
    """GPU, CUDA and cuDNN are part of what decides the bits."""
    environment = capture_environment(settings_of({"device": "cuda"}))

    assert torch.cuda.get_device_name(0) == environment.accelerator[0]
    assert f"CUDA {torch.version.cuda}" in environment.accelerator
