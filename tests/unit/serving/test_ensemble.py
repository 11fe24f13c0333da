"""Several adapters that answer as one, and the one that stands for them."""

import math

import pytest

torch = pytest.importorskip("torch")

from ledger.errors import InputError  # noqa: E402 (needs torch)
from producers.evaluation.held_out import held_out_loss  # noqa: E402
from producers.serving.ensemble import Parts, open_ensemble  # noqa: E402
from producers.serving.generate import TOKENS_MAX, generate  # noqa: E402
from producers.serving.merge import merge  # noqa: E402
from producers.training import model as gpt  # noqa: E402
from producers.training.base_files import NO_FILES  # noqa: E402
from producers.training.weights import (  # noqa: E402
    decode_tensors,
    encode_tensors,
)
from tests.unit.workspace.tiny import ARCHITECTURE, TINY_ADAPTER  # noqa: E402

FLOAT32 = {"rtol": 1e-5, "atol": 1e-5}
"""The model answers in single precision, whatever it is summed in."""

TOKENS = torch.tensor([[256, 104, 101, 108, 108, 111]])


def make_base():
    """A base, as its file."""
    model = gpt.make_base(ARCHITECTURE, seed=1)
    return encode_tensors(
        {name: one.detach() for name, one in gpt.trainable(model).items()}
    )


