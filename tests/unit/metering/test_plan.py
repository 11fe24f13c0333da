"""The plan: its fit, its digest, and what makes it incomplete."""

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch import nn  # noqa: E402

from producers.metering.coverage import may_multiply  # noqa: E402
from producers.metering.fingerprint import fingerprint  # noqa: E402
from producers.metering.formulas import FORMULAS  # noqa: E402
from producers.metering.polynomial import Polynomial  # noqa: E402
from producers.metering.trace import trace  # noqa: E402
from tests.unit.metering.tiny import Tiny, adapt, loss_of  # noqa: E402

SHAPES = ((2, 4), (2, 6), (3, 5))
COEFFICIENT = st.integers(0, 10**18)


@given(token=COEFFICIENT, pair=COEFFICIENT)
def test_fit_finds_the_polynomial(token, pair):
    """Three points of a polynomial give it back, in integers of any size."""
    polynomial = Polynomial(token, pair)
    points = [(*shape, polynomial.at(*shape)) for shape in SHAPES]

    assert polynomial == Polynomial.fit(points)


@given(
    token=COEFFICIENT,
    pair=COEFFICIENT,
    index=st.integers(0, 2),
    off=st.integers(1, 10**6),
)
def test_fit_refuses_what_does_not_lie_on_one(token, pair, index, off):
    """A point that is off, the third above all, is no polynomial."""
    polynomial = Polynomial(token, pair)
    points = [(*shape, polynomial.at(*shape)) for shape in SHAPES]
    batch, sequence, flop = points[index]
    points[index] = (batch, sequence, flop + off)

    assert Polynomial.fit(points) is None


@pytest.mark.parametrize(
    "points",
    [
        [(2, 4, 9), (2, 6, 12), (3, 5, 15)],
        [(1, 2, 8), (1, 4, 18), (1, 3, 12)],
        [(1, 2, 20), (1, 4, 24), (1, 3, 24)],
    ],
    ids=["not-whole", "half", "falling"],
)
def test_fit_refuses_fractions_and_falling_costs(points):
    """A cost is made of whole products and never falls with the length."""
    assert Polynomial.fit(points) is None


def test_digest_names_the_content():
    """Two traces of one model have one digest; other adapters have another."""
    model = Tiny()
    plan, again = trace(model), trace(model)
    adapted = trace(adapt(model, ("q_proj",)))

    assert plan.sha256 == again.sha256 != adapted.sha256
    assert 64 == len(plan.sha256)
    assert b'"forward":["' in plan.canonical()


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.requires_grad_(False),
        lambda model: model.half(),
        lambda model: model.eval(),
        lambda model: adapt(model, ("v_proj",)),
        lambda model: setattr(model.blocks[0], "gradient_checkpointing", True),
        lambda model: setattr(model.blocks[0].mlp, "experts_per_token", 4),
        lambda model: setattr(model.blocks[0].mlp, "stride", (2, 2)),
    ],
    ids=["frozen", "type", "mode", "adapters", "checkpointing", "experts", "stride"],
)
def test_fingerprint_changes(change):
    """What decides the products, or says for what a plan holds, is in the digest."""
    model = Tiny()
    before = fingerprint(model)
    change(model)

    assert before != fingerprint(model)


def test_fingerprint_does_not_hold_values():
    """The same shapes with other weights are the same model."""
    assert fingerprint(Tiny()) == fingerprint(Tiny())


class WithMore(Tiny):
    """Does something else with its result."""

    def __init__(self, more):
        super().__init__()
        self.more = more

    def forward(self, input_ids):
        return self.more(super().forward(input_ids))


@pytest.mark.parametrize(
    ("more", "unknown"),
    [
        (lambda x: torch.cdist(x, x), "aten::_cdist_forward"),
        (lambda x: torch.linalg.inv(x @ x.mT), "aten::linalg_inv_ex"),
        (lambda x: torch.fft.fft(x).real, "aten::_fft_c2c"),
    ],
    ids=["cdist", "inverse", "fft"],
)
def test_unknown_product_makes_the_plan_incomplete(more, unknown):
    """An operation that multiplies and has no formula is named, never dropped."""
    plan = trace(WithMore(more))

    assert unknown in plan.unknown
    assert not plan.is_complete


