"""How passes are done: each way repeats its bits, and the meter counts it exactly."""

import hashlib

import pytest

torch = pytest.importorskip("torch")

from msgspec import UNSET  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from ledger.errors import InputError  # noqa: E402
from producers.metering.batch import Counted, total  # noqa: E402
from producers.training import devices  # noqa: E402
from producers.training.compute import compute_plan  # noqa: E402
from producers.training.model import make_base  # noqa: E402
from producers.training.pool import WorkerJob, _processes  # noqa: E402
from producers.training.recipe import (  # noqa: E402
    Recipe,
    capture_environment,
    make_recipe,
    parse_recipe,
)
from producers.training.replay import differences  # noqa: E402
from producers.training.settings import (  # noqa: E402
    Architecture,
    Compute,
    Lora,
    Privacy,
    Settings,
)
from producers.training.slices import train_slices  # noqa: E402
from producers.training.weights import decode_tensors, encode_tensors  # noqa: E402

TINY = Architecture(width=16, layers=2, heads=2, context=16)
# The last row is padded, so parts of a step have different numbers of targets.
SLICES = [[b"one fish two fish " * 7], [b"red fish ", b"blue fish " * 4]]
PRIVACY = Privacy(noise_multiplier_ppm=10**6, clip_norm_ppm=10**5)
WAYS = {
    "plain": {},
    "bf16": {"precision": "bf16"},
    "checkpointing": {"checkpointing": True},
    "accumulate": {"accumulate": 2},
    "all": {"precision": "bf16", "checkpointing": True, "accumulate": 4},
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.fixture(scope="module")
def base():
    model = make_base(TINY, seed=1)
    return {name: weight.detach() for name, weight in model.named_parameters()}


def settings_of(way, **changes):
    compute = Compute(**way) if way else UNSET
    fields = {
        "architecture": TINY,
        "lora": Lora(rank=2, alpha=4),
        "batch": 8,
        "epochs": 2,
        "compute": compute,
    }
    return Settings(**(fields | changes))


def train(base, settings, *, plan=None, first=0, parent=None):
    """Safetensors bytes after each slice, and the steps."""
    out, steps = [], []
    train_slices(
        base=base,
        parent=parent,
        slice_first=first,
        slices=SLICES,
        seeds=[11, 12],
        settings=settings,
        plan=plan,
        on_step=steps.append,
        on_slice=lambda _, tensors: out.append(encode_tensors(tensors)),
    )
    return out, steps


def digest(content):
    return hashlib.sha256(content).hexdigest()


def distance(one, other):
    """How far two adapters are apart, as a share of the length of the first."""
    one, other = decode_tensors(one), decode_tensors(other)
    apart = sum(float((one[name] - other[name]).square().sum()) for name in one)
    return (apart / sum(float(each.square().sum()) for each in one.values())) ** 0.5


@each_way
def test_same_inputs_give_the_same_bits(base, way):
    """Training is a function of its inputs, however its passes are done."""
    settings = settings_of(way)

    assert train(base, settings)[0] == train(base, settings)[0]


def test_resumed_equals_straight_through(base):
    """Resuming from the weights of the slice before changes nothing."""
    settings = settings_of(WAYS["all"])
    whole, _ = train(base, settings)
    resumed, _ = train(base, settings, first=1, parent=decode_tensors(whole[0]))

    assert whole[1:] == resumed


@pytest.mark.parametrize("way", [WAYS["bf16"], WAYS["all"]], ids=["bf16", "all"])
def test_metered_flop_is_what_torch_counts(base, way):
    """All steps together cost what torch's own counter finds in them, metered or not.

    That counter sees each product as it runs, those of a checkpoint included.
    """
    settings = settings_of(way)
    plan = compute_plan(settings)
    with FlopCounterMode(display=False) as counter:
        _, steps = train(base, settings, plan=plan)
    passes = [
        Counted(plan=plan, **{name: getattr(p, name) for name in p.__struct_fields__})
        for step in steps
        for p in step.passes
    ]

    assert plan.is_complete
    assert [] == [fault for step in steps for fault in step.faults]
    assert counter.get_total_flops() == sum(total(passes).values())


def test_metering_changes_no_bit(base):
    """A training that is metered gives the weights of one that is not."""
    settings = settings_of(WAYS["all"])
    metered, _ = train(base, settings, plan=compute_plan(settings))

    assert train(base, settings)[0] == metered


def test_checkpointing_changes_no_bit(base):
    """What is computed again is what was computed before."""
    plain, again = settings_of({}), settings_of(WAYS["checkpointing"])

    assert train(base, plain)[0] == train(base, again)[0]


def test_checkpointing_is_billed_as_recomputing(base):
    """Forward and backward cost what they did; the rest is a phase of its own."""
    plain = compute_plan(settings_of({}))
    again = compute_plan(settings_of(WAYS["checkpointing"]))

    assert (plain.forward, plain.backward) == (again.forward, again.backward)
    assert again.recompute.token > 0 == plain.recompute.token
    assert again.closed_form


@pytest.mark.parametrize("parts", [2, 8])
def test_parts_add_up_to_the_whole_step(base, parts):
    """The loss and the weights are those of whole steps, up to rounding.

    A mean of means would differ: the padded row has fewer targets than the others.
    """
    whole, whole_steps = train(base, settings_of({}))
    split, split_steps = train(base, settings_of({"accumulate": parts}))

    assert len(whole_steps) == len(split_steps)
    assert [one.loss for one in whole_steps] == pytest.approx(
        [one.loss for one in split_steps], rel=1e-5
    )
    assert distance(whole[-1], split[-1]) < 1e-3


def test_parts_are_counted_as_passes(base):
    """A step of a batch in parts is that many passes of fewer rows."""
    settings = settings_of({"accumulate": 4}, batch=8, steps_max=2)
    _, steps = train(base, settings, plan=compute_plan(settings))
    step = next(step for step in steps if step.batch == 8)

    assert [(2, 4, 4)] == [(p.batch, p.forwards, p.backwards) for p in step.passes]


def test_bf16_is_another_training_with_weights_of_32_bits(base):
    """Products are rounded; what is kept is not."""
    plain, _ = train(base, settings_of({}))
    rounded, _ = train(base, settings_of(WAYS["bf16"]))

    assert plain != rounded
    assert {torch.float32} == {t.dtype for t in decode_tensors(rounded[-1]).values()}
    assert distance(plain[-1], rounded[-1]) < 0.2


@pytest.mark.parametrize("way", ["bf16", "checkpointing"])
def test_private_training_repeats_its_bits(base, way):
    """A row's gradient is clipped in 32 bits whatever its products were made in."""
    settings = settings_of(WAYS[way], privacy=PRIVACY, batch=2, steps_max=2)

    assert train(base, settings)[0] == train(base, settings)[0]


@pytest.mark.parametrize(
    "way", [{"device": "cuda"}, {"accumulate": 2}], ids=["cuda", "accumulate"]
)
def test_private_training_that_would_not_be_one_is_refused(way):
    """Noise of another device, or parts of rows that go one by one, are not taken."""
    with pytest.raises(InputError, match="DP-SGD: expected --device cpu"):
        settings_of(way, privacy=PRIVACY)


def test_parts_that_do_not_divide_the_batch_are_refused():
    """Every full step has equal parts."""
    with pytest.raises(InputError, match="divisor of the batch of 8, found 3"):
        settings_of({"accumulate": 3})


def test_plain_settings_are_spelled_as_ever():
    """Defaults that are spelled out are refused: one meaning, one digest."""
    recipe = Recipe(settings=settings_of({}), environment=capture_environment())

    assert b"compute" not in recipe.canonical()
    assert b"accelerator" not in recipe.canonical()
    with pytest.raises(InputError, match="expected a choice or nothing"):
        Settings(compute=Compute())


@each_way
def test_recipe_is_read_back(way):
    """A recipe holds how passes are done, in one spelling."""
    recipe = make_recipe(settings_of(way))

    assert recipe == parse_recipe(recipe.canonical())


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_gpu_that_is_not_here_is_refused(base):
    """The message says what to do next."""
    settings = settings_of({"device": "cuda"})

    with pytest.raises(InputError, match="found none; train with --device cpu"):
        train(base, settings)


def test_recipe_of_a_gpu_is_not_re_executable_on_another_one(monkeypatch):
    """The verdict is the weaker level that exists, and not an error."""
    settings = settings_of({"device": "cuda"})
    there = ("GPU of another machine", "sm_90", "132 multiprocessors", "CUDA 12.9")
    monkeypatch.setattr(devices, "accelerator", lambda _: there)
    recipe = make_recipe(settings)
    monkeypatch.undo()

    assert ["accelerator"] == differences(recipe)


def test_shards_share_a_gpu_one_by_one():
    """On a processor as many train as there is room for; on a GPU one does."""
    recipe = make_recipe(settings_of({"device": "cuda"}))
    job = WorkerJob(shard=0, recipe=recipe, slices=[[]], seeds=[0])

    assert 1 == _processes([job] * 4)
