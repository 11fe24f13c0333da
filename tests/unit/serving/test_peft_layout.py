"""Adapters as the files that PEFT reads."""

import json

import pytest

torch = pytest.importorskip("torch")

from ledger.errors import InputError  # noqa: E402 (needs torch)
from producers.serving.merge import merge  # noqa: E402
from producers.serving.peft_layout import About, peft_files  # noqa: E402
from producers.training import model as gpt  # noqa: E402
from producers.training.weights import (  # noqa: E402
    decode_tensors,
    encode_tensors,
)
from tests.unit.serving.test_ensemble import (  # noqa: E402
    ADAPTERS,
    BASE,
    TOKENS,
    opened,
)
from tests.unit.workspace.tiny import (  # noqa: E402
    ARCHITECTURE,
    TINY_ADAPTER,
    TINY_BASE,
)

ABOUT = About(
    title="shard 0",
    weights_sha256="ab" * 32,
    model_name="acme",
    base_name="byte-gpt-base",
    base_sha256="cd" * 32,
    base_licence="MIT",
    origin="example.org/acme",
    run_id="ef" * 16,
    rule="average the probabilities of the next token",
)


def files_of(content, settings=TINY_ADAPTER):
    """The files of an adapter."""
    return peft_files(settings, content, ABOUT)


def test_names_are_those_of_peft():
    """Every tensor has PEFT's prefix and suffix, and its own bytes."""
    tensors = decode_tensors(files_of(ADAPTERS[0])["adapter_model.safetensors"])
    ours = decode_tensors(ADAPTERS[0])["blocks.0.attention.qkv.lora_a"]

    assert torch.equal(
        ours, tensors["base_model.model.blocks.0.attention.qkv.lora_A.weight"]
    )
    assert all(name.startswith("base_model.model.") for name in tensors)


def test_the_configuration_says_rank_and_scale():
    """alpha / r is the scale that the adapter was trained with."""
    config = json.loads(files_of(ADAPTERS[0])["adapter_config.json"])

    assert (2, 4, ["qkv", "out", "up", "down"]) == (
        config["r"],
        config["lora_alpha"],
        config["target_modules"],
    )


def test_files_with_names_of_peft_stay_as_they_are():
    """What was trained by PEFT is handed on byte for byte."""
    name = "base_model.model.layers.0.q_proj.lora_A.weight"
    content = encode_tensors({name: torch.ones(2, 3)})

    assert content == files_of(content)["adapter_model.safetensors"]


def test_the_readme_says_what_it_is_not():
    """Digest, licence and run stand in it, and that no erasure reaches the file."""
    text = files_of(ADAPTERS[0])["README.md"].decode()

    for said in ("ab" * 32, "cd" * 32, "MIT", "ef" * 16, "no erasure reaches it"):
        assert said in text


def test_a_whole_model_has_no_such_layout():
    """It is no adapter."""
    with pytest.raises(InputError, match="found a whole model"):
        files_of(BASE, settings=TINY_BASE)


@pytest.mark.parametrize("is_merged", [False, True], ids=["one", "merged"])
def test_peft_gives_the_same_answers(tmp_path, is_merged):
    """The real library puts the files on the base and says what we say."""
    peft = pytest.importorskip("peft", reason="PEFT is not installed")
    content = ADAPTERS[0]
    if is_merged:
        content = encode_tensors(merge([decode_tensors(one) for one in ADAPTERS]))
    for name, part in files_of(content).items():
        (tmp_path / name).write_bytes(part)
    base = gpt.load_base(ARCHITECTURE, decode_tensors(BASE))
    base.requires_grad_(requires_grad=False)
    theirs = peft.PeftModel.from_pretrained(base, str(tmp_path))

    torch.testing.assert_close(
        opened(content).log_probabilities(TOKENS),
        theirs(TOKENS).log_softmax(-1),
    )
