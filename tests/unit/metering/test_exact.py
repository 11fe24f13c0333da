"""What the meter says equals live counting and the closed form, to the integer."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from producers.flops.config import read_config  # noqa: E402
from producers.flops.cost import Cost  # noqa: E402
from producers.flops.count import Lora, Training, count  # noqa: E402
from producers.metering import formulas  # noqa: E402
from producers.metering.meter import Meter  # noqa: E402
from producers.metering.trace import trace  # noqa: E402
from tests.unit.metering.live import LiveCounter  # noqa: E402
from tests.unit.metering.tiny import (  # noqa: E402
    CONFIG,
    ROUTED,
    Tiny,
    adapt,
    ids,
    loss_of,
    switch,
)

ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
QV = ("q_proj", "v_proj")
MODES = ("none", "reentrant", "non-reentrant")
SHAPES = ((1, 7), (3, 12), (2, 1), (1, 7))


def case(kernel="fused", mode="none", targets=(), **options):
    """A model, and the closed form of the same step."""
    model = Tiny(kernel=kernel, mode=mode, **options)
    lora = None
    if targets:
        adapt(model, targets)
        lora = Lora(rank=4, targets=targets)
    training = Training(
        lora=lora,
        checkpointing=mode,
        attention=kernel,
        input_gradients=model.input_gradients,
    )
    config = ROUTED if options.get("routed") else CONFIG
    return model, count(read_config(config), training)


CASES = {
    "full-fused": {},
    "full-eager": {"kernel": "eager"},
    "full-reentrant": {"mode": "reentrant"},
    "full-non-reentrant": {"mode": "non-reentrant"},
    "tied": {"tied": True},
    "lora-qv-fused": {"targets": QV},
    "lora-qv-eager": {"targets": QV, "kernel": "eager"},
    "lora-v-eager": {"targets": ("v_proj",), "kernel": "eager"},
    "lora-qv-non-reentrant": {"targets": QV, "mode": "non-reentrant"},
    "lora-all-fused": {"targets": ALL},
    "lora-all-reentrant": {"targets": ALL, "mode": "reentrant"},
    "lora-all-non-reentrant": {"targets": ALL, "mode": "non-reentrant"},
    "routed-eager": {"routed": True, "kernel": "eager"},
    "routed-non-reentrant": {"routed": True, "mode": "non-reentrant"},
    "routed-lora-qv": {"routed": True, "targets": QV},
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_meter_equals_live_count_and_closed_form(options):
    """Forward, backward and recomputation of real steps, over several shapes."""
    model, closed = case(**options)
    meter = Meter(strict=True)
    plan = meter.attach(model, closed_form=closed)
    live = LiveCounter()
    for shape in SHAPES:
        with meter.step(), live:
            loss_of(model(ids(*shape))).backward()
    (batch,) = meter.batches()
    flop = batch.flop()

    assert plan.is_complete
    assert batch.is_complete
    assert live.forward == flop["forward"]
    assert live.backward == flop["backward"] + flop["recompute"]
    for phase in ("forward", "backward", "recompute"):
        assert sum(getattr(closed, phase).at(*shape) for shape in SHAPES) == flop[phase]


def test_accumulation_and_ragged_padding():
    """A step of several micro-batches of different lengths, padding as executed."""
    model, closed = case()
    meter = Meter(strict=True)
    meter.attach(model)
    live = LiveCounter()
    shapes = ((2, 5), (2, 9), (1, 3))
    with meter.step(), live:
        for shape in shapes:
            padded = ids(*shape)
            padded[0, shape[1] // 2 :] = 0
            loss_of(model(padded, attention_mask=padded > 0)).backward()
    (batch,) = meter.batches()

    assert 1 == batch.steps
    assert 2 * 5 + 2 * 9 + 3 == batch.tokens
    assert live.forward == batch.flop()["forward"]
    assert live.backward == batch.flop()["backward"] + batch.flop()["recompute"]
    for phase in ("forward", "backward", "recompute"):
        derived = sum(getattr(closed, phase).at(*shape) for shape in shapes)
        assert derived == batch.flop()[phase]


@pytest.mark.parametrize("options", [{}, {"targets": QV}], ids=["full", "lora"])
def test_compiled_step(options):
    """Compiling changes kernels and no product: the count is that of the eager step."""
    torch.compiler.reset()
    model, closed = case(**options)
    with LiveCounter() as live:
        loss_of(model(ids(2, 6))).backward()
    meter = Meter(strict=True)
    compiled = torch.compile(model, backend="aot_eager")
    meter.attach(compiled)
    with meter.step():
        loss_of(compiled(ids(2, 6))).backward()
    (batch,) = meter.batches()
    flop = batch.flop()
    torch.compiler.reset()

    assert live.forward == flop["forward"] == closed.forward.at(2, 6)
    assert live.backward == flop["backward"] + flop["recompute"]
    assert closed.backward.at(2, 6) == flop["backward"]


@pytest.mark.parametrize("mode", MODES)
def test_evaluation_in_between(mode):
    """A pass without gradients is evaluation, and adds nothing to training."""
    model, closed = case(mode=mode)
    meter = Meter(strict=True)
    meter.attach(model)
    with meter.step():
        loss_of(model(ids(2, 6))).backward()
        model.eval()
        with torch.no_grad(), LiveCounter() as evaluation:
            model(ids(3, 8))
        with torch.inference_mode():
            model(ids(1, 8))
        model.train()
        loss_of(model(ids(2, 6))).backward()
    (batch,) = meter.batches()
    flop = batch.flop()

    assert closed.inference.at(4, 8) == flop["evaluation"]
    assert evaluation.forward == closed.inference.at(3, 8)
    assert 2 * closed.forward.at(2, 6) == flop["forward"]
    assert 2 * closed.backward.at(2, 6) == flop["backward"]


def test_preference_step_with_adapters_off():
    """A reference pass through the frozen base is a phase of its own."""
    model, closed = case(targets=QV)
    meter = Meter(strict=True)
    meter.attach(model)
    switch(model, is_on=False)
    meter.attach_phase(model, "reference")
    switch(model, is_on=True)
    with meter.step():
        switch(model, is_on=False)
        with torch.no_grad(), meter.phase("reference"), LiveCounter() as live:
            model(ids(4, 6))
        switch(model, is_on=True)
        loss_of(model(ids(4, 6))).backward()
    (batch,) = meter.batches()

    assert live.forward == batch.flop()["reference"] == closed.reference.at(4, 6)
    assert closed.forward.at(4, 6) == batch.flop()["forward"]


def test_preference_step_with_a_second_model():
    """A reference model of its own is attached like the one in training."""
    policy, closed = case(targets=QV)
    reference, plain = case()
    meter = Meter(strict=True)
    meter.attach(policy)
    meter.attach(reference)
    with meter.step():
        with torch.no_grad(), meter.phase("reference"):
            reference(ids(2, 6))
        loss_of(policy(ids(2, 6))).backward()
    (batch,) = meter.batches()

    assert plain.inference.at(2, 6) == batch.flop()["reference"]
    assert closed.backward.at(2, 6) == batch.flop()["backward"]
    assert 0 == batch.flop()["evaluation"]


def test_reinforcement_step():
    """Answers drawn, rated, and learnt from: each kind of pass is in its own counter.

    As in GRPO (Shao and others 2024, section 4.1, arXiv:2402.03300): answers of a
    group, their reward, the reference for the divergence, then the update.
    """
    policy, closed = case(targets=QV)
    rater, plain = case()
    meter = Meter(strict=True)
    meter.attach(policy)
    meter.attach(rater)
    switch(policy, is_on=False)
    meter.attach_phase(policy, "reference")
    switch(policy, is_on=True)
    live = {name: LiveCounter() for name in ("rollout", "reward", "reference", "train")}
    asked, answer = 3, 4
    with meter.step():
        drawn = ids(4, asked)
        with torch.no_grad():
            with meter.phase("rollout"), live["rollout"]:
                for _ in range(answer):
                    last = policy(drawn)[:, -1].argmax(-1, keepdim=True)
                    drawn = torch.cat([drawn, last], dim=1)
            with meter.phase("reward"), live["reward"]:
                rewards = rater(drawn).mean((1, 2))
            switch(policy, is_on=False)
            with meter.phase("reference"), live["reference"]:
                reference = policy(drawn).log_softmax(-1)
            switch(policy, is_on=True)
        with live["train"]:
            logits = policy(drawn).log_softmax(-1)
            gain = (rewards - rewards.mean()).view(-1, 1, 1) * logits
            ((logits - reference).square() - gain).mean().backward()
    (batch,) = meter.batches()
    flop = batch.flop()
    whole = 4, asked + answer

    assert batch.is_complete
    assert {name: flop[name] for name in ("rollout", "reward", "reference")} == {
        name: counter.forward for name, counter in live.items() if name != "train"
    }
    assert live["train"].forward == flop["forward"] == closed.forward.at(*whole)
    assert live["train"].backward == flop["backward"] + flop["recompute"]
    assert closed.backward.at(*whole) == flop["backward"]
    assert closed.reference.at(*whole) == flop["reference"]
    assert plain.inference.at(*whole) == flop["reward"]
    assert flop["rollout"] == sum(
        closed.inference.at(4, asked + drawn) for drawn in range(answer)
    )


def test_auxiliary_training_is_its_own():
    """Forward and backward of another phase go to that phase."""
    model, closed = case()
    meter = Meter(strict=True)
    meter.attach(model)
    with meter.phase("auxiliary"):
        loss_of(model(ids(2, 6))).backward()
    (batch,) = meter.batches()
    flop = batch.flop()

    assert (closed.forward + closed.backward).at(2, 6) == flop["auxiliary"]
    assert closed.recompute.at(2, 6) == flop["recompute"]
    assert 0 == flop["forward"] == flop["backward"]


@pytest.mark.parametrize("phase", ["forward", "backward", "recompute", "inference"])
def test_planted_wrong_formula_is_found(phase):
    """A closed form that is off by one FLOP makes the plan incomplete."""
    model, closed = case()
    wrong = getattr(closed, phase) + Cost(token=1)

    assert () == trace(model, closed_form=closed).faults
    assert ("closed_form_differs",) == (
        trace(model, closed_form=dataclasses.replace(closed, **{phase: wrong})).faults
    )


def test_planted_wrong_operator_formula_is_found(monkeypatch):
    """An operator's formula that is off is found by the closed form."""
    model, closed = case()
    monkeypatch.setitem(
        formulas.FORMULAS, "mm", lambda args, result: formulas.OpCost(result.numel())
    )

    assert not trace(model, closed_form=closed).is_complete


def test_totals_have_no_upper_end():
    """Sums are integers past 2^64, and exact there."""
    model, closed = case()
    plan = trace(model)

    assert closed.forward.at(10**9, 10**9) == plan.forward.at(10**9, 10**9) > 2**64
