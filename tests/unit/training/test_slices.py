"""The training itself, in this process: what decides the weights and what does not."""

import hashlib

import pytest

torch = pytest.importorskip("torch")

from ledger.errors import InputError  # noqa: E402
from producers.training.compute import compute_plan  # noqa: E402
from producers.training.errors import TrainingError  # noqa: E402
from producers.training.model import make_base  # noqa: E402
from producers.training.recipe import Architecture, Lora, Settings  # noqa: E402
from producers.training.slices import (  # noqa: E402
    epochs_per_slice,
    pretrain,
    train_slices,
)
from producers.training.weights import decode_tensors, encode_tensors  # noqa: E402

TINY = Architecture(width=16, layers=2, heads=2, context=16)
BASE = Settings(architecture=TINY, lora=None, batch=4, epochs=3)
ADAPTER = Settings(architecture=TINY, lora=Lora(rank=2, alpha=4), batch=4, epochs=3)
SLICES = [[b"one fish two fish " * 3], [b"red fish ", b"blue fish " * 4], [b"old fish"]]
SEEDS = [11, 12, 2**64 - 1]


@pytest.fixture(scope="module")
def base():
    return pretrain(
        [b"some public text " * 20], seed=1, settings=BASE, plan=None, on_step=ignore
    )


def ignore(*_):
    pass


def train(base, slices=SLICES, seeds=SEEDS, first=0, parent=None, **given):
    """Safetensors bytes after each slice."""
    out = []
    train_slices(
        base=base,
        parent=parent,
        slice_first=first,
        slices=slices,
        seeds=seeds,
        on_step=ignore,
        on_slice=lambda _, tensors: out.append(encode_tensors(tensors)),
        **{"settings": ADAPTER, "plan": None, **given},
    )
    return out


def digests(contents):
    return [hashlib.sha256(content).hexdigest() for content in contents]


def test_same_inputs_give_the_same_bits(base):
    """Training is a function of its inputs."""
    assert digests(train(base)) == digests(train(base))


def test_metering_changes_no_bit(base):
    """A training that is metered gives the weights of one that is not."""
    plan = compute_plan(ADAPTER)

    assert plan.is_complete
    assert digests(train(base)) == digests(train(base, plan=plan))


def test_steps_say_what_was_counted(base):
    """Each step is one pass forward and one backward of its shape."""
    steps = []
    train_slices(
        base=base,
        parent=None,
        slice_first=0,
        slices=SLICES,
        seeds=SEEDS,
        settings=ADAPTER,
        plan=compute_plan(ADAPTER),
        on_step=steps.append,
        on_slice=ignore,
    )

    for step in steps:
        (passes,) = step.passes
        assert (step.batch, step.sequence) == (passes.batch, passes.sequence)
        assert ("train", True) == (passes.phase, passes.has_gradient)
        assert (1, 1, []) == (passes.forwards, passes.backwards, step.faults)


def test_plan_of_another_model_counts_nothing(base):
    """A plan holds for the model that it was traced of, and for no other."""
    steps = []
    pretrain(
        [b"x" * 40],
        seed=1,
        settings=BASE,
        plan=compute_plan(ADAPTER),
        on_step=steps.append,
    )

    assert [([], ["plan_of_another_model"])] == [
        (step.passes, step.faults) for step in steps[:1]
    ]


@pytest.mark.parametrize("first", [1, 2])
def test_resumed_equals_straight_through(base, first):
    """From any slice on, resuming from the weights before it changes nothing."""
    whole = train(base)
    resumed = train(base, first=first, parent=decode_tensors(whole[first - 1]))

    assert digests(whole[first:]) == digests(resumed)


def test_seeds_of_slices_before_the_first_do_not_matter(base):
    """A slice depends on its own seed and its parent alone."""
    parent = decode_tensors(train(base)[1])
    one = train(base, first=2, parent=parent)
    other = train(base, first=2, parent=parent, seeds=[0, 0, SEEDS[2]])

    assert digests(one) == digests(other)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_seed_changes_its_slice_and_those_after(base, k):
    """Another seed gives other weights from its slice on, and none before."""
    seeds = [seed ^ (i == k) for i, seed in enumerate(SEEDS)]
    one, other = digests(train(base)), digests(train(base, seeds=seeds))

    assert [i < k for i in range(3)] == [
        a == b for a, b in zip(one, other, strict=True)
    ]


