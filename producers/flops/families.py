"""The families of decoders that are known: where their shapes stand, how a block runs.

A family is data. What is not listed here is refused and never guessed, since a guess
that forgets a matrix is a low number.

Sources: the configuration and model classes of each family in the transformers library,
version 5.23, whose names of fields and modules these are.
"""

from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How a family's configuration is read.

    Attributes:
        hidden: field with the width of the residual stream.
        layers: field with the number of blocks.
        heads: field with the number of query heads.
        kv_heads: field with the number of key heads; empty where each query head has
            its own.
        kv_heads_required: whether a missing field is an error; else it means `heads`.
        head_dim_required: whether the field `head_dim` must be there; else it is the
            width over the heads.
        inner: field with the width inside the perceptron.
        inner_default: multiple of the width that a missing or null `inner` means; 0
            where it must be there.
        context: field with the positions that the model declares.
        learned_positions: whether positions have an embedding.
        qkv: name of the one matrix for queries, keys and values; empty for three.
        out: name of the matrix behind the heads.
        gate: name of the gate's matrix; empty where the perceptron has none.
        up: name of the matrix into the perceptron; with `gate` fused into it where
            `gate_fused` says so.
        gate_fused: whether `up` makes gate and value at once.
        down: name of the matrix out of the perceptron.
        parallel: whether the perceptron reads the block's input and not what attention
            made of it; or the name of the field that says so, true where missing.
        norm_last: whether a norm stands behind the last product.
        dropouts: fields with the dropout behind the last product.
        tied: whether the head is the embedding where the configuration does not say.
        experts: how the perceptron is routed.
        flags: further fields that may be there, with the values that are understood.
        ignored: further fields that decide no product.
    """

    hidden: str = "hidden_size"
    layers: str = "num_hidden_layers"
    heads: str = "num_attention_heads"
    kv_heads: str = "num_key_value_heads"
    kv_heads_required: bool = True
    head_dim_required: bool = False
    inner: str = "intermediate_size"
    inner_default: int = 0
    context: str = "max_position_embeddings"
    learned_positions: bool = False
    qkv: str = ""
    out: str = "o_proj"
    gate: str = "gate_proj"
    up: str = "up_proj"
    gate_fused: bool = False
    down: str = "down_proj"
    parallel: bool | str = False
    norm_last: bool = False
    dropouts: tuple[str, ...] = ()
    tied: bool = False
    experts: Literal["none", "mixtral", "qwen2_moe", "qwen3_moe"] = "none"
    flags: dict[str, tuple[object, ...]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


_GEMMA: Final = (
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "hidden_activation",
    "query_pre_attn_scalar",
    "rope_local_base_freq",
    "sliding_window_pattern",
    "_sliding_window_pattern",
)
_ROUTED: Final = ("norm_topk_prob", "output_router_logits", "router_aux_loss_coef")

FAMILIES: Final[dict[str, Family]] = {
    "llama": Family(kv_heads_required=False),
    "mistral": Family(),
    "qwen2": Family(),
    "qwen3": Family(head_dim_required=True),
    "olmo2": Family(kv_heads_required=False, norm_last=True),
    "gemma": Family(head_dim_required=True, tied=True, ignored=_GEMMA),
    "gemma2": Family(head_dim_required=True, tied=True, norm_last=True, ignored=_GEMMA),
    "gemma3_text": Family(
        head_dim_required=True,
        tied=True,
        norm_last=True,
        flags={"use_bidirectional_attention": (False,)},
        ignored=_GEMMA,
    ),
    "phi": Family(
        kv_heads_required=False,
        out="dense",
        gate="",
        up="fc1",
        down="fc2",
        parallel=True,
        dropouts=("resid_pdrop",),
        ignored=("embd_pdrop", "qk_layernorm"),
    ),
    "phi3": Family(
        kv_heads_required=False,
        qkv="qkv_proj",
        gate="",
        up="gate_up_proj",
        gate_fused=True,
        dropouts=("resid_pdrop",),
        ignored=("embd_pdrop", "original_max_position_embeddings"),
    ),
    "starcoder2": Family(
        gate="",
        up="c_fc",
        down="c_proj",
        dropouts=("residual_dropout",),
        tied=True,
        flags={"mlp_type": ("default",)},
        ignored=("embedding_dropout", "norm_epsilon", "norm_type", "use_bias"),
    ),
    "gpt2": Family(
        hidden="n_embd",
        layers="n_layer",
        heads="n_head",
        kv_heads="",
        inner="n_inner",
        inner_default=4,
        context="n_positions",
        learned_positions=True,
        qkv="c_attn",
        out="attn.c_proj",
        gate="",
        up="c_fc",
        down="mlp.c_proj",
        dropouts=("resid_pdrop",),
        tied=True,
        flags={"add_cross_attention": (False,)},
        ignored=(
            "activation_function",
            "attn_pdrop",
            "embd_pdrop",
            "n_ctx",
            "reorder_and_upcast_attn",
            "scale_attn_by_inverse_layer_idx",
            "scale_attn_weights",
            "summary_activation",
            "summary_first_dropout",
            "summary_proj_to_labels",
            "summary_type",
            "summary_use_proj",
        ),
    ),
    "gpt_neox": Family(
        kv_heads="",
        qkv="query_key_value",
        out="dense",
        gate="",
        up="dense_h_to_4h",
        down="dense_4h_to_h",
        parallel="use_parallel_residual",
        dropouts=("hidden_dropout",),
        ignored=("classifier_dropout", "rotary_emb_base", "rotary_pct"),
    ),
    "mixtral": Family(experts="mixtral", ignored=(*_ROUTED, "router_jitter_noise")),
    "qwen2_moe": Family(experts="qwen2_moe", ignored=(*_ROUTED, "qkv_bias")),
    "qwen3_moe": Family(experts="qwen3_moe", head_dim_required=True, ignored=_ROUTED),
}
"""By the field `model_type` of a configuration."""

_EXPERTS: Final = ("num_local_experts", "num_experts")

EXPERT_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "none": (),
    "mixtral": (*_EXPERTS, "num_experts_per_tok"),
    "qwen2_moe": (
        *_EXPERTS,
        "num_experts_per_tok",
        "moe_intermediate_size",
        "shared_expert_intermediate_size",
        "decoder_sparse_step",
        "mlp_only_layers",
    ),
    "qwen3_moe": (
        *_EXPERTS,
        "num_experts_per_tok",
        "moe_intermediate_size",
        "decoder_sparse_step",
        "mlp_only_layers",
    ),
}
"""Fields that decide the experts' products."""

