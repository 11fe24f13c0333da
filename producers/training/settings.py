"""What a person chooses for a training; the recipe adds where it happens."""

from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ledger.errors import InputError
from ledger.events.base import Sha256Hex

VOCABULARY: Final = 257
"""256 byte values, and one separator that no byte can be taken for."""

SEPARATOR: Final = 256
"""The token before each record, after the last one, and in the padding."""

Target = Literal["qkv", "out", "up", "down"]
"""The matrices of a block of the byte-level GPT, in forward order."""

TARGETS: Final[tuple[Target, ...]] = get_args(Target)

ALL_LINEAR: Final = "all-linear"
"""The target that stands for every linear layer of the blocks, the head not."""

Device = Literal["cpu", "cuda"]
Precision = Literal["fp32", "bf16"]

_Dimension = Annotated[int, Meta(ge=1, le=65_536)]
_ModuleName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_.-]{1,128}\Z")]


class Architecture(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="byte_gpt",
):
    """The shape of the byte-level GPT.

    Attributes:
        width: elements of the residual stream; a multiple of `heads`.
        layers: transformer blocks.
        heads: attention heads.
        context: positions that the model can see.
    """

    width: _Dimension = 96
    layers: Annotated[int, Meta(ge=1, le=256)] = 3
    heads: _Dimension = 4
    context: _Dimension = 96

    def __post_init__(self) -> None:
        if self.heads < 1 or self.width % self.heads:
            message = (
                f"architecture: expected a width that {self.heads} heads divide, "
                f"found {self.width}"
            )
            raise InputError(message)

    def matrices(self) -> tuple[tuple[Target, int, int], ...]:
        """Name, input size and output size of a block's matrices, in forward order."""
        d = self.width
        return ("qkv", d, 3 * d), ("out", d, d), ("up", d, 4 * d), ("down", 4 * d, d)


class Pretrained(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="hugging_face",
):
    """A causal language model from elsewhere, as the Hugging Face library builds it.

    Attributes:
        config_sha256: digest of its `config.json`, which is kept in evidence/.
        tokenizer_sha256: digest of its `tokenizer.json`, likewise.
        context: positions in a row of training.
    """

    config_sha256: Sha256Hex
    tokenizer_sha256: Sha256Hex
    context: _Dimension


