"""Texts to tokens and back, for either kind of base."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.errors import InputError
from producers.training.base_files import BaseFiles
from producers.training.settings import SEPARATOR, VOCABULARY, Pretrained, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """How a base reads.

    Attributes:
        separator: stands before each record, after the last one, and in the padding.
        encode: a text's tokens, without any that only a library would add.
        decode: the reverse, for tokens that stand for text.
        vocabulary: how many tokens there are, the separator included.
    """

    separator: int
    encode: Callable[[bytes], Sequence[int]]
    decode: Callable[[Sequence[int]], bytes]
    vocabulary: int


def tokens_of(settings: Settings, files: BaseFiles) -> Tokens:
    """How the base of `settings` reads.

    Raises:
        InputError: the tokenizer cannot be read, or the configuration names no end of
            text.
    """
    if isinstance(settings.architecture, Pretrained):
        return read_tokens(files)
    return Tokens(
        separator=SEPARATOR, encode=bytes, decode=_bytes_of, vocabulary=VOCABULARY
    )


def end_of_text(fields: dict[str, Any]) -> int:
    """The token that ends a text, by a model's configuration.

    Raises:
        InputError: it names none.
    """
    given = fields.get("eos_token_id")
    # Chat models end a turn with further tokens, which come after the first.
    first = given[0] if isinstance(given, list) and given else given
    if type(first) is not int or first < 0:
        message = "config.json: field eos_token_id: expected a token, found none"
        raise InputError(message)
    return first


def read_tokens(files: BaseFiles) -> Tokens:
    """How a base from elsewhere reads.

    Raises:
        InputError: see `tokens_of`.
    """
    # The base install has no tokenizer library, and so no types of it.
    from tokenizers import (  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415
        Tokenizer,
    )

    try:
        tokenizer = Tokenizer.from_str(files.tokenizer.decode())
    # The library raises plain `Exception` for whatever it cannot read.
    except Exception as error:
        message = "tokenizer.json: expected a tokenizer of the tokenizers library"
        raise InputError(message) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # A record that spells a control token, such as the end of a text, is text.
    tokenizer.encode_special_tokens = True

    def encode(text: bytes) -> Sequence[int]:
        encoded = tokenizer.encode(text.decode(), add_special_tokens=False)
        ids: list[int] = encoded.ids
        return ids

    def decode(tokens: Sequence[int]) -> bytes:
        text: str = tokenizer.decode(list(tokens), skip_special_tokens=True)
        return text.encode()

    fields = msgspec.json.decode(files.config, type=dict[str, Any])
    return Tokens(
        separator=end_of_text(fields),
        encode=encode,
        decode=decode,
        vocabulary=int(tokenizer.get_vocab_size(with_added_tokens=True)),
    )


def _bytes_of(tokens: Sequence[int]) -> bytes:
    return bytes(token for token in tokens if token != SEPARATOR)
