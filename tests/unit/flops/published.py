"""Shapes of published models, each in a file with its source."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent / "configs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))

TINY = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 688,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "vocab_size": 4096,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
}
"""A small decoder with everything that large ones have."""


def document(name):
    """The file of a model: its source, what was published, its configuration."""
    return json.loads((FOLDER / f"{name}.json").read_text())