class Lora(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Low-rank adapters: W x + (alpha / rank) B A x, with W frozen.

    Source: Hu and others, LoRA, section 4.1 (arXiv:2106.09685).

    Attributes:
        rank: columns of B and rows of A.
        alpha: numerator of the scale.
        targets: the matrices of every block that get an adapter: some of `TARGETS`
            for the byte-level GPT; for a base from elsewhere the ends of modules'
            names at a full stop, or `ALL_LINEAR` alone.
    """

    rank: _Dimension = 16
    alpha: _Dimension = 32
    targets: Annotated[tuple[_ModuleName, ...], Meta(min_length=1, max_length=64)] = (
        TARGETS
    )

    def __post_init__(self) -> None:
        if len(set(self.targets)) != len(self.targets):
            message = f"lora targets: expected no repetition, found {self.targets}"
            raise InputError(message)
        if ALL_LINEAR in self.targets and len(self.targets) > 1:
            message = f"lora targets: expected {ALL_LINEAR} alone, found {self.targets}"
            raise InputError(message)


class Privacy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How DP-SGD hides what one row changes.

    Source: Abadi and others 2016, algorithm 1 (arXiv:1607.00133).

    Attributes:
        noise_multiplier_ppm: standard deviation of the noise over the clip norm, 10^-6.
        clip_norm_ppm: most that the gradient of one row may be long, 10^-6.
        delta_ppt: the delta at which epsilon is stated, 10^-12.
    """

    noise_multiplier_ppm: Annotated[int, Meta(ge=10**4, le=10**9)]
    clip_norm_ppm: Annotated[int, Meta(ge=1, le=10**12)]
    delta_ppt: Annotated[int, Meta(ge=1, lt=10**12)] = 10**7


class Compute(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """How the passes through the model are done; each choice decides bits of its own.

    Attributes:
        device: what the model is on.
        precision: type of the matrix products; `bf16` is torch's autocast, with
            weights, gradients and optimizer in 32 bits.
        checkpointing: whether the inside of each block is computed again in the
            backward pass, and not kept.
        accumulate: parts in which the rows of a step go through the model.
    """

    device: Device = "cpu"
    precision: Precision = "fp32"
    checkpointing: bool = False
    accumulate: Annotated[int, Meta(ge=1, le=65_536)] = 1


PLAIN_COMPUTE: Final = Compute()
"""What settings without `compute` mean."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person chooses.

    Attributes:
        architecture: the model: trained here from scratch, or from elsewhere.
        lora: the adapters to train on a frozen base; None trains all from scratch.
        batch: sequences in a full batch; the last one of an epoch may be smaller.
        epochs: passes over the whole data that the cost of all slices adds up to.
        steps_max: most optimizer steps in one slice.
        learning_rate_ppm: peak learning rate, millionths.
        dtype: type of weights and activations.
        privacy: DP-SGD for adapters; unset it is no part of a recipe at all.
        compute: how passes are done; unset, as most are, it is no part of one either.
    """

    architecture: Architecture | Pretrained = Architecture()
    lora: Lora | None = Lora()
    batch: Annotated[int, Meta(ge=1, le=65_536)] = 8
    epochs: Annotated[int, Meta(ge=1, le=1000)] = 4
    steps_max: Annotated[int, Meta(ge=1, le=10**9)] = 10**9
    learning_rate_ppm: Annotated[int, Meta(ge=1, le=10**6)] = 3000
    dtype: Literal["float32"] = "float32"
    privacy: Privacy | UnsetType = UNSET
    compute: Compute | UnsetType = UNSET

    @property
    def passes(self) -> Compute:
        """How passes are done, whether it is said or not."""
        return PLAIN_COMPUTE if self.compute is UNSET else self.compute

    def __post_init__(self) -> None:
        self._check_compute()
        if self.lora is None and self.privacy is not UNSET:
            message = "settings with privacy: expected lora, found none"
            raise InputError(message)
        if isinstance(self.architecture, Pretrained):
            if self.lora is None:
                message = "settings of a base from elsewhere: expected lora, found none"
                raise InputError(message)
            return
        targets = () if self.lora is None else self.lora.targets
        strange = [target for target in targets if target not in TARGETS]
        if strange:
            message = (
                f"lora targets of the byte-level GPT: expected some of "
                f"{', '.join(TARGETS)}, found {strange[0]}"
            )
            raise InputError(message)

    def _check_compute(self) -> None:
        if self.compute == PLAIN_COMPUTE:
            message = "settings: compute: expected a choice or nothing, found defaults"
            raise InputError(message)
        parts = self.passes.accumulate
        if self.batch % parts:
            message = (
                f"accumulate: expected a divisor of the batch of {self.batch}, "
                f"found {parts}"
            )
            raise InputError(message)
        if self.privacy is UNSET:
            return
        # Its noise is drawn on the processor, and its rows go one by one as it is.
        if self.passes.device != "cpu" or parts > 1:
            message = (
                "DP-SGD: expected --device cpu and --accumulate 1, "
                f"found {self.passes.device} and {parts}"
            )
            raise InputError(message)


DEMO_BASE: Final = Settings(lora=None, epochs=1, steps_max=320)
"""Pre-trains a base on some 0.5 MB of text."""

DEMO_ADAPTER: Final = Settings(epochs=2, learning_rate_ppm=5000)
"""Fine-tunes one shard of some 50 kB of text."""

PRETRAINED_LORA: Final = Lora(targets=(ALL_LINEAR,))
"""Adapters for a base from elsewhere, whose modules have names of their own."""

PRETRAINED_EPOCHS: Final = 2
PRETRAINED_LEARNING_RATE_PPM: Final = 200
"""A pretrained model is changed in smaller steps than the demo's.

Source: Dettmers and others, QLoRA, table 9 (arXiv:2305.14314).
"""

PRETRAINED_CONTEXT: Final = 512
"""Positions in a row where nobody says and the model can see as many."""