@pytest.mark.parametrize("k", [0, 1, 2])
def test_one_byte_changes_its_slice_and_those_after(base, k):
    """A record that differs by one bit gives other weights from its slice on."""
    slices = [list(part) for part in SLICES]
    slices[k][0] = bytes([slices[k][0][0] ^ 1]) + slices[k][0][1:]
    one, other = digests(train(base)), digests(train(base, slices))

    assert [i < k for i in range(3)] == [
        a == b for a, b in zip(one, other, strict=True)
    ]


def test_order_of_records_matters(base):
    """Records are packed in the caller's order."""
    slices = [SLICES[0], SLICES[1][::-1], SLICES[2]]

    assert digests(train(base))[1] != digests(train(base, slices))[1]


def test_base_stays_frozen(base):
    """Only the adapter is trained and saved."""
    before = encode_tensors(base)
    adapter = decode_tensors(train(base)[-1])

    assert before == encode_tensors(base)
    assert all(".lora_" in name for name in adapter)


def test_shard_without_records_has_a_new_adapter(base):
    """With nothing to train on, every slice has the adapter that changes nothing."""
    contents = train(base, [[], [], []])
    updates = [t for n, t in decode_tensors(contents[0]).items() if "lora_b" in n]

    assert 1 == len(set(contents))
    assert all(not update.any() for update in updates)


def test_slice_that_adds_nothing_is_trained_again(base):
    """Slice k trains on slices 0..k even where k itself is empty."""
    contents = train(base, [SLICES[0], [], SLICES[2]])

    assert 3 == len(set(contents))


def test_loss_falls(base):
    """Training learns."""
    losses = []
    pretrain(
        [b"a rose is a rose is a rose " * 40],
        seed=3,
        settings=BASE,
        plan=None,
        on_step=lambda step: losses.append(step.loss),
    )

    assert losses[-1] < losses[0] / 1.2


def test_slices_cost_as_much_as_their_epochs():
    """Cumulative slices of equal size add up to the epochs asked for."""
    for slices in (1, 2, 3, 8):
        passes = epochs_per_slice(6, slices) * sum(range(1, slices + 1)) / slices
        assert pytest.approx(6) == passes


def test_steps_are_capped(base):
    """No slice takes more steps than the recipe allows."""
    steps = []
    train_slices(
        base=base,
        parent=None,
        slice_first=0,
        slices=SLICES,
        seeds=SEEDS,
        settings=Settings(architecture=TINY, lora=Lora(rank=1), batch=1, steps_max=2),
        plan=None,
        on_step=lambda step: steps.append(step.slice),
        on_slice=ignore,
    )

    assert [0, 0, 1, 1, 2, 2] == steps


def test_diverged_training_is_an_error():
    """A loss that is no number ends the run."""
    base = {
        name: torch.full_like(p.detach(), float("nan"))
        for name, p in make_base(TINY, seed=0).named_parameters()
    }

    with pytest.raises(TrainingError, match="finite"):
        train(base)


def test_weights_of_another_shape_are_refused(base):
    """A base of another architecture does not fit."""
    other = Settings(architecture=Architecture(width=32, layers=2, heads=2, context=16))

    with pytest.raises(InputError, match="do not fit"):
        train(base, settings=other)


@pytest.mark.parametrize(
    ("first", "has_parent"), [(0, True), (1, False)], ids=["too-much", "missing"]
)
def test_parent_and_first_slice_belong_together(base, first, has_parent):
    """A parent is needed after slice 0, and only there."""
    parent = decode_tensors(train(base)[0]) if has_parent else None

    with pytest.raises(InputError, match="parent"):
        train(base, first=first, parent=parent)


def test_pretraining_with_an_adapter_is_refused():
    """A base is trained whole."""
    with pytest.raises(InputError, match="without lora"):
        pretrain([b"x"], seed=1, settings=ADAPTER, plan=None, on_step=ignore)


def test_adapter_training_without_an_adapter_is_refused(base):
    """A shard is trained as an adapter."""
    with pytest.raises(InputError, match="with lora"):
        train(base, settings=BASE)
