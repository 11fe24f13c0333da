"""DP-SGD: what a row can change is bounded, and every pass is counted.

None of this needs Opacus, which only says what epsilon follows.
"""

import hashlib
import math

import msgspec
import pytest

torch = pytest.importorskip("torch")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from ledger.errors import InputError  # noqa: E402
from producers.metering.meter import Meter  # noqa: E402
from producers.training.base_files import NO_FILES  # noqa: E402
from producers.training.compute import compute_plan  # noqa: E402
from producers.training.errors import TrainingError  # noqa: E402
from producers.training.language import open_model  # noqa: E402
from producers.training.packing import pack  # noqa: E402
from producers.training.private import private_gradients, sample_rate_ppb  # noqa: E402
from producers.training.recipe import Architecture, Lora, Settings  # noqa: E402
from producers.training.settings import Privacy  # noqa: E402
from producers.training.slices import pretrain, train_slices  # noqa: E402
from producers.training.weights import decode_tensors, encode_tensors  # noqa: E402

TINY = Architecture(width=16, layers=2, heads=2, context=16)
BASE = Settings(architecture=TINY, lora=None, batch=4, epochs=3)
PRIVACY = Privacy(noise_multiplier_ppm=10**6, clip_norm_ppm=10**5)
ADAPTER = Settings(
    architecture=TINY,
    lora=Lora(rank=2, alpha=4),
    batch=2,
    epochs=3,
    privacy=PRIVACY,
)
SLICES = [[b"one fish two fish " * 3], [b"red fish ", b"blue fish " * 4], [b"old fish"]]
SEEDS = [11, 12, 2**64 - 1]


class NoChance:
    """Draws the rows that it is told to, and no noise."""

    def __init__(self, rows=None):
        self.rows = rows

    def chosen(self, count, rate_ppb):
        return list(range(count)) if self.rows is None else self.rows

    def seeds(self, count):
        return list(range(count))

    def normal(self, count):
        return torch.zeros(count, dtype=torch.float64)


class OneNoise(NoChance):
    """Noise of one deviation everywhere."""

    def normal(self, count):
        return torch.ones(count, dtype=torch.float64)


@pytest.fixture(scope="module")
def base():
    return pretrain(
        [b"some public text " * 20],
        seed=1,
        settings=BASE,
        plan=None,
        on_step=lambda _: None,
    )


def train(base, slices=SLICES, seeds=SEEDS, first=0, parent=None, **given):
    """Safetensors bytes after each slice."""
    out = []
    train_slices(
        base=base,
        parent=parent,
        slice_first=first,
        slices=slices,
        seeds=seeds,
        on_slice=lambda _, tensors: out.append(encode_tensors(tensors)),
        **{
            "settings": ADAPTER,
            "plan": None,
            "on_step": lambda _: None,
            **given,
        },
    )
    return out


def digests(contents):
    return [hashlib.sha256(content).hexdigest() for content in contents]


def shaken(base):
    """A model whose adapter does something, so that all of it has a gradient."""
    model = open_model(ADAPTER, NO_FILES, base, seed=3)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for weight in model.adapter().values():
            weight.normal_(0, 0.1, generator=generator)
    return model


ROWS = pack([b"one fish two fish red fish blue fish " * 2], sequence=16)


def gradient(model, draws, *, rows=ROWS, clip_norm_ppm=10**5, batch=2):
    """What one step leaves for the optimizer, as one vector."""
    weights = list(model.adapter().values())
    privacy = msgspec.structs.replace(PRIVACY, clip_norm_ppm=clip_norm_ppm)
    lots = private_gradients(
        model, weights, rows, batch=batch, steps=1, privacy=privacy, draws=draws
    )
    lot = next(lots)
    return torch.cat([weight.grad.flatten() for weight in weights]), lot


def row_gradient(model, row):
    """The gradient of one row by itself, as one vector."""
    weights = list(model.adapter().values())
    loss = model.loss(
        ROWS.input_NS[row : row + 1].long(), ROWS.target_NS[row : row + 1].long()
    )
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)])


