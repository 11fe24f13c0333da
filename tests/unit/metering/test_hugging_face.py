"""Models of the transformers library, where it is installed: configuration to trace."""

import json

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from producers.flops.config import read_config  # noqa: E402
from producers.flops.count import Lora, Training, count  # noqa: E402
from producers.flops.of_model import closed_form_of  # noqa: E402
from producers.metering.trace import trace  # noqa: E402

# transformers warns of names that it and peft still use.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
    "max_position_embeddings": 64,
}
FAMILIES = {
    "llama": {},
    "mistral": {},
    "qwen2": {},
    "qwen3": {"head_dim": 16},
    "olmo2": {},
    "gemma": {"head_dim": 16},
    "gemma2": {"head_dim": 16},
    "gemma3_text": {"head_dim": 16},
    "phi": {},
    "phi3": {"pad_token_id": 0},
    "starcoder2": {},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "gpt_neox": {},
    "mixtral": {"num_local_experts": 4},
    "qwen2_moe": {
        "num_experts": 4,
        "moe_intermediate_size": 24,
        "shared_expert_intermediate_size": 40,
        "decoder_sparse_step": 2,
        "num_experts_per_tok": 2,
    },
    "qwen3_moe": {
        "num_experts": 4,
        "moe_intermediate_size": 24,
        "head_dim": 16,
        "num_experts_per_tok": 2,
    },
}


def make(family, mode="none", attention="eager"):
    """A tiny model in training mode."""
    sizes = dict(SIZES)
    if family == "gpt2":
        sizes = {"vocab_size": 64}
    if family == "gpt_neox":
        del sizes["num_key_value_heads"]
    config = transformers.AutoConfig.for_model(family, **(sizes | FAMILIES[family]))
    routed = {"experts_implementation": "batched_mm"} if "expert" in str(config) else {}
    model = transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation=attention, **routed
    )
    if mode != "none":
        model.gradient_checkpointing_enable({"use_reentrant": mode == "reentrant"})
    return model.train()


def closed_form(model, **training):
    decoder = read_config(json.loads(model.config.to_json_string()))
    return count(decoder, Training(attention="eager", **training))


@pytest.mark.parametrize("mode", ["none", "reentrant", "non-reentrant"])
@pytest.mark.parametrize("family", FAMILIES)
def test_family(family, mode):
    """The closed form of the model's own configuration equals its trace."""
    model = make(family, mode)
    closed = closed_form(model, checkpointing=mode)
    plan = trace(model, closed_form=closed)

    assert closed == closed_form_of(model)
    assert ((), ()) == (plan.unknown, plan.faults)


@pytest.mark.parametrize("mode", ["none", "reentrant", "non-reentrant"])
@pytest.mark.parametrize(
    ("family", "targets"),
    [
        ("llama", ("q_proj", "v_proj")),
        ("llama", ("all-linear",)),
        ("phi", ("all-linear",)),
        ("phi", ("fc1",)),
        ("gpt_neox", ("query_key_value",)),
        ("gemma3_text", ("all-linear",)),
        ("mixtral", ("q_proj", "v_proj")),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_adapters(family, targets, mode):
    """So do adapters of the library that most people use."""
    peft = pytest.importorskip("peft")
    model = make(family, mode)
    closed = closed_form(
        model,
        checkpointing=mode,
        lora=Lora(rank=4, targets=targets),
        input_gradients=mode != "none",
    )
    named = targets[0] if targets == ("all-linear",) else list(targets)
    config = peft.LoraConfig(r=4, target_modules=named, task_type="CAUSAL_LM")
    adapted = peft.get_peft_model(model, config).train()
    plan = trace(adapted, closed_form=closed)

    assert closed == closed_form_of(adapted)
    assert ((), ()) == (plan.unknown, plan.faults)


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen3_moe"])
def test_fused_attention(family):
    """Where the fused kernel drops, it runs as single products."""
    model = make(family, attention="sdpa")
    plan = trace(model, closed_form=closed_form_of(model))

    assert plan.closed_form
    assert ((), ()) == (plan.unknown, plan.faults)
