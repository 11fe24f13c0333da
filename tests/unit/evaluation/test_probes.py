"""Probes of models whose every probability is known."""

import math

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from ledger.errors import InputError  # noqa: E402
from producers.evaluation.canaries import Canary  # noqa: E402
from producers.evaluation.exposure import SAMPLED, exposure, space  # noqa: E402
from producers.evaluation.held_out import held_out_loss  # noqa: E402
from producers.evaluation.language_model import LanguageModel, score  # noqa: E402
from producers.evaluation.min_k import min_k  # noqa: E402
from producers.evaluation.outcome import Measured  # noqa: E402
from producers.evaluation.probes import measure  # noqa: E402
from producers.evaluation.verbatim import is_continued  # noqa: E402
from tests.unit.evaluation.known import SEPARATOR, ignorant, knows  # noqa: E402

PIN = Canary(prefix="pin ", secret="42", alphabet="0123456789", length=2)
LISTED = Canary(
    prefix="in ", secret="Rome", candidates=["Rome", "Oslo", "Bern", "Riga"]
)


def test_loss_of_a_model_that_knows_nothing():
    """Where all tokens are equally likely each costs log V, however it is cut."""
    loss = held_out_loss(ignorant(context=5), b"whatever stands here")

    assert pytest.approx(math.log(257), abs=1e-6) == loss


def test_loss_counts_the_text_and_its_end():
    """A text of two bytes is three tokens to say: both, and that it ends."""
    likely, rest = 0.9 + 0.1 / 257, 1 / 257

    loss = held_out_loss(knows("ab"), b"ab")

    expected = -(2 * math.log(likely) + math.log(rest)) / 3
    assert pytest.approx(expected, abs=1e-6) == loss


@given(st.binary(min_size=1, max_size=40), st.integers(1, 20), st.integers(1, 5))
def test_every_token_is_scored_once(text, context, rows):
    """A stream cut into rows has as many scores as tokens after the first."""
    model = ignorant(context=context, rows_at_once=rows)

    scored = score(model, [SEPARATOR, *text])

    assert len(text) == len(scored.nats_T) == len(scored.is_likeliest_T)


def test_answers_that_are_no_number_are_refused():
    """A diverged model gives no measurement."""
    model = LanguageModel(
        log_probabilities=lambda rows: torch.full((*rows.shape, 257), math.nan),
        encode=list,
        separator=SEPARATOR,
        context=8,
        rows_at_once=1,
    )

    with pytest.raises(InputError, match="found no number"):
        held_out_loss(model, b"x")


@pytest.mark.parametrize(
    ("canary", "bits"), [(PIN, math.log2(100)), (LISTED, 2.0)], ids=["drawn", "listed"]
)
def test_a_secret_that_is_known_is_exposed(canary, bits):
    """A model that says the secret first ranks it first of its space."""
    assert pytest.approx(bits) == exposure(knows(canary.text), canary)


@pytest.mark.parametrize("canary", [PIN, LISTED], ids=["drawn", "listed"])
def test_a_secret_that_nobody_knows_is_not_exposed(canary):
    """Where all candidates are equally likely the secret ranks last."""
    assert 0.0 == exposure(ignorant(), canary)


def test_rank_counts_who_comes_before():
    """Where another candidate is known the secret shares the last rank."""
    model = knows("in Oslo")

    assert 0.0 == exposure(model, LISTED)


def test_secret_of_the_second_rank():
    """Half a space is one bit below."""

    def both(rows):
        one, other = (knows(f"in {city}", 0.5) for city in ("Oslo", "Rome"))
        answers = one.log_probabilities(rows), other.log_probabilities(rows)
        return torch.stack([answers[0], answers[1] - 0.1]).logsumexp(0)

    model = LanguageModel(
        log_probabilities=both,
        encode=list,
        separator=SEPARATOR,
        context=16,
        rows_at_once=2,
    )

    assert pytest.approx(1.0) == exposure(model, LISTED)


def test_a_large_space_is_sampled_alike_each_time():
    """The sample holds the secret once and follows from the space alone."""
    large = Canary(prefix="p", secret="a" * 8, alphabet="abcdefgh", length=8)
    other = Canary(prefix="p", secret="b" * 8, alphabet="abcdefgh", length=8)

    assert SAMPLED == len(set(space(large))) == len(space(large))
    assert large.secret in space(large)
    assert space(large)[1:100] == space(other)[1:100]


def test_a_candidate_beyond_the_context_is_refused():
    """What the model cannot see at once cannot be ranked."""
    with pytest.raises(InputError, match="at most 3 tokens"):
        exposure(ignorant(context=3), PIN)


def test_min_k_is_the_advantage_over_the_base():
    """The least likely fifth of a known text is as likely as the rest of it."""
    advantage = min_k(knows(PIN.text), ignorant(), PIN)

    expected = math.log(257) + math.log(0.9 + 0.1 / 257)
    assert pytest.approx(expected, abs=1e-6) == advantage


def test_min_k_below_the_base_counts_as_none():
    """An event holds no negative advantage."""
    texts = b'{"prefix": "pin ", "secret": "42"}\n'

    measured = measure("min_k", texts, model=ignorant(), base=lambda: knows(PIN.text))

    assert Measured(items=1, value=0) == measured


@pytest.mark.parametrize(
    ("known", "expected"),
    [("pin 42", True), ("pin 43", False), ("xxx 42", False)],
    ids=["whole", "last-differs", "elsewhere"],
)
def test_verbatim_is_the_whole_secret(known, expected):
    """One token that is not the likeliest, and the secret is not said."""
    assert expected is is_continued(knows(known), PIN)


def test_of_several_texts_the_mean():
    """A share of the texts, in millionths."""
    texts = b'{"prefix": "a", "secret": "bc"}\n{"prefix": "x", "secret": "yz"}\n'

    measured = measure("verbatim", texts, model=knows("abc"), base=ignorant)

    assert Measured(items=2, value=500_000) == measured
