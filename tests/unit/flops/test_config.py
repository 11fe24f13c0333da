"""What is not understood of a configuration is refused, never left out."""

import json

import pytest

from ledger.errors import InputError
from producers.flops.config import CONFIG_BYTES_MAX, load_config, read_config
from producers.flops.count import Lora, Training, count
from producers.flops.families import FAMILIES
from tests.unit.flops.published import TINY, document

ROUTED = document("mixtral-8x7b")["config"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model_type": "mamba"}, "model type"),
        ({"model_type": ["llama"]}, "model type"),
        ({"model_type": None}, "model type"),
        ({"num_nextn_predict_layers": 1}, "num_nextn_predict_layers"),
        ({"is_encoder_decoder": True}, "is_encoder_decoder"),
        ({"add_cross_attention": True}, "add_cross_attention"),
        ({"hidden_size": None}, "hidden_size"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"hidden_size": 256.0}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"hidden_size": 2**31}, "hidden_size"),
        ({"num_hidden_layers": 4097}, "num_hidden_layers"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_refused(change, says):
    """An unknown family or field, or a shape out of range, is an error by its name."""
    with pytest.raises(InputError, match=says):
        read_config(TINY | change)


@pytest.mark.parametrize(
    "change",
    [
        {"an_unknown_field": None},
        {"is_encoder_decoder": False},
        {"torch_dtype": "bfloat16"},
        {"_model_name_or_path": "a", "unk_token_id": 0},
        {"quantization_config": {"load_in_4bit": True}},
    ],
    ids=["null", "false", "precision", "names", "quantised"],
)
def test_changes_no_product(change):
    """Null is missing; precision and storage decide no product."""
    assert count(read_config(TINY), Training()) == count(
        read_config(TINY | change), Training()
    )


def test_window_is_counted_as_a_mask():
    """A window is executed as a mask over all pairs, and a note says so."""
    windowed = TINY | {"model_type": "mistral", "sliding_window": 16}
    decoder = read_config(windowed)

    assert count(read_config(TINY), Training()) == count(decoder, Training())
    assert any("sliding window" in note for note in decoder.notes)


@pytest.mark.parametrize("family", ["qwen3", "gemma", "gemma2", "gemma3_text"])
def test_head_size_is_not_guessed(family):
    """Where heads are not the width cut in parts, their size must be given."""
    with pytest.raises(InputError, match="head_dim"):
        read_config(TINY | {"model_type": family})


def test_key_heads_are_not_guessed():
    """Where a family's class has a number of its own, a missing one is an error."""
    fields = {k: v for k, v in TINY.items() if k != "num_key_value_heads"}

    with pytest.raises(InputError, match="num_key_value_heads"):
        read_config(fields | {"model_type": "mistral"})


def test_every_family_reads():
    """Each family that is listed turns into products."""
    for name, family in FAMILIES.items():
        named = {
            family.hidden: 32,
            family.layers: 2,
            family.heads: 4,
            family.context: 64,
            "vocab_size": 96,
            "head_dim": 8,
            family.inner: 48,
        }
        if family.kv_heads:
            named[family.kv_heads] = 2
        if family.experts != "none":
            named |= {
                "num_local_experts": 4,
                "num_experts_per_tok": 2,
            }
        if family.experts.startswith("qwen"):
            named |= {"moe_intermediate_size": 24, "decoder_sparse_step": 1}
        if family.experts == "qwen2_moe":
            named["shared_expert_intermediate_size"] = 40
        cost = count(read_config({"model_type": name, **named}), Training())

        assert cost.forward * 2 == cost.backward


def test_two_numbers_of_experts_must_agree():
    """The two names for one number may both be there, and must then be equal."""
    with pytest.raises(InputError, match="num_experts"):
        read_config(ROUTED | {"num_experts": 9})


def test_dense_blocks_among_routed_ones():
    """Blocks that are not routed have the dense perceptron."""
    config = document("qwen1.5-moe-a2.7b")["config"]
    routed = count(read_config(config), Training()).forward.token
    dense = count(
        read_config(config | {"mlp_only_layers": list(range(24))}), Training()
    ).forward.token
    half = count(
        read_config(config | {"decoder_sparse_step": 2}), Training()
    ).forward.token

    assert routed + dense == 2 * half


@pytest.mark.parametrize("target", ["all-linear", "gate_proj", "gate"])
def test_adapters_on_experts_are_refused(target):
    """How experts take adapters depends on the library; there is no one figure."""
    with pytest.raises(InputError, match="lora targets"):
        count(
            read_config(ROUTED), Training(lora=Lora(rank=8, targets=("q_proj", target)))
        )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "expected JSON"),
        (b"[]", "JSON object"),
        (b"\xff", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (b" " * (CONFIG_BYTES_MAX + 1), "at most"),
    ],
    ids=["cut", "list", "not-utf-8", "deep", "long"],
)
def test_unreadable_file(tmp_path, content, says):
    """A file that is no configuration is one error."""
    path = tmp_path / "config.json"
    path.write_bytes(content)

    with pytest.raises(InputError, match=says):
        load_config(path)


def test_missing_file(tmp_path):
    """A file that is not there is one error."""
    with pytest.raises(InputError, match="No such file"):
        load_config(tmp_path / "config.json")
