"""A new adapter shows its seed; what noise comes from must not follow from that."""

import pytest

torch = pytest.importorskip("torch")

from msgspec.structs import replace  # noqa: E402

from producers.training.settings import (  # noqa: E402
    Architecture,
    Lora,
    Privacy,
    Settings,
)
from producers.training.slices import pretrain, train_slices  # noqa: E402
from producers.training.weights import encode_tensors  # noqa: E402

TINY = Architecture(width=8, layers=1, heads=1, context=8)
PLAIN = Settings(architecture=TINY, lora=Lora(rank=2, alpha=4), batch=2, epochs=1)
NOISY = replace(PLAIN, privacy=Privacy(noise_multiplier_ppm=10**6, clip_norm_ppm=10**5))
BASE = Settings(architecture=TINY, lora=None, batch=4, epochs=1)


def weights(settings, seed, records):
    """What a shard of one slice ends with."""
    base = pretrain(
        [b"public text"], seed=1, settings=BASE, plan=None, on_step=lambda _: None
    )
    found = []
    train_slices(
        base=base,
        parent=None,
        slice_first=0,
        slices=[records],
        seeds=[seed],
        settings=settings,
        plan=None,
        on_step=lambda _: None,
        on_slice=lambda _, tensors: found.append(encode_tensors(tensors)),
    )
    return found[0]


@pytest.mark.parametrize("settings", [PLAIN, NOISY], ids=["plain", "with noise"])
def test_new_adapter_shows_64_bits_at_most(settings):
    """Whoever has it and tries all of them has not yet found the noise."""
    assert weights(settings, 7, []) == weights(settings, 7 + 2**64, [])


@pytest.mark.parametrize("bit", [64, 255])
def test_noise_comes_from_every_bit(bit):
    """Seeds that give the same adapter give another noise."""
    records = [b"one fish two fish"]

    assert weights(NOISY, 7, records) != weights(NOISY, 7 + 2**bit, records)


def test_training_without_noise_needs_64_bits():
    """It has the bits that it had with shorter seeds."""
    records = [b"one fish two fish"]

    assert weights(PLAIN, 7, records) == weights(PLAIN, 7 + 2**64, records)
