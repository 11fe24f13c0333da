"""Rules of law as data: versioned TOML files, named by the digest of their bytes.

A decision records the digest of the pack that it was made under, so that a change of
the law is a new file and old decisions stay explainable.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from ledger.errors import InputError

GPAI: Final = "eu_gpai_2025_11_19"
"""Provider status of general-purpose AI models, Commission guidelines of that date."""

SUMMARY_TEMPLATE: Final = "eu_training_summary_2025_07_24"
"""Fields of the public summary of training content, Commission template."""

PACKS: Final = (GPAI, SUMMARY_TEMPLATE)
"""Every pack that this version ships."""


@dataclass(frozen=True, slots=True)
class RulePack:
    """One rule pack as it was read.

    Attributes:
        data: the parsed TOML document.
        sha256: SHA-256 of the file's bytes, lowercase hex.
    """

    data: Mapping[str, Any]
    sha256: str


def load_pack(name: str) -> RulePack:
    """Read a shipped rule pack.

    Args:
        name: one of `PACKS`.

    Raises:
        InputError: there is no pack of that name.
    """
    if name not in PACKS:
        message = f"unknown rule pack {name[:64]!r}: expected one of {', '.join(PACKS)}"
        raise InputError(message)
    content = resources.files(__package__).joinpath(f"{name}.toml").read_bytes()
    return RulePack(
        data=tomllib.loads(content.decode()),
        sha256=hashlib.sha256(content).hexdigest(),
    )
