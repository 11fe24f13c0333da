"""From what a person chose to a base, settings and an objective."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from ledger.errors import InputError
from ledger.events.training import Objective, RunStarted
from producers.training.fine_tune import BaseModel, World
from producers.training.newest import base_of_run, settings_of_run
from producers.training.settings import (
    ALL_LINEAR,
    DEMO_ADAPTER,
    PLAIN_COMPUTE,
    PRETRAINED_CONTEXT,
    PRETRAINED_EPOCHS,
    PRETRAINED_LEARNING_RATE_PPM,
    PRETRAINED_LORA,
    TARGETS,
    Architecture,
    Compute,
    Device,
    Lora,
    Precision,
    Pretrained,
    Privacy,
    Settings,
)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:/-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChoice:
    """A base from elsewhere.

    Attributes:
        folder: where it is.
        name: what it is called; the folder's name where empty.
        licence: SPDX expression; what its README says where None.
        flop: its training compute as decimal text; empty where not known.
        systemic_risk: whether it is a GPAI model with systemic risk.
    """

    folder: Path
    name: str = ""
    licence: str | None = None
    flop: str = ""
    systemic_risk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person chose for a training; None where nothing was said.

    Attributes:
        base: a base from elsewhere.
        is_from_text: whether the byte-level GPT is asked for.
        objective: what is learnt.
        lora: the adapters.
        context: positions in a row.
        batch: rows in a step.
        epochs: passes over the records.
        learning_rate_ppm: peak learning rate, millionths.
        privacy: DP-SGD; unset for none, whatever the last training had.
        device: what the model is on.
        precision: type of the matrix products.
        checkpointing: whether blocks are computed again and not kept.
        accumulate: parts in which the rows of a step go through the model.
    """

    base: BaseChoice | None = None
    is_from_text: bool = False
    objective: Objective | None = None
    lora: Lora | None = None
    context: int | None = None
    batch: int | None = None
    epochs: int | None = None
    learning_rate_ppm: int | None = None
    privacy: Privacy | UnsetType | None = None
    device: Device | None = None
    precision: Precision | None = None
    checkpointing: bool | None = None
    accumulate: int | None = None


NOTHING_CHOSEN: Final = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a training is on.

    Attributes:
        base: the model that adapters are trained on.
        settings: how.
        objective: what is learnt.
    """

    base: BaseModel
    settings: Settings
    objective: Objective = "continued_pretraining"


def choose(
    choices: Choices,
    *,
    newest: RunStarted | None,
    own_base: Callable[[], BaseModel],
    world: World,
    own_settings: Settings = DEMO_ADAPTER,
) -> Chosen:
    """What to train on: the base that is named, else that of last time, else our own.

    Args:
        choices: what a person chose.
        newest: the run that trained last; None before any.
        own_base: gives the byte-level GPT, and pre-trains it where there is none.
        world: where a base from elsewhere is kept.
        own_settings: how adapters of the byte-level GPT are trained.

    Raises:
        InputError: the folder of a base is not what it should be, a choice does not
            fit the base, or a library or a device is not here.
        IntegrityError: the recipe of last time is gone or altered.
    """
    if choices.device == "cuda":
        _check_device(choices.device)
    if choices.base is not None:
        chosen = _imported(choices.base, choices.context, world)
    elif newest is not None and not choices.is_from_text:
        chosen = chosen_of_run(newest, world)
    else:
        chosen = Chosen(base=own_base(), settings=own_settings)
    return Chosen(
        base=chosen.base,
        settings=_changed(chosen.settings, choices),
        objective=choices.objective or chosen.objective,
    )


def _check_device(device: Device) -> None:
    """Refuse a device that is not here, before a base is taken in or made."""
    # The tensor library takes a second to load.
    from producers.training.devices import check_device  # noqa: PLC0415

    check_device(Compute(device=device))


def chosen_of_run(run: RunStarted, world: World) -> Chosen:
    """What a run trained on.

    Raises:
        InputError: its recipe is not one that this version reads.
        IntegrityError: its recipe is gone or altered.
    """
    return Chosen(
        base=base_of_run(run),
        settings=settings_of_run(run, world.evidence),
        objective=run.objective,
    )


def _imported(choice: BaseChoice, context: int | None, world: World) -> Chosen:
    """Keep a base from elsewhere in the workspace."""
    name = choice.name or choice.folder.absolute().name
    if not _NAME.fullmatch(name):
        message = (
            "name of the base: expected letters, digits and . _ + : / - up to 128, "
            "found others; give --base-name"
        )
        raise InputError(message)
    try:
        # Only who trains on such a base has its libraries.
        from producers.training import base_import  # noqa: PLC0415
    except ImportError as error:
        message = (
            "a base from elsewhere needs the extra 'peft': "
            f"module {error.name} not found"
        )
        raise InputError(message) from None
    licence = choice.licence and base_import.canonical_licence(choice.licence)
    if licence is None and choice.licence is not None:
        message = "licence of the base: expected an SPDX expression, found none"
        raise InputError(message)
    found = base_import.read_base(choice.folder)
    most = found.context_max
    if context is not None and most and context > most:
        message = f"context: expected at most the base's {most}, found {context}"
        raise InputError(message)
    usual = min(PRETRAINED_CONTEXT, most or PRETRAINED_CONTEXT)
    sha256 = world.weights.put(found.weights)
    world.evidence.put(found.files.config)
    world.evidence.put(found.files.tokenizer)
    world.progress(f"base {name}: {len(found.weights)} bytes of weights")
    return Chosen(
        base=BaseModel(
            name=name,
            sha256=sha256,
            licence=found.licence if licence is None else licence,
            flop=choice.flop,
            flop_source="declared" if choice.flop else "unknown",
            systemic_risk=choice.systemic_risk,
        ),
        settings=Settings(
            architecture=base_import.architecture(
                found.files, context=usual if context is None else context
            ),
            lora=PRETRAINED_LORA,
            epochs=PRETRAINED_EPOCHS,
            learning_rate_ppm=PRETRAINED_LEARNING_RATE_PPM,
        ),
    )


def _changed(settings: Settings, choices: Choices) -> Settings:
    """The settings with what a person chose in them."""
    changes: dict[str, Any] = {
        name: value
        for name in ("batch", "epochs", "learning_rate_ppm", "privacy")
        if (value := getattr(choices, name)) is not None
    }
    architecture = settings.architecture
    if choices.lora is not None:
        changes["lora"] = _fitting(choices.lora, architecture)
    if choices.context not in {None, architecture.context}:
        message = (
            f"context: expected {architecture.context} as the base was taken in with, "
            f"found {choices.context}; name the base with --base-model to change it"
        )
        raise InputError(message)
    changes["compute"] = _compute(settings.passes, choices)
    return msgspec.structs.replace(settings, **changes)


def _compute(before: Compute, choices: Choices) -> Compute | UnsetType:
    """How passes are done; unset where that is as settings without it mean."""
    changes: dict[str, Any] = {
        name: value
        for name in before.__struct_fields__
        if (value := getattr(choices, name)) is not None
    }
    chosen = msgspec.structs.replace(before, **changes)
    return UNSET if chosen == PLAIN_COMPUTE else chosen


def _fitting(lora: Lora, architecture: Architecture | Pretrained) -> Lora:
    """Our own model's matrices have names, of which four are all."""
    if isinstance(architecture, Architecture) and lora.targets == (ALL_LINEAR,):
        return msgspec.structs.replace(lora, targets=TARGETS)
    return lora
