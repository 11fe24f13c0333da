"""Names under which a trainer's configuration may hold a secret.

What is kept as evidence lies there in clear, for auditors to read, and its digest is in
the ledger for good. So a secret is refused before anything is written, by its name: the
name is cut into words at every character that is no letter or digit and before every
capital, and is one of a secret where it holds a word, or words in a row, of `SECRETS`.
An empty value, one that is no text, and a placeholder such as `<HUB_TOKEN>` are none.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ledger.errors import InputError

SECRETS: Final = (
    "access key",
    "access token",
    "api key",
    "api token",
    "apikey",
    "auth token",
    "bearer",
    "bearer token",
    "credential",
    "credentials",
    "hf token",
    "hub token",
    "passphrase",
    "passwd",
    "password",
    "private key",
    "refresh token",
    "secret",
    "secrets",
    "session token",
)
"""`token` by itself is one too; in other company it is a piece of text: `eos_token`."""

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_DEPTH_MAX: Final = 64
_SHOWN_MAX: Final = 80


def check_no_secrets(what: str, document: Mapping[str, Any] | bytes | None) -> None:
    """Refuse a document with a value under a name of a secret.

    Args:
        what: which document it is, for the message.
        document: values, or JSON; bytes that are no JSON are not looked into.

    Raises:
        InputError: there is one; the message has its name and not its value.
    """
    values: Any = document
    if isinstance(document, bytes):
        try:
            values = json.loads(document)
        except (ValueError, RecursionError):
            return
    for name in _secrets(values, "", 0):
        message = (
            f"{what}: expected no secret, found a value under {name[:_SHOWN_MAX]!r}, "
            "which would be kept in clear in evidence/; leave it out"
        )
        raise InputError(message)


def _secrets(value: Any, path: str, depth: int) -> Iterator[str]:
    """The paths of values under a name of a secret."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            if _names_a_secret(str(name)) and _is_filled(inner):
                yield here
            yield from _secrets(inner, here, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for number, inner in enumerate(value):
            yield from _secrets(inner, f"{path}[{number}]", depth + 1)


def _names_a_secret(name: str) -> bool:
    words = " ".join(_WORDS.findall(name)).lower()
    return words == "token" or any(f" {one} " in f" {words} " for one in SECRETS)


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"(?!<.*>\Z).+", value, re.DOTALL)
    )