IGNORED: Final = frozenset(
    {
        "_attn_implementation_autoset",
        "_model_name_or_path",
        "_name_or_path",
        "architectures",
        "attention_bias",
        "attention_dropout",
        "begin_suppress_tokens",
        "bos_token_id",
        "chunk_size_feed_forward",
        "dtype",
        "eos_token_id",
        "hidden_act",
        "id2label",
        "initializer_range",
        "is_decoder",
        "label2id",
        "layer_norm_eps",
        "layer_norm_epsilon",
        "layer_types",
        "max_window_layers",
        "mlp_bias",
        "model_type",
        "name_or_path",
        "output_attentions",
        "output_hidden_states",
        "pad_token_id",
        "partial_rotary_factor",
        "pretraining_tp",
        "problem_type",
        "quantization_config",
        "return_dict",
        "rms_norm_eps",
        "rope_parameters",
        "rope_scaling",
        "rope_theta",
        "sliding_window",
        "task_specific_params",
        "tie_word_embeddings",
        "torch_dtype",
        "transformers_version",
        "unk_token_id",
        "use_cache",
        "use_sliding_window",
        "vocab_size",
    }
)
"""Fields that any family may have and that decide no product, or are read by name."""

MUST_BE_FALSE: Final = frozenset({"is_encoder_decoder", "add_cross_attention"})
"""Fields that say that there is more than a decoder."""
