# ruff: noqa: N803 - tensor names end in their shape, in capitals
"""A base with an adapter, ready to train or to answer: one face for every kind of base.

Shape suffixes of tensor names:
    B  sequences in the batch
    S  positions in a sequence
    V  vocabulary
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from producers.training import model as gpt
from producers.training.base_files import NO_FILES, BaseFiles
from producers.training.devices import autocast
from producers.training.settings import (
    PLAIN_COMPUTE,
    Architecture,
    Compute,
    Pretrained,
    Settings,
)
from producers.training.tokens import Tokens, tokens_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModel:
    """A model in training mode.

    Attributes:
        module: what is called, and what a meter is attached to.
        tokens: how it reads.
        adapter: the weights that training changes, by the names that they are saved
            under; all weights of a base that is made from scratch.
        load_adapter: puts given weights there; raises `InputError` where they do not
            fit.
        compute: how passes are done.
    """

    module: nn.Module
    tokens: Tokens
    adapter: Callable[[], dict[str, nn.Parameter]]
    load_adapter: Callable[[dict[str, Tensor]], None]
    compute: Compute = PLAIN_COMPUTE

    def logits(self, token_BS: Tensor) -> Tensor:
        """Logits of the next token at every position, (B, S, V), float32."""
        with autocast(self.compute):
            output = self.module(token_BS.to(self.compute.device))
        found: Tensor = output if isinstance(output, Tensor) else output.logits
        return found.float()

    def loss(
        self, token_BS: Tensor, target_BS: Tensor, *, targets: int | None = None
    ) -> Tensor:
        """Cross-entropy in nats, the mean over all positions that have a target.

        Args:
            token_BS: what the model reads.
            target_BS: what it should say next.
            targets: what the sum is divided by, at least 1: of a part of a step's rows,
                the targets of the whole step; those of these rows where None.
        """
        logits_NV = self.logits(token_BS).flatten(0, 1)  # noqa: N806
        target_N = target_BS.view(-1).to(logits_NV.device)  # noqa: N806
        if targets is None:
            return functional.cross_entropy(logits_NV, target_N)
        return functional.cross_entropy(logits_NV, target_N, reduction="sum") / targets


def open_model(
    settings: Settings, files: BaseFiles, base: dict[str, Tensor], *, seed: int = 0
) -> LanguageModel:
    """A base with its weights, and with a new adapter where `settings` have one.

    Args:
        settings: what is trained.
        files: what the base comes with.
        base: the weights of the base.
        seed: what the new adapter is drawn from, 0 .. 2^64 - 1.

    Raises:
        InputError: a configuration, a tokenizer, the weights or a target does not fit.
        IntegrityError: the files are not those that `settings` name.
    """
    if isinstance(settings.architecture, Pretrained):
        # Only who trains on a base from elsewhere needs its libraries.
        from producers.training import hugging_face  # noqa: PLC0415

        files.check(settings)
        module = hugging_face.make_model(hugging_face.read_config(files.config))
        hugging_face.load_weights(module, base)
        return _adapted(settings, files, module, seed=seed)
    module = gpt.load_base(settings.architecture, base)
    if settings.lora is not None:
        gpt.add_adapter(module, settings, seed=seed)
    return _of_gpt(settings, module)


def ready_to_train(model: LanguageModel, settings: Settings) -> LanguageModel:
    """The same model with its passes done as `settings` say; it is changed in place."""
    compute = settings.passes
    if compute.checkpointing:
        checkpoint_blocks(model.module)
    model.module.to(compute.device)
    return replace(model, compute=compute)


def checkpoint_blocks(module: nn.Module) -> None:
    """Make `module`, with its adapters, keep no more of a block than its input."""
    if isinstance(module, gpt.ByteGpt):
        module.gradient_checkpointing = True
        return
    from producers.training import hugging_face  # noqa: PLC0415

    hugging_face.checkpoint_blocks(module)


def new_model(settings: Settings, *, seed: int) -> LanguageModel:
    """A byte-level GPT from scratch, whose weights follow from `seed` alone."""
    architecture = cast("Architecture", settings.architecture)
    return _of_gpt(settings, gpt.make_base(architecture, seed=seed))


def open_shape(settings: Settings, files: BaseFiles) -> nn.Module:
    """What `open_model` makes, without weights: to trace, and not to run.

    Raises:
        InputError: see `open_model`.
        IntegrityError: see `open_model`.
    """
    if isinstance(settings.architecture, Pretrained):
        from producers.training import hugging_face  # noqa: PLC0415

        files.check(settings)
        shape = hugging_face.make_shape(hugging_face.read_config(files.config))
        return _shaped(settings, _adapted(settings, files, shape, seed=0).module)
    # Without memory: an auditor's recipe may be of any size.
    with torch.device("meta"):
        module = gpt.make_base(settings.architecture, seed=0)
        if settings.lora is not None:
            gpt.add_adapter(module, settings, seed=0)
    return _shaped(settings, module)


def _shaped(settings: Settings, module: nn.Module) -> nn.Module:
    if settings.passes.checkpointing:
        checkpoint_blocks(module)
    return module


def _of_gpt(settings: Settings, module: gpt.ByteGpt) -> LanguageModel:
    """The byte-level GPT that `module` is."""
    return LanguageModel(
        module=module,
        tokens=tokens_of(settings, NO_FILES),
        adapter=lambda: gpt.trainable(module),
        load_adapter=lambda tensors: gpt.load_adapter(module, tensors),
    )


def _adapted(
    settings: Settings, files: BaseFiles, module: nn.Module, *, seed: int
) -> LanguageModel:
    from producers.training import hugging_face  # noqa: PLC0415

    # Settings of a base from elsewhere have adapters, or they could not be made.
    if settings.lora is not None:
        module = hugging_face.add_adapter(module, settings.lora, seed=seed)
    return LanguageModel(
        module=module,
        tokens=tokens_of(settings, files),
        adapter=lambda: hugging_face.adapter_weights(module),
        load_adapter=lambda tensors: hugging_face.load_adapter(module, tensors),
    )
