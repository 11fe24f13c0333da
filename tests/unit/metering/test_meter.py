"""The hot path: what it reads, what it leaves alone, and what it says when it fails."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch._dynamo.utils import counters  # noqa: E402

from producers.metering.meter import Meter, MeteringError  # noqa: E402
from tests.unit.metering.tiny import Tiny, adapt, ids, loss_of  # noqa: E402


def attached(model=None, *, strict=True):
    model = Tiny() if model is None else model
    meter = Meter(strict=strict)
    meter.attach(model)
    return meter, model


def faults(meter):
    return {name: n for batch in meter.batches() for name, n in batch.faults.items()}


@pytest.mark.parametrize("when", ["never", "before", "after", "in-place"])
def test_compiled_graphs_do_not_change(when):
    """One graph and no break, whether the meter is there or not."""
    torch.compiler.reset()
    counters.clear()
    model, meter = Tiny(), Meter(strict=when != "never")
    if when == "before":
        meter.attach(model)
    if when == "in-place":
        model.compile(backend="aot_eager")
        called = model
    else:
        called = torch.compile(model, backend="aot_eager")
    if when in {"after", "in-place"}:
        meter.attach(called)
    for _ in range(2):
        with meter.step():
            loss_of(called(ids(2, 5))).backward()
    found = counters["stats"]["unique_graphs"], dict(counters["graph_break"])
    counted = sum(n.forwards for batch in meter.batches() for n in batch.counted)
    torch.compiler.reset()

    assert (1, {}) == found
    assert (0 if when == "never" else 2) == counted


class Around(nn.Module):
    """A model in adapters: its generation calls what is inside, past what is around."""

    def __init__(self):
        super().__init__()
        self.inner = Tiny()

    def get_base_model(self):
        return self.inner

    def forward(self, input_ids):
        return self.inner(input_ids)


@pytest.mark.parametrize("is_compiled", [False, True], ids=["eager", "compiled"])
def test_pass_past_what_is_around_the_model(is_compiled):
    """It counts like one through it, and one through it counts once."""
    torch.compiler.reset()
    counters.clear()
    meter, model = attached(Around())
    called = torch.compile(model, backend="aot_eager") if is_compiled else model
    called(ids(2, 5))
    graphs = counters["stats"]["unique_graphs"], dict(counters["graph_break"])
    with torch.no_grad():
        model.inner(ids(1, 3))
    (batch,) = meter.batches()
    torch.compiler.reset()

    assert ((1, {}) if is_compiled else (0, {})) == graphs
    assert [("evaluation", 1, 3, 1), ("train", 2, 5, 1)] == [
        (each.phase, each.batch, each.sequence, each.forwards) for each in batch.counted
    ]


def test_pass_inside_of_a_compiled_wrapper():
    """What is attached as it is called is also counted where it is called inside."""
    torch.compiler.reset()
    inner = Tiny()
    meter, wrapper = attached(torch.compile(inner, backend="aot_eager"))
    counters.clear()
    wrapper(ids(2, 5))
    found = counters["stats"]["unique_graphs"], dict(counters["graph_break"])
    inner(ids(1, 3))
    (batch,) = meter.batches()
    torch.compiler.reset()

    assert (1, {}) == found
    assert {(2, 5): 1, (1, 3): 1} == {
        (each.batch, each.sequence): each.forwards for each in batch.counted
    }


def test_pass_after_one_that_failed():
    """An error in a pass leaves no other one out."""
    meter, model = attached(Around(), strict=False)
    with pytest.raises(IndexError):
        model(ids(1, 3) + 1000)
    model.inner(ids(1, 4))
    (batch,) = meter.batches()

    assert {(1, 3): 1, (1, 4): 1} == {
        (each.batch, each.sequence): each.forwards for each in batch.counted
    }


def test_trace_leaves_no_mark():
    """Weights, gradients, modes and random state are as before."""
    model = adapt(Tiny(mode="reentrant"), ("q_proj",))
    model.blocks[0].eval()
    weights = {name: each.clone() for name, each in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    state = torch.random.get_rng_state()
    attached(model)

    assert torch.equal(state, torch.random.get_rng_state())
    assert modes == [module.training for module in model.modules()]
    assert all(each.grad is None for each in model.parameters())
    assert all(torch.equal(weights[n], each) for n, each in model.state_dict().items())
    assert weights.keys() == model.state_dict().keys()


def test_step_is_bitwise_the_same():
    """Gradients with the meter are those without."""
    meter, model = attached()
    loss_of(model(ids(2, 5))).backward()
    metered = [each.grad.clone() for each in model.parameters()]
    model.zero_grad()
    meter.detach()
    loss_of(model(ids(2, 5))).backward()

    assert all(
        torch.equal(a, b.grad) for a, b in zip(metered, model.parameters(), strict=True)
    )


def test_detached_meter_counts_nothing():
    """After detaching, what was counted stays and nothing is added."""
    meter, model = attached()
    model(ids(1, 4))
    meter.detach()
    model(ids(1, 4))
    (batch,) = meter.batches()

    assert [1] == [each.forwards for each in batch.counted]
    assert [] == list(meter.batches())


def test_batches_follow_one_another():
    """Each batch starts at the step where the last one ended."""
    meter, model = attached()
    found = []
    for steps in (2, 3):
        for _ in range(steps):
            with meter.step():
                loss_of(model(ids(1, 4))).backward()
        found += [(batch.step_first, batch.steps) for batch in meter.batches()]

    assert [(0, 2), (2, 3)] == found


def test_forward_without_backward_is_in_doubt():
    """A training pass whose backward pass was not seen is noted, and not billed one."""
    meter, model = attached(strict=False)
    with meter.step():
        model(ids(1, 4))
    (batch,) = meter.batches()

    assert {"backward_not_seen": 1} == batch.faults
    assert 0 == batch.flop()["backward"]
    assert not batch.is_complete


def test_backward_run_twice_is_billed_twice():
    """A graph that is kept and run again costs again."""
    meter, model = attached()
    loss = loss_of(model(ids(1, 4)))
    loss.backward(retain_graph=True)
    loss.backward()
    (batch,) = meter.batches()

    assert [(1, 2)] == [(each.forwards, each.backwards) for each in batch.counted]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda model: model(ids(1, 4), extra=1), "argument_unknown"),
        (lambda model: model(ids(1, 4), None), "shape_unknown"),
        (lambda model: model(input_ids=ids(1, 4)[0]), "shape_unknown"),
    ],
    ids=["argument", "positions", "dimensions"],
)
def test_call_that_is_not_understood(call, name):
    """A call whose cost does not follow from its shape is a fault, not a guess."""

    class Lenient(Tiny):
        def forward(self, input_ids, attention_mask=None, extra=None):
            return super().forward(input_ids.view(-1, input_ids.shape[-1]))

    meter, model = attached(Lenient(), strict=False)
    call(model)

    assert {name: 1} == faults(meter)


def test_cache_is_a_fault():
    """Positions in a cache cost products that no shape shows."""

    class Cached(Tiny):
        def forward(self, input_ids, past_key_values=None):
            return super().forward(input_ids)

    meter, model = attached(Cached(), strict=False)
    model(ids(1, 1), past_key_values=())

    assert {"cache_in_use": 1} == faults(meter)


def test_output_without_a_tensor_is_a_fault():
    """Where no output can be watched, the backward pass cannot be counted."""

    class Hidden(Tiny):
        def forward(self, input_ids):
            self.kept = super().forward(input_ids)

    meter, model = attached(Hidden(), strict=False)
    model(ids(1, 4))
    loss_of(model.kept).backward()

    assert {"output_unknown": 1} == faults(meter)


class Embedded(Tiny):
    """Takes embeddings as well, in front of the ids if there are both."""

    def forward(self, input_ids=None, inputs_embeds=None, labels=None):
        x = inputs_embeds
        if input_ids is not None:
            x = self.token(input_ids)
            x = x if inputs_embeds is None else torch.cat([inputs_embeds, x], 1)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def ragged():
    parts = [torch.arange(3), torch.arange(5)]
    return torch.nested.nested_tensor(parts, layout=torch.jagged)


@pytest.mark.parametrize(
    "named",
    [
        {"input_ids": ids(2, 4), "inputs_embeds": torch.zeros(2, 50, 16)},
        {"input_ids": ids(2, 4), "labels": ids(2, 50)},
    ],
    ids=["two-inputs", "longer-labels"],
)
def test_two_lengths_are_a_fault(named):
    """What enters a decoder, or stands in front of the ids, is in no one shape."""
    meter, model = attached(Embedded(), strict=False)
    model(**named)

    assert {"shape_unknown": 1} == faults(meter)


@pytest.mark.parametrize(
    "labels", [ids(2, 4), torch.zeros(2), torch.zeros(2, 9)], ids=str
)
def test_labels_that_enter_nothing(labels):
    """Those of the positions, and classes of whole sequences, cost nothing."""
    meter, model = attached(Embedded(), strict=False)
    model(input_ids=ids(2, 4), labels=labels)

    assert {} == faults(meter)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [(0, {}), (2, {"head_in_part": 1}), (torch.zeros(1), {"head_in_part": 1})],
    ids=str,
)
def test_head_that_leaves_positions_out(kept, expected):
    """The count is then at most that; 0 keeps them all."""

    class Keeping(Tiny):
        def forward(self, input_ids, logits_to_keep=0):
            return super().forward(input_ids)

    meter, model = attached(Keeping(), strict=False)
    model(ids(1, 4), logits_to_keep=kept)

    assert expected == faults(meter)


def test_ragged_batch_is_a_fault():
    """Its positions are no number."""
    meter, model = attached(strict=False)
    with pytest.raises(RuntimeError):
        model(ragged())

    assert {"shape_unknown": 1} == faults(meter)


def test_transformed_function_is_a_fault():
    """Inside of `vmap` a model sees one sequence of many."""
    meter, model = attached(Tiny(kernel="products"), strict=False)
    weights = {name: each.detach() for name, each in model.named_parameters()}

    def loss(weights, row):
        return loss_of(torch.func.functional_call(model, weights, (row[None],)))

    with meter.step():
        torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, ids(8, 5))

    assert {"shape_unknown": 1} == faults(meter)


@pytest.mark.parametrize(
    ("is_frozen", "expected"), [(True, {"input_gradient": 1}), (False, {})]
)
def test_gradient_of_the_input(is_frozen, expected):
    """With frozen weights it costs products that no trace of ids shows."""
    model = Embedded()
    model.blocks.requires_grad_(not is_frozen)
    meter, _ = attached(model, strict=False)
    with meter.step():
        entering = torch.zeros(2, 4, 16, requires_grad=True)
        loss_of(model(inputs_embeds=entering)).backward()

    assert expected == faults(meter)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda model: model.forward(ids(1, 4)), {"part_called": 1}),
        (lambda model: model.token(ids(1, 4)), {"forward_not_seen": 1}),
    ],
    ids=["forward", "embeddings"],
)
def test_step_without_a_pass_is_a_fault(call, expected):
    """What is called in another way than the model itself passes by the meter."""
    meter, model = attached(strict=False)
    with meter.step():
        loss_of(call(model)).backward()

    assert expected == faults(meter)


def test_gradient_of_a_gradient_is_a_fault():
    """It costs more than the backward pass that was traced."""
    meter, model = attached(Tiny(kernel="products"), strict=False)
    with meter.step():
        loss = loss_of(model(ids(1, 4)))
        weight = model.head.weight
        (gradient,) = torch.autograd.grad(loss, [weight], create_graph=True)
        gradient.pow(2).sum().backward()

    assert {"second_order_gradient"} == set(faults(meter))


@pytest.mark.parametrize(("at_once", "expected"), [(True, 1), (False, 2)])
def test_backward_from_two_outputs(at_once, expected):
    """One pass from both is one; one from each goes through the model twice."""

    class Two(Tiny):
        def forward(self, input_ids):
            logits = super().forward(input_ids)
            return logits, logits.mean(-1)

    meter, model = attached(Two())
    losses = [loss_of(each) for each in model(ids(1, 4))]
    if at_once:
        sum(losses).backward()
    else:
        losses[1].backward(retain_graph=True)
        losses[0].backward()
    (batch,) = meter.batches()

    assert [expected] == [each.backwards for each in batch.counted]


def test_batch_in_the_middle_of_a_step():
    """A backward pass that is missing is missed, wherever a batch ends."""
    meter, model = attached(strict=False)
    with meter.step():
        model(ids(1, 4))
        assert {} == faults(meter)

    assert {"backward_not_seen": 1} == faults(meter)


def test_weights_that_are_frozen_again():
    """Other weights in one step are noted, though a batch ends later."""
    meter, model = attached(adapt(Tiny(), ("q_proj",)), strict=False)
    with meter.step():
        model.head.weight.requires_grad_(True)
        loss_of(model(ids(1, 4))).backward()
    model.head.weight.requires_grad_(False)

    assert {"trained_weights_changed": 1} == faults(meter)


def test_more_weights_in_training_is_a_fault():
    """A plan holds for the weights that were trained when it was traced."""
    meter, model = attached(adapt(Tiny(), ("q_proj",)), strict=False)
    model.head.weight.requires_grad_(True)
    model(ids(1, 4))

    assert {"trained_weights_changed": 1} == faults(meter)


def test_model_that_cannot_be_traced():
    """Without a plan every batch has a fault, and the loop goes on."""

    class Odd(nn.Module):
        def forward(self, input_ids):
            return input_ids[input_ids.sum().item() :]

    meter = Meter()

    assert meter.attach(Odd()) is None
    for _ in range(2):
        with meter.step():
            pass

        assert {"trace_failed": 1} == faults(meter)


@pytest.mark.parametrize("twin", [None, Tiny()], ids=["itself", "twin"])
def test_packed_weights_need_a_twin(twin):
    """The shape of a packed weight is not that of the matrix that multiplies."""

    class Packed(nn.Parameter):
        pass

    model = Tiny()
    model.head.weight = Packed(torch.zeros(32, 16))
    meter = Meter()

    assert (meter.attach(model, twin=twin) is None) == (twin is None)


def test_strict_meter_raises():
    """A strict meter raises where a loose one notes."""
    meter, model = attached()

    with pytest.raises(MeteringError, match="argument_unknown"):
        model(ids(1, 4), extra=1)
    with pytest.raises(MeteringError, match="not_attached"):
        meter.attach_phase(Tiny(), "reference")


def test_no_value_is_read():
    """The hooks look at shapes: on a device without values they work as well."""
    meter, model = attached(Tiny())
    model.to("meta")
    loss_of(model(ids(2, 5).to("meta"))).backward()
    (batch,) = meter.batches()

    assert [(2, 5, 1, 1)] == [
        (each.batch, each.sequence, each.forwards, each.backwards)
        for each in batch.counted
    ]


def test_twin_is_traced_instead():
    """Where the model itself cannot be traced, one of the same shapes stands in."""
    model = Tiny().to(torch.float64)
    meter = Meter(strict=True)
    plan = meter.attach(model, twin=Tiny())

    assert plan.forward == attached()[0].plans[0].forward