def make_adapter(seed):
    """An adapter that changes what the base says, as its file."""
    model = gpt.make_base(ARCHITECTURE, seed=1)
    gpt.add_adapter(model, TINY_ADAPTER, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    return encode_tensors(
        {
            name: torch.randn(one.shape, generator=generator) / 4
            for name, one in gpt.trainable(model).items()
        }
    )


BASE = make_base()
ADAPTERS = [make_adapter(seed) for seed in (1, 2, 3)]


def opened(*adapters, settings=TINY_ADAPTER):
    """The base with these adapters."""
    return open_ensemble(
        Parts(settings=settings, files=NO_FILES, base=BASE, adapters=adapters)
    )


def test_the_mean_is_of_probabilities():
    """exp of the answer is the mean of what each adapter gives alone."""
    alone = [opened(one).log_probabilities(TOKENS).double().exp() for one in ADAPTERS]
    together = opened(*ADAPTERS).log_probabilities(TOKENS).double().exp()

    torch.testing.assert_close(torch.stack(alone).mean(0), together, **FLOAT32)


def test_the_mean_sums_to_one():
    """What is averaged is a distribution again."""
    answer = opened(*ADAPTERS).log_probabilities(TOKENS).double().exp().sum(-1)

    torch.testing.assert_close(torch.ones_like(answer), answer, **FLOAT32)


def test_the_order_of_adapters_does_not_matter():
    """Not beyond rounding."""
    one = opened(*ADAPTERS).log_probabilities(TOKENS)
    other = opened(*reversed(ADAPTERS)).log_probabilities(TOKENS)

    torch.testing.assert_close(one, other)


def test_without_adapters_the_base_answers():
    """A new adapter changes nothing, so none is as good as one."""
    base = gpt.load_base(ARCHITECTURE, decode_tensors(BASE))

    expected = base(TOKENS).log_softmax(-1)
    torch.testing.assert_close(expected, opened().log_probabilities(TOKENS))


def test_the_merge_is_the_mean_of_the_updates():
    """W + mean of (alpha / r) B A in each matrix gives what the merged adapter does."""
    model = gpt.load_base(ARCHITECTURE, decode_tensors(BASE))
    tensors = [decode_tensors(one) for one in ADAPTERS]
    scale = TINY_ADAPTER.lora.alpha / TINY_ADAPTER.lora.rank
    with torch.no_grad():
        for name in tensors[0]:
            if not name.endswith("lora_a"):
                continue
            whole = name.removesuffix("lora_a")
            updates = [one[f"{whole}lora_b"] @ one[name] * scale for one in tensors]
            weight = model.get_parameter(f"{whole}weight")
            weight += torch.stack(updates).mean(0)
    merged = opened(encode_tensors(merge(tensors)))

    torch.testing.assert_close(
        model(TOKENS).log_softmax(-1), merged.log_probabilities(TOKENS)
    )


def test_the_mean_of_factors_is_another_thing():
    """Averaging A and B by themselves does not give the mean of their products."""
    tensors = [decode_tensors(one) for one in ADAPTERS]
    wrong = {
        name: torch.stack([one[name] for one in tensors]).mean(0) for name in tensors[0]
    }
    merged = opened(encode_tensors(merge(tensors))).log_probabilities(TOKENS)

    apart = opened(encode_tensors(wrong)).log_probabilities(TOKENS) - merged
    assert 1e-3 < float(apart.abs().max())


def test_a_merge_is_the_same_bytes_each_time():
    """Its digest follows from its parts."""
    tensors = [decode_tensors(one) for one in ADAPTERS]

    assert encode_tensors(merge(tensors)) == encode_tensors(merge(tensors))


@pytest.mark.parametrize(
    ("adapters", "said"),
    [
        ([], "found 0 adapters"),
        ([{"a.lora_a": torch.zeros(2, 3)}, {"a.lora_a": torch.zeros(1, 3)}], "differ"),
        ([{"a.weight": torch.zeros(2, 3)}], "expected tensors named"),
    ],
    ids=["none", "ranks", "no-adapter"],
)
def test_what_cannot_be_merged_is_refused(adapters, said):
    """The message says what was expected."""
    with pytest.raises(InputError, match=said):
        merge(adapters)


def test_adapters_of_several_ranks_are_refused():
    """They were not trained alike."""
    merged = encode_tensors(merge([decode_tensors(one) for one in ADAPTERS]))

    with pytest.raises(InputError, match="expected one rank, found 2"):
        opened(ADAPTERS[0], merged)


def test_the_held_out_loss_is_of_the_mixture():
    """It is minus the mean log of the averaged probability of each next token."""
    text = b"held out"
    stream = [256, *text, 256]
    answer = opened(*ADAPTERS).log_probabilities(torch.tensor([stream[:-1]]))[0]
    nats = [-float(answer[at, token]) for at, token in enumerate(stream[1:])]

    found = held_out_loss(opened(*ADAPTERS).asked(), text)
    assert math.isclose(sum(nats) / len(nats), found, rel_tol=1e-5)


# Generation


def say(model, prompt=b"he", **changes):
    """Go on from a prompt."""
    options = {"tokens": 12, "seed": 7, "temperature": 1.0} | changes
    return generate(model, prompt, **options)


def test_the_same_seed_says_the_same():
    """And another says something else."""
    one, again, other = (
        say(opened(*ADAPTERS)),
        say(opened(*ADAPTERS)),
        say(opened(*ADAPTERS), seed=8),
    )

    assert one == again != other


def test_temperature_zero_takes_the_likeliest():
    """Whatever the seed."""
    model = opened(*ADAPTERS)
    answer = model.log_probabilities(torch.tensor([[256, *b"he"]]))[0, -1]
    likeliest = bytes([int(answer.argmax())])

    assert likeliest == say(model, temperature=0, tokens=1)
    assert say(model, temperature=0, seed=1) == say(model, temperature=0, seed=2)


def test_a_tiny_temperature_is_almost_zero():
    """Nothing overflows."""
    model = opened(*ADAPTERS)

    assert say(model, temperature=0) == say(model, temperature=1e-300)


def test_only_what_the_model_can_see_counts():
    """Of a long prompt the last part is read."""
    model = opened(*ADAPTERS)

    tail = b"x" * ARCHITECTURE.context
    assert say(model, b"first" + tail) == say(model, b"other" + tail)


def test_the_separator_ends_the_text():
    """The model that holds it likeliest says nothing."""
    tensors = decode_tensors(BASE)
    tensors["token.weight"][256] = 100 * tensors["token.weight"][256]
    settings = TINY_ADAPTER
    base = encode_tensors(tensors)
    model = open_ensemble(Parts(settings=settings, files=NO_FILES, base=base))

    assert b"" == say(model, b"", temperature=0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tokens": 0}, "tokens"),
        ({"tokens": TOKENS_MAX + 1}, "tokens"),
        ({"temperature": -0.5}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"temperature": math.inf}, "temperature"),
    ],
    ids=["none", "too-many", "negative", "nan", "infinite"],
)
def test_arguments_out_of_range_are_refused(changes, said):
    """The message names the one."""
    with pytest.raises(InputError, match=said):
        say(opened(), **changes)
