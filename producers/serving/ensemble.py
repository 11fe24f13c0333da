# ruff: noqa: N803, N806 - tensor names end in their shape, in capitals
"""Several adapters on one base that answer as one: the mean of their probabilities.

One base is in memory, and each adapter is put into it in its turn.

Shape suffixes: B rows, S positions, V vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import torch
from torch import Tensor

from ledger.errors import InputError
from producers.evaluation.language_model import LanguageModel as Asked
from producers.serving.merge import rank_of
from producers.training.base_files import BaseFiles
from producers.training.devices import fix_numerics
from producers.training.language import LanguageModel, open_model
from producers.training.settings import PLAIN_COMPUTE, Settings
from producers.training.weights import decode_tensors

_ROWS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a manifest names, decrypted.

    Attributes:
        settings: what the adapters were trained with; without lora, `base` is the whole
            model.
        files: what the base comes with.
        base: safetensors bytes.
        adapters: likewise, one a shard, or a merged one; none for the base alone.
    """

    settings: Settings
    files: BaseFiles
    base: bytes
    adapters: Sequence[bytes] = ()


class Ensemble:
    """A base with adapters.

    Attributes:
        context: positions that it can see.
        separator: the token before a text, and after it.
    """

    def __init__(
        self, model: LanguageModel, adapters: Sequence[dict[str, Tensor]], context: int
    ) -> None:
        """Adapters fit `model`; without any it answers as it is."""
        self._model = model
        self._adapters = adapters
        self.context = context
        self.separator = model.tokens.separator
        model.module.eval()

    def encode(self, text: bytes) -> list[int]:
        """Text as tokens, no separator among them."""
        return list(self._model.tokens.encode(text))

    def decode(self, tokens: Sequence[int]) -> bytes:
        """The reverse."""
        return self._model.tokens.decode(tokens)

    def log_probabilities(self, token_BS: Tensor) -> Tensor:
        """Logarithms of the mean probability of each next token, (B, S, V).

        log((1/n) sum_i exp l_i): the log-mean-exp of the adapters' log-probabilities
        l_i, since the probabilities of long texts are too small to be added.
        """
        with torch.inference_mode():
            if not self._adapters:
                return self._answer(token_BS)
            self._model.load_adapter(self._adapters[0])
            sum_BSV = self._answer(token_BS)
            for adapter in self._adapters[1:]:
                self._model.load_adapter(adapter)
                sum_BSV = torch.logaddexp(sum_BSV, self._answer(token_BS))
            return sum_BSV - math.log(len(self._adapters))

    def _answer(self, token_BS: Tensor) -> Tensor:
        return self._model.logits(token_BS).log_softmax(-1)

    def asked(self) -> Asked:
        """The same, for the measures of `producers.evaluation`."""
        return Asked(
            log_probabilities=self.log_probabilities,
            encode=self.encode,
            separator=self.separator,
            context=self.context,
            rows_at_once=_ROWS_AT_ONCE,
        )


def open_ensemble(parts: Parts) -> Ensemble:
    """Put a base and its adapters together.

    A merged adapter has a multiple of the rank that its parts were trained with, and
    the same alpha; see `producers.serving.merge`.

    Raises:
        InputError: the weights do not fit, or cannot be read.
        IntegrityError: the files of the base are others.
    """
    fix_numerics(PLAIN_COMPUTE)
    settings = parts.settings
    adapters = [decode_tensors(one) for one in parts.adapters]
    ranks = {rank_of(one) for one in adapters}
    if len(ranks) > 1:
        message = f"adapters: expected one rank, found {len(ranks)}"
        raise InputError(message)
    if settings.lora is not None and ranks:
        lora = msgspec.structs.replace(settings.lora, rank=ranks.pop())
        settings = msgspec.structs.replace(settings, lora=lora)
    model = open_model(settings, parts.files, decode_tensors(parts.base))
    return Ensemble(model, adapters, settings.architecture.context)
