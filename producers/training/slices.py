"""The training itself: slice after slice, each repeatable on its own.

Slice k trains on the records of slices 0..k, starting from the weights of slice k - 1,
with a fresh optimizer and its own seed. So the weights of slice k follow from those of
slice k - 1, the records of slices 0..k, the seed and the recipe, and from nothing else:
a shard can be resumed at any slice with the same result, to the bit.

A slice whose records were all erased is still made: where slices 0..k hold no record,
nothing is trained, and the weights are those it started from; for the first slice these
are a new adapter, which leaves the base as it is.

Source: Bourtoule and others, Machine Unlearning (arXiv:1912.03817), for slices.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import torch
from msgspec import UNSET
from torch import Tensor, nn

from ledger.errors import InputError
from producers.metering.meter import Meter
from producers.metering.plan import Plan
from producers.training.base_files import NO_FILES, BaseFiles
from producers.training.devices import fix_numerics
from producers.training.draws import Draws
from producers.training.errors import TrainingError
from producers.training.gradients import Lot, plain_gradients
from producers.training.language import (
    LanguageModel,
    new_model,
    open_model,
    ready_to_train,
)
from producers.training.packing import Rows, pack
from producers.training.private import private_gradients
from producers.training.settings import Settings
from producers.training.wire import Passes, StepDone

_BETAS: Final = (0.9, 0.95)
_WEIGHT_DECAY: Final = 0.01
_WARMUP: Final = 0.1  # share of the steps
_TORCH_SEEDS: Final = 2**64

OnStep = Callable[[StepDone], None]
"""Told after each step."""

OnSlice = Callable[[int, dict[str, Tensor]], None]
"""Told after each slice: slice, trained tensors, valid only during the call."""


def train_slices(
    *,
    base: dict[str, Tensor],
    parent: dict[str, Tensor] | None,
    slice_first: int,
    slices: Sequence[Sequence[bytes]],
    seeds: Sequence[int],
    settings: Settings,
    plan: Plan | None,
    on_step: OnStep,
    on_slice: OnSlice,
    files: BaseFiles = NO_FILES,
) -> None:
    """Train one shard's adapter on a frozen base, from slice `slice_first` on.

    Args:
        base: weights of the frozen base.
        parent: adapter of slice `slice_first` - 1; None exactly for slice 0.
        slice_first: 0 .. len(slices) - 1.
        slices: the records that each slice adds, in the order in which they are
            packed; those before `slice_first` included.
        seeds: one a slice, 0 .. 2^256 - 1. Generators of torch get the lowest 64 bits,
            and show them in a new adapter; the noise of DP-SGD comes from all.
        settings: with lora.
        plan: what a pass costs; None counts none.
        on_step: told after each step.
        on_slice: told after each slice.
        files: what the base comes with.

    Raises:
        InputError: the weights do not fit, or `parent` is missing or too much.
        IntegrityError: the files are not those that the settings name.
        TrainingError: the loss is no longer finite.
    """
    if (parent is None) != (slice_first == 0):
        message = f"slice {slice_first}: expected a parent adapter after slice 0 only"
        raise InputError(message)
    if settings.lora is None:
        message = "adapter: expected settings with lora, found none"
        raise InputError(message)
    fix_numerics(settings.passes)
    model = open_model(settings, files, base, seed=seeds[0] % _TORCH_SEEDS)
    # The model has its own copy; a second one may be half of the memory.
    del base
    if parent is not None:
        model.load_adapter(parent)
    model = ready_to_train(model, settings)
    meter = _metering(model, plan)
    for k in range(slice_first, len(slices)):
        records = [record for part in slices[: k + 1] for record in part]
        _train(
            model,
            records,
            epochs=epochs_per_slice(settings.epochs, len(slices)),
            seed=seeds[k],
            settings=settings,
            slice_index=k,
            meter=meter,
            on_step=on_step,
        )
        on_slice(k, _tensors(model))


def pretrain(
    records: Sequence[bytes],
    *,
    seed: int,
    settings: Settings,
    plan: Plan | None,
    on_step: OnStep,
) -> dict[str, Tensor]:
    """Train a base from scratch and return its weights.

    Args:
        records: texts, in the order in which they are packed.
        seed: 0 .. 2^64 - 1.
        settings: without lora.
        plan: what a pass costs; None counts none.
        on_step: told after each step, with slice 0.

    Raises:
        InputError: the settings ask for an adapter.
        TrainingError: the loss is no longer finite.
    """
    if settings.lora is not None:
        message = "pre-training: expected settings without lora, found lora"
        raise InputError(message)
    fix_numerics(settings.passes)
    model = ready_to_train(new_model(settings, seed=seed), settings)
    _train(
        model,
        records,
        epochs=settings.epochs,
        seed=seed,
        settings=settings,
        slice_index=0,
        meter=_metering(model, plan),
        on_step=on_step,
    )
    return _tensors(model)


def epochs_per_slice(epochs: int, slices: int) -> float:
    """Epochs e of each of R cumulative slices that cost `epochs` passes together.

    With equal slices, slice k passes e times over k / R of the data:
    e (1 + 2 + ... + R) / R = epochs, so e = 2 epochs / (R + 1).

    Source: the code of Bourtoule and others, cleverhans-lab/machine-unlearning.
    """
    return 2 * epochs / (slices + 1)


def _train(
    model: LanguageModel,
    records: Sequence[bytes],
    *,
    epochs: float,
    seed: int,
    settings: Settings,
    slice_index: int,
    meter: Meter,
    on_step: OnStep,
) -> None:
    """Train the trainable weights of `model` in place, with a fresh optimizer."""
    if not records:
        return
    # Where a configuration asks for dropout, it draws from here.
    torch.manual_seed(seed % _TORCH_SEEDS)
    rows = pack(
        [model.tokens.encode(record) for record in records],
        sequence=settings.architecture.context,
        separator=model.tokens.separator,
    )
    per_epoch = math.ceil(len(rows.input_NS) / settings.batch)
    steps = min(settings.steps_max, math.ceil(epochs * per_epoch))
    weights = list(model.adapter().values())
    optimizer = torch.optim.AdamW(
        weights, betas=_BETAS, weight_decay=_WEIGHT_DECAY, fused=True
    )
    gradients = _gradients(
        model, weights, rows, settings=settings, steps=steps, seed=seed
    )
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _learning_rate(settings, step=step, steps=steps)
        with meter.step():
            lot = next(gradients)
            optimizer.step()
        if not math.isfinite(lot.nats):
            message = f"loss at step {step}: expected a finite number, found {lot.nats}"
            raise TrainingError(message)
        on_step(_step_done(slice_index, lot, meter))


def _gradients(
    model: LanguageModel,
    weights: Sequence[nn.Parameter],
    rows: Rows,
    *,
    settings: Settings,
    steps: int,
    seed: int,
) -> Iterator[Lot]:
    """The gradient of each step, made when it is asked for."""
    batch, privacy = settings.batch, settings.privacy
    if privacy is UNSET:
        return plain_gradients(
            model,
            weights,
            rows,
            batch=batch,
            steps=steps,
            seed=seed % _TORCH_SEEDS,
            parts=settings.passes.accumulate,
        )
    draws = Draws(seed, settings=settings, weights=model.module.parameters())
    return private_gradients(
        model,
        weights,
        rows,
        batch=batch,
        steps=steps,
        privacy=privacy,
        draws=draws,
    )


def _metering(model: LanguageModel, plan: Plan | None) -> Meter:
    """A meter on `model`; on nothing where there is no plan."""
    meter = Meter()
    if plan is not None:
        meter.attach(model.module, plan=plan)
    return meter


def _step_done(slice_index: int, lot: Lot, meter: Meter) -> StepDone:
    """A step, with the passes that the meter counted in it."""
    metered = list(meter.batches())
    return StepDone(
        slice=slice_index,
        batch=lot.rows,
        sequence=lot.sequence,
        loss=lot.nats,
        sample_rate_ppb=lot.sample_rate_ppb,
        passes=[
            Passes(
                phase=each.phase,
                batch=each.batch,
                sequence=each.sequence,
                has_gradient=each.has_gradient,
                forwards=each.forwards,
                backwards=each.backwards,
            )
            for batch in metered
            for each in batch.counted
        ],
        faults=sorted({name for batch in metered for name in batch.faults}),
    )


def _learning_rate(settings: Settings, *, step: int, steps: int) -> float:
    """Linear warm-up, then linear decay towards zero."""
    warmup = max(1, round(steps * _WARMUP))
    share = min((step + 1) / warmup, (steps - step) / max(1, steps - warmup))
    return settings.learning_rate_ppm / 1e6 * share


def _tensors(model: LanguageModel) -> dict[str, Tensor]:
    return {name: p.detach().cpu() for name, p in model.adapter().items()}
