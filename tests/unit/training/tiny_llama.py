"""A folder of a two-layer Llama with a byte-level tokenizer, made offline."""

import json

CONFIG = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 260,
    "max_position_embeddings": 32,
    "tie_word_embeddings": True,
    "bos_token_id": 256,
    "eos_token_id": 257,
}
README = "---\nlanguage: en\nlicense: apache-2.0\n---\nA model of nobody.\n"


def byte_letters():
    """The printable stand-in of each byte (Radford and others 2019, GPT-2's code)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {
        byte: chr(256 + number) for number, byte in enumerate(others)
    }


def tokenizer():
    """One token a byte, and three that control."""
    letters = byte_letters()
    control = ["<s>", "</s>", "<pad>"]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": 256 + number,
                "content": content,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for number, content in enumerate(control)
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": False,
        },
        "post_processor": None,
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {letters[byte]: byte for byte in range(256)},
            "merges": [],
        },
    }


def write_folder(folder, *, dtype="float32", **changes):
    """A model's folder; `changes` are fields of its configuration."""
    import torch  # noqa: PLC0415 (only where the library is installed)
    from safetensors.torch import save_file  # noqa: PLC0415

    from producers.training import hugging_face  # noqa: PLC0415

    config = json.dumps(CONFIG | {"torch_dtype": dtype} | changes).encode()
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(config)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    (folder / "README.md").write_text(README)
    model = hugging_face.make_model(hugging_face.read_config(config))
    generator = torch.Generator().manual_seed(1)
    weights = {}
    for name, weight in hugging_face.base_weights(model).items():
        drawn = torch.randn(weight.shape, generator=generator) / 8
        weights[name] = drawn.to(getattr(torch, dtype))
    save_file(weights, folder / "model.safetensors")
    return folder