def test_custom_operation_makes_the_plan_incomplete():
    """Of an operation from elsewhere nothing is known, so it may multiply."""
    library = torch.library.Library("tuneledger_test", "DEF")
    library.define("scaled(Tensor x) -> Tensor")
    library.impl("scaled", lambda x: x * 2, "CPU")
    library.impl("scaled", torch.empty_like, "Meta")
    plan = trace(
        WithMore(lambda x: x + torch.ops.tuneledger_test.scaled(x.detach())),
    )
    library._destroy()

    assert ("tuneledger_test::scaled",) == plan.unknown


def test_cost_that_is_no_polynomial_makes_the_plan_incomplete():
    """A cost that jumps with the length is not extrapolated from three lengths."""

    def sometimes(x):
        return x @ x.mT if x.shape[1] == 5 else x

    assert {"no_polynomial_forward", "no_polynomial_inference"} <= set(
        trace(WithMore(sometimes)).faults
    )


def test_second_order_gradient_makes_the_plan_incomplete():
    """A gradient that is differentiated again does not fit the phases."""

    class Squared(Tiny):
        def forward(self, input_ids):
            logits = super().forward(input_ids)
            if not torch.is_grad_enabled():
                return logits
            (gradient,) = torch.autograd.grad(
                loss_of(logits), self.head.weight, create_graph=True
            )
            return logits.sum() + gradient.square().sum()

    assert "second_order_gradient" in trace(Squared()).faults


def test_convolution_is_counted():
    """A filter of 3 over 16 channels: 2 x 3 x 16 x 16 a position, and twice back."""

    class Convolved(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Embedding(8, 16)
            self.filter = nn.Conv1d(16, 16, 3, padding=1)

        def forward(self, input_ids):
            return self.filter(self.token(input_ids).mT)

    plan = trace(Convolved())

    assert plan.is_complete
    assert Polynomial(2 * 3 * 16 * 16, 0) == plan.forward
    assert Polynomial(4 * 3 * 16 * 16, 0) == plan.backward


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        ("aten", "_weight_int4pack_mm", True),
        ("aten", "_flash_attention_forward", True),
        ("aten", "mkldnn_rnn_layer", True),
        ("aten", "einsum", True),
        ("bitsandbytes", "gemv_4bit", True),
        ("flash_attn", "anything", True),
        ("aten", "exp", False),
        ("aten", "rsqrt", False),
        ("aten", "gelu_backward", False),
        ("aten", "cummax", False),
        ("aten", "linalg_vector_norm", False),
        ("_c10d_functional", "all_reduce", False),
    ],
    ids=str,
)
def test_what_may_multiply(namespace, name, expected):
    """Names of the library decide; of anybody else's operations, none is harmless."""
    assert expected == may_multiply(namespace, name)


def test_every_formula_names_an_operation():
    """A formula for an operation that does not exist would hide a spelling mistake."""
    known = {
        name.removeprefix("aten::").partition(".")[0]
        for name in torch._C._dispatch_get_all_op_names()
        if name.startswith("aten::")
    }

    assert set() == FORMULAS.keys() - known


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("mm", [(2, 3), (3, 5)], 60),
        ("addmm", [(5,), (2, 3), (3, 5)], 60),
        ("bmm", [(4, 2, 3), (4, 3, 5)], 240),
        ("baddbmm", [(5,), (4, 2, 3), (4, 3, 5)], 240),
        ("mv", [(2, 3), (3,)], 12),
        ("addmv", [(2,), (2, 3), (3,)], 12),
        ("dot", [(3,), (3,)], 6),
        ("_grouped_mm", [(8, 3), (4, 3, 5)], 240),
        ("_grouped_mm", [(4, 8, 3), (4, 3, 5)], 960),
        ("_grouped_mm", [(8, 3), (3, 5)], 240),
    ],
    ids=str,
)
def test_formula(name, args, expected):
    """Two FLOP for each multiplication and addition, by hand."""
    cost = FORMULAS[name]([torch.empty(shape) for shape in args], None)

    assert (expected, 0) == (cost.work, cost.again)


def test_fused_attention_backward_repeats_the_scores():
    """Four products are the gradient, and a fifth is the scores again."""
    heads = torch.empty(2, 3, 5, 7)
    forward = FORMULAS["_scaled_dot_product_flash_attention"]([heads] * 3, None)
    backward = FORMULAS["_scaled_dot_product_flash_attention_backward"](
        [heads] * 4, None
    )

    assert (2 * 2 * 2 * 3 * 5 * 5 * 7, 0) == (forward.work, forward.again)
    assert (2 * forward.work, forward.work // 2) == (backward.work, backward.again)