def test_each_row_is_clipped_by_itself(base):
    """The sum holds every row's gradient, none of it longer than the norm."""
    model = shaken(base)
    rows = [row_gradient(model, row) for row in range(len(ROWS.input_NS))]
    norm = sorted(g.norm().item() for g in rows)[len(rows) // 2]
    clip_norm_ppm = int(norm * 10**6)
    clipped = [g * min(1, clip_norm_ppm / 1e6 / g.norm().item()) for g in rows]

    found, lot = gradient(model, NoChance(), clip_norm_ppm=clip_norm_ppm)

    torch.testing.assert_close(sum(clipped) / 2, found)
    assert (len(rows), 16) == (lot.rows, lot.sequence)


def test_one_row_changes_no_more_than_the_norm(base):
    """With and without a row, the sums differ by its clipped gradient alone."""
    model = shaken(base)
    rows = list(range(len(ROWS.input_NS)))
    with_all, _ = gradient(model, NoChance(rows), batch=1)
    without, _ = gradient(model, NoChance(rows[1:]), batch=1)

    assert (with_all - without).norm().item() == pytest.approx(0.1, rel=1e-4)


def test_noise_is_a_multiple_of_the_norm(base):
    """Its deviation is noise times norm over the rows that are expected."""
    model = shaken(base)
    noisy, _ = gradient(model, OneNoise())
    plain, _ = gradient(model, NoChance())

    torch.testing.assert_close(torch.full_like(plain, 0.1 / 2), noisy - plain)


def test_dropout_of_a_row_does_not_depend_on_the_others(base):
    """What a row adds is the same whichever rows were drawn beside it."""
    model = shaken(base)
    plain = model.module.forward
    dropout = torch.nn.functional.dropout
    model.module.forward = lambda tokens: dropout(plain(tokens), 0.5)
    with_all, _ = gradient(model, NoChance([0, 1, 2]), batch=1)
    without, _ = gradient(model, NoChance([1, 2]), batch=1)
    alone, _ = gradient(model, NoChance([0]), batch=1)

    torch.testing.assert_close(alone, with_all - without)


def test_step_without_a_row_is_noise_alone(base):
    """One row goes through, to be metered, and adds nothing."""
    found, lot = gradient(shaken(base), OneNoise([]))

    torch.testing.assert_close(torch.full_like(found, 0.1 / 2), found)
    assert 1 == lot.rows


def test_gradient_without_end_is_an_error(base):
    """A row that clips to nothing defined is not trained on."""
    model = shaken(base)
    with torch.no_grad():
        next(iter(model.adapter().values())).fill_(math.inf)

    with pytest.raises(TrainingError, match="gradient of a row"):
        gradient(model, NoChance())


@pytest.mark.parametrize(
    ("rows", "batch", "expected"),
    [(3, 1, 333_333_334), (8, 8, 10**9), (3, 8, 10**9), (10**10, 1, 1)],
)
def test_chance_is_stated_as_it_is(rows, batch, expected):
    """Rounded up, at least the smallest number and at most 1."""
    assert expected == sample_rate_ppb(rows, batch=batch)


def test_same_inputs_give_the_same_bits(base):
    """Noise follows from the seed, so a proof by training again holds."""
    assert digests(train(base)) == digests(train(base))


@pytest.mark.parametrize("first", [1, 2])
def test_resumed_equals_straight_through(base, first):
    """From any slice on, resuming from the weights before it changes nothing."""
    whole = train(base)
    resumed = train(base, first=first, parent=decode_tensors(whole[first - 1]))

    assert digests(whole[first:]) == digests(resumed)


def test_seed_decides_rows_and_noise(base):
    """Another seed gives other weights."""
    assert train(base)[0] != train(base, seeds=[10, *SEEDS[1:]])[0]


def test_metering_changes_no_bit(base):
    """A training that is metered gives the weights of one that is not."""
    assert digests(train(base)) == digests(train(base, plan=compute_plan(ADAPTER)))


def test_every_row_is_counted_as_a_pass(base):
    """A step is as many passes of one row as it had rows, and nothing is in doubt."""
    steps = []
    train(base, plan=compute_plan(ADAPTER), on_step=steps.append)

    assert len({step.batch for step in steps}) > 1
    for step in steps:
        (passes,) = step.passes
        assert (1, step.sequence) == (passes.batch, passes.sequence)
        assert (step.batch, step.batch) == (passes.forwards, passes.backwards)
        assert [] == step.faults
        assert step.sample_rate_ppb > 0


def test_plan_equals_measured(base):
    """What a step costs by the plan is what torch's own counter sees of it."""
    model, plan = shaken(base), compute_plan(ADAPTER)
    meter = Meter()
    meter.attach(model.module, plan=plan)
    with FlopCounterMode(display=False) as counter, meter.step():
        gradient(model, NoChance())
    [batch] = meter.batches()

    assert [] == list(batch.faults)
    assert counter.get_total_flops() == sum(batch.flop().values())


def test_slice_without_records_has_no_step(base):
    """Nothing is trained, so nothing is noisy."""
    steps = []
    train(base, slices=[[], [], []], on_step=steps.append)

    assert [] == steps


def test_base_from_scratch_is_not_private():
    """Only adapters are trained by DP-SGD."""
    with pytest.raises(InputError, match="expected lora"):
        Settings(architecture=TINY, lora=None, privacy=PRIVACY)
