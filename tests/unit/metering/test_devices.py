"""Memory and energy of a run's devices: read where they are counted, else nothing."""

import sys
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from producers.metering.energy import Energy, nvml_counters  # noqa: E402
from producers.metering.memory import PeakMemory  # noqa: E402
from producers.metering.peaks import device_name  # noqa: E402

no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="is about a CPU")


class Counter:
    """A device's memory, with a peak that a test sets."""

    def __init__(self):
        self.peak = 9

    def reset(self):
        self.peak = 0

    def peak_bytes(self):
        return self.peak


def test_peak_since_the_beginning():
    """What was in use before the run is not the run's."""
    counter = Counter()
    memory = PeakMemory(counter)
    before = memory.peak_bytes()
    counter.peak = 7

    assert (0, 7) == (before, memory.peak_bytes())


@pytest.mark.parametrize("name", ["reset", "peak_bytes"])
def test_memory_that_cannot_be_read(name):
    """It is not measured, and the training goes on."""

    def fail():
        raise RuntimeError("device lost")

    counter = Counter()
    counter.peak = 7
    setattr(counter, name, fail)

    assert 0 == PeakMemory(counter).peak_bytes()


@no_cuda
def test_without_an_accelerator():
    """Nothing is measured, and the device is named for what it is."""
    assert (0, 0, "cpu") == (
        PeakMemory().peak_bytes(),
        Energy(nvml_counters()).joules(),
        device_name(),
    )


@pytest.mark.parametrize(
    ("readings", "joules"),
    [
        ([[5_000, 9_000], [100, 2_099]], 5),
        ([[5_000, 5_999]], 0),
        ([[9_000, 5_000], [0, 90_000]], 0),
        ([[5_000], [100, 2_000]], 0),
        ([], 0),
    ],
    ids=["two-devices", "below-one", "driver-loaded-anew", "lost", "not-asked"],
)
def test_energy_since_the_beginning(readings, joules):
    """Differences of all devices, in whole joules; of a part nothing is said."""
    counters = [iter(each).__next__ for each in readings]

    assert joules == Energy(counters).joules()


def nvml(counted):
    """The library, for devices with these counters by their UUID."""
    return SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=lambda handle: counted[handle],
    )


@pytest.fixture
def visible(monkeypatch):
    """Two devices that this process sees, as the tensor library names them."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda number: SimpleNamespace(uuid=f"uuid-{number}"),
    )


def test_devices_are_found_by_their_uuid(visible, monkeypatch):
    """The library's own numbers would be others where a device is hidden."""
    counted = {"GPU-uuid-0": 1_000, "GPU-uuid-1": 5_000, "GPU-hidden": 10**9}
    monkeypatch.setitem(sys.modules, "pynvml", nvml(counted))
    energy = Energy(nvml_counters())
    counted.update({"GPU-uuid-0": 3_000, "GPU-uuid-1": 6_000, "GPU-hidden": 10**12})

    assert 3 == energy.joules()


def test_device_that_counts_no_energy(visible, monkeypatch):
    """One of two that cannot be read leaves both out."""
    monkeypatch.setitem(sys.modules, "pynvml", nvml({"GPU-uuid-0": 1_000}))

    assert () == nvml_counters()
