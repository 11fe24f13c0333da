"""The data files that ship beside the code."""

import tomllib
from importlib.resources import files
from typing import Any


def load_table(*path: str) -> dict[str, Any]:
    """One TOML file of this package."""
    with files("producers.pii").joinpath(*path).open("rb") as file:
        return tomllib.load(file)
