"""A plan's one spelling: read back as it was written, and anything else refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from producers.metering.plan import Plan, parse_plan
from producers.metering.polynomial import Polynomial
from tests.unit.metering.plans import make_plan

NUMBER = st.integers(0, 10**40 - 1)
POLYNOMIAL = st.builds(Polynomial, NUMBER, NUMBER)
PLANS = st.builds(
    Plan,
    model_sha256=st.just("5d" * 32),
    forward=POLYNOMIAL,
    backward=POLYNOMIAL,
    recompute=POLYNOMIAL,
    inference=POLYNOMIAL,
    shapes=st.just(((2, 4), (2, 6), (3, 5))),
    unknown=st.sampled_from([(), ("custom::attention", "custom::mm")]),
    faults=st.sampled_from([(), ("closed_form_differs",)]),
    closed_form=st.booleans(),
    torch_version=st.just("2.13.0+cpu"),
)
ONE = make_plan().canonical()


@given(plan=PLANS)
def test_plan_is_read_back(plan):
    """Every field, FLOP past 2^53 included."""
    assert plan == parse_plan(plan.canonical())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        ONE + b"\n",
        ONE.replace(b'"7"', b"7"),
        ONE.replace(b'"7"', b'"07"'),
        ONE.replace(b'"7"', b'"x"'),
        ONE.replace(b'["7","5"]', b'["7"]'),
        ONE.replace(b'"backward"', b'"sideward"'),
        ONE.replace(b",", b", "),
        ONE.replace(b'"unknown":[]', b'"unknown":[],"more":1'),
    ],
    ids=[
        "nothing",
        "list",
        "empty",
        "not-utf-8",
        "deep",
        "newline",
        "number",
        "leading-zero",
        "letter",
        "one-of-two",
        "other-phase",
        "spaces",
        "more",
    ],
)
def test_other_text_is_refused(content):
    """A plan has one spelling, so its digest is one too."""
    with pytest.raises(InputError, match="canonical form"):
        parse_plan(content)
