"""A tiny model and data of the usual library, made without a network."""

import tokenizers
import torch
import transformers

from tests.unit.metering.live import LiveCounter

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
# Ragged on purpose: batches of two are padded to 9, 5, 12 and 7.
LENGTHS = (4, 9, 5, 5, 12, 3, 7, 6)


def make_model(attention="eager"):
    """A Llama of two layers."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(**SIZES, attn_implementation=attention)
    return transformers.LlamaForCausalLM(config)


def rows():
    """Sequences of the lengths above."""
    return [
        {"input_ids": [1 + n % 63 for n in range(length)]}
        | {"labels": [1 + n % 63 for n in range(length)]}
        for length in LENGTHS
    ]


def padded(batch):
    """A batch as long as its longest sequence."""
    length = max(len(row["input_ids"]) for row in batch)

    def pad(name, fill):
        return torch.tensor(
            [row[name] + [fill] * (length - len(row[name])) for row in batch]
        )

    ids = pad("input_ids", 0)
    return {
        "input_ids": ids,
        "attention_mask": (ids > 0).long(),
        "labels": pad("labels", -100),
    }


def make_tokenizer():
    """One token a word, of a vocabulary that the model has."""
    words = {"[PAD]": 0, "[EOS]": 1} | {f"w{n}": n for n in range(2, 64)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[PAD]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", eos_token="[EOS]"
    )


class Live(transformers.TrainerCallback):
    """Counts each step by its operations, and leaves out what is between steps."""

    def __init__(self):
        self.counter = LiveCounter()

    def on_step_begin(self, args, state, control, **_):
        self.counter.__enter__()

    def on_step_end(self, args, state, control, **_):
        self.counter.__exit__(None, None, None)
