"""The files beside the weights that say how a base from elsewhere is built and fed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ledger.errors import IntegrityError
from producers.training.settings import Pretrained, Settings

CONFIG_BYTES_MAX: Final = 1024 * 1024

TOKENIZER_BYTES_MAX: Final = 16 * 1024 * 1024
"""What one piece of evidence may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFiles:
    """What a base from elsewhere comes with; nothing for the byte-level GPT.

    Attributes:
        config: its `config.json`.
        tokenizer: its `tokenizer.json`.
    """

    config: bytes = b""
    tokenizer: bytes = b""

    def digests(self) -> tuple[str, str]:
        """SHA-256 of both, lowercase hex."""
        return (
            hashlib.sha256(self.config).hexdigest(),
            hashlib.sha256(self.tokenizer).hexdigest(),
        )

    def check(self, settings: Settings) -> None:
        """Check that these are the files that `settings` name.

        Raises:
            IntegrityError: one is another file.
        """
        architecture = settings.architecture
        if not isinstance(architecture, Pretrained):
            return
        wanted = architecture.config_sha256, architecture.tokenizer_sha256
        names = "config.json", "tokenizer.json"
        for name, expected, found in zip(names, wanted, self.digests(), strict=True):
            if found != expected:
                message = (
                    f"{name} of the base: expected SHA-256 {expected[:16]}, "
                    f"found {found[:16]}"
                )
                raise IntegrityError(message)


NO_FILES: Final = BaseFiles()
"""What the byte-level GPT comes with."""


def base_files(settings: Settings, get: Callable[[str], bytes]) -> BaseFiles:
    """The files that `settings` name.

    Args:
        settings: what is trained.
        get: reads evidence by its digest; not called for the byte-level GPT.

    Raises:
        IntegrityError: one of them is gone or altered.
    """
    architecture = settings.architecture
    if not isinstance(architecture, Pretrained):
        return NO_FILES
    return BaseFiles(
        config=get(architecture.config_sha256),
        tokenizer=get(architecture.tokenizer_sha256),
    )
