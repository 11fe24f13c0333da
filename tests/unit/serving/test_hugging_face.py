"""Adapters on a base from elsewhere, served and handed on."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers", reason="the extra 'peft' is not installed")
peft = pytest.importorskip("peft", reason="the extra 'peft' is not installed")

from producers.serving.ensemble import Parts, open_ensemble  # noqa: E402
from producers.serving.generate import generate  # noqa: E402
from producers.serving.merge import merge  # noqa: E402
from producers.serving.peft_layout import peft_files  # noqa: E402
from producers.training import hugging_face  # noqa: E402
from producers.training.base_import import architecture, read_base  # noqa: E402
from producers.training.language import open_model  # noqa: E402
from producers.training.settings import Lora, Settings  # noqa: E402
from producers.training.weights import (  # noqa: E402
    decode_tensors,
    encode_tensors,
)
from tests.unit.serving.test_peft_layout import ABOUT  # noqa: E402
from tests.unit.training.tiny_llama import write_folder  # noqa: E402

TOKENS = torch.tensor([[257, 104, 101, 108, 108, 111]])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A tiny base."""
    return read_base(write_folder(tmp_path_factory.mktemp("llama") / "base"))


@pytest.fixture(scope="module")
def settings(base):
    """What its adapters were trained with."""
    return Settings(
        architecture=architecture(base.files, context=16),
        lora=Lora(rank=2, targets=("all-linear",)),
    )


@pytest.fixture(scope="module")
def adapters(base, settings):
    """Two that change what it says."""
    model = open_model(settings, base.files, decode_tensors(base.weights))
    generator = torch.Generator().manual_seed(1)
    return [
        encode_tensors(
            {
                name: torch.randn(one.shape, generator=generator) / 8
                for name, one in model.adapter().items()
            }
        )
        for _ in range(2)
    ]


def opened(base, settings, *adapters):
    """The base with these adapters."""
    return open_ensemble(
        Parts(settings=settings, files=base.files, base=base.weights, adapters=adapters)
    )


def test_the_mean_is_of_probabilities(base, settings, adapters):
    """As on the byte-level GPT."""
    alone = [
        opened(base, settings, one).log_probabilities(TOKENS).exp() for one in adapters
    ]
    together = opened(base, settings, *adapters).log_probabilities(TOKENS).exp()

    torch.testing.assert_close(torch.stack(alone).mean(0), together)


def test_without_adapters_the_base_answers(base, settings):
    """A new adapter changes nothing."""
    model = hugging_face.make_model(hugging_face.read_config(base.files.config)).eval()
    hugging_face.load_weights(model, decode_tensors(base.weights))

    found = opened(base, settings).log_probabilities(TOKENS)
    torch.testing.assert_close(model(TOKENS).logits.log_softmax(-1), found)


def test_it_generates_text(base, settings, adapters):
    """The same seed says the same."""
    said = [
        generate(
            opened(base, settings, *adapters), b"he", tokens=8, seed=1, temperature=1.0
        )
        for _ in range(2)
    ]

    assert said[0] == said[1] != b""


# The one library still uses names of the other that are to go.
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("is_merged", [False, True], ids=["one", "merged"])
def test_peft_gives_the_same_answers(base, settings, adapters, tmp_path, is_merged):
    """The files that are handed out, read by the real library."""
    content = adapters[0]
    if is_merged:
        content = encode_tensors(merge([decode_tensors(one) for one in adapters]))
    files = peft_files(settings, content, ABOUT)
    for name, part in files.items():
        (tmp_path / name).write_bytes(part)
    model = hugging_face.make_model(hugging_face.read_config(base.files.config)).eval()
    hugging_face.load_weights(model, decode_tensors(base.weights))
    theirs = peft.PeftModel.from_pretrained(model, str(tmp_path)).eval()

    assert content == files["adapter_model.safetensors"]
    torch.testing.assert_close(
        opened(base, settings, content).log_probabilities(TOKENS),
        theirs(TOKENS).logits.log_softmax(-1),
    )
