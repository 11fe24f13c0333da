"""Published tables come out of `flops estimate CONFIG`, and not out of 6ND."""

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from producers.commands.flops import flops_group
from producers.flops.annex import architecture_flop
from producers.flops.config import read_config
from producers.flops.count import Training, count
from tests.unit.flops.published import NAMES, document

# DeepSeek-AI 2024, DeepSeek LLM, table 3 (arXiv:2401.02954): layers, width, and FLOP a
# token without the vocabulary's, at 4096 positions; each block has 12 width^2 weights.
DEEPSEEK = [
    (8, 512, 352 * 10**6),
    (12, 768, 963 * 10**6),
    (24, 1024, 302 * 10**7),
    (24, 2048, 966 * 10**7),
    (32, 4096, 451 * 10**8),
    (40, 5120, 856 * 10**8),
    (80, 8192, 419 * 10**9),
]


# Narayanan and others 2021, table 1 (arXiv:2104.04473): layers, width, and weights.
MEGATRON = [
    (24, 2304, "1.7e9"),
    (48, 8192, "39.1e9"),
    (80, 12_288, "145.6e9"),
    (128, 25_600, "1008e9"),
]


def gpt2(*, layers, width, context, vocabulary):
    """A configuration whose blocks have 12 width^2 weights each."""
    return {
        "model_type": "gpt2",
        "n_layer": layers,
        "n_embd": width,
        "n_head": width // 64,
        "n_positions": context,
        "vocab_size": vocabulary,
    }


def rounds_to(printed, found):
    """Whether `found` is `printed` at the digits that were printed."""
    text = Decimal(printed)
    unit = Decimal(1).scaleb(text.adjusted() - len(text.as_tuple().digits) + 1)
    return abs(Decimal(found) - text) <= unit


@pytest.fixture
def estimate(tmp_path):
    """Runs the command on a configuration."""
    path = tmp_path / "config.json"

    def run(config, *options):
        path.write_text(json.dumps(config))
        ran = CliRunner().invoke(
            flops_group, ["estimate", str(path), "--json", *options]
        )
        return json.loads(ran.output)

    return run


@pytest.mark.parametrize("name", NAMES)
def test_published_weights(estimate, name):
    """Weights, and those that a token meets, are the published numbers."""
    file = document(name)
    found = estimate(file["config"], "--tokens", "1")

    assert file["published"].keys() <= {"weights", "weights_active"}
    for field, printed in file["published"].items():
        assert rounds_to(printed, found[field]), (field, found[field])


@pytest.mark.parametrize(
    ("layers", "width", "printed"), DEEPSEEK, ids=[f"{d[0]}x{d[1]}" for d in DEEPSEEK]
)
def test_published_flop_of_a_token(estimate, layers, width, printed):
    """FLOP a token are the published ones to three digits; 6N is another number."""
    found = estimate(
        gpt2(layers=layers, width=width, context=4096, vocabulary=102_400),
        *("--tokens", "4096"),
    )
    inside = int(found["direct_flop"]) // 4096 - 6 * width * 102_400
    blocks = architecture_flop(weights=12 * layers * width**2, tokens=1)
    whole = int(found["six_nd_flop"]) // 4096

    assert abs(inside - printed) * 200 <= printed
    assert abs(blocks - printed) * 200 > printed
    assert abs(whole - printed) * 200 > printed


@pytest.mark.parametrize(
    ("layers", "width", "weights"), MEGATRON, ids=[m[2] for m in MEGATRON]
)
def test_published_formula_with_recomputation(estimate, layers, width, weights):
    """96 B S l h^2 (1 + S / 6h + V / 16lh) FLOP an iteration, every block run again.

    Narayanan and others 2021, section 5.1 (arXiv:2104.04473), at the shapes of its
    table 1: to the integer.
    """
    batch, sequence, vocabulary = 1536, 2048, 51_200
    found = estimate(
        gpt2(layers=layers, width=width, context=sequence, vocabulary=vocabulary),
        *("--tokens", str(batch * sequence)),
        *("--checkpointing", "reentrant", "--attention", "eager"),
    )
    executed = sum(
        int(found["flop"][phase]) for phase in ("forward", "backward", "recompute")
    )
    printed = 96 * batch * sequence * layers * width**2
    printed += 16 * batch * sequence**2 * layers * width
    printed += 6 * batch * sequence * width * vocabulary

    assert rounds_to(weights, found["weights"])
    assert printed == executed


def test_routed_model_is_far_from_six_nd():
    """6ND bills every expert; a token of this model meets two of eight."""
    decoder = read_config(document("mixtral-8x7b")["config"])
    cost = count(decoder, Training())
    step = (cost.forward + cost.backward).at(1, 4096)

    assert 3 * step < architecture_flop(weights=decoder.weights, tokens=4096)


@pytest.mark.parametrize(
    ("sequence", "printed"),
    [(2048, "1.035"), (8192, "1.125"), (32_768, "1.364"), (131_072, "1.696")],
    ids=["2k", "8k", "32k", "128k"],
)
def test_share_of_masked_pairs(sequence, printed):
    """What all pairs cost over what a causal mask leaves, for Llama 3 of 8 B."""
    cost = count(read_config(document("llama-3-8b")["config"]), Training())
    step = cost.forward + cost.backward
    full = step.at(1, sequence)
    causal = full - step.pair * (sequence * (sequence - 1) // 2)

    assert printed == f"{full / causal:.3f}"
