"""What a pass through the trainer's model costs: traced, and checked by a closed form.

The plan follows from the settings alone, without weights or records; so whoever holds
the recipe of a run repeats it, and with it every metered FLOP.
"""

from typing import Final

from ledger.errors import InputError
from producers.flops.config import read_config
from producers.flops.cost import StepCost
from producers.flops.count import Lora, Training, count
from producers.flops.of_model import closed_form_of
from producers.metering.meter import Meter
from producers.metering.plan import Plan
from producers.training.base_files import NO_FILES, BaseFiles
from producers.training.devices import autocast
from producers.training.language import open_shape
from producers.training.settings import (
    VOCABULARY,
    Architecture,
    Compute,
    Settings,
)

_MODULES: Final[dict[str, str]] = {
    "qkv": "c_attn",
    "out": "attn.c_proj",
    "up": "c_fc",
    "down": "mlp.c_proj",
}
"""What the family that this model is of calls the matrices of a block."""


def compute_plan(settings: Settings, files: BaseFiles = NO_FILES) -> Plan | None:
    """The plan of the model that `settings` describe.

    Args:
        settings: what is trained.
        files: what the base comes with.

    Returns:
        None where it could not be traced; a run without a plan is recorded as
        incomplete.

    Raises:
        InputError: a configuration, a tokenizer or a target does not fit.
        IntegrityError: the files are not those that `settings` name.
    """
    model = open_shape(settings, files)
    if isinstance(settings.architecture, Architecture):
        derived: StepCost | None = closed_form(settings)
    else:
        # Of a family that is not known there is none; the plan says so.
        derived = closed_form_of(model)
    # Traced on the processor whatever trains: no product depends on where it is done.
    with autocast(Compute(precision=settings.passes.precision)):
        return Meter().attach(model, closed_form=derived)


def closed_form(settings: Settings) -> StepCost:
    """What the architecture of the byte-level GPT says that a step costs.

    The model is a GPT-2 without biases and with rectified linear units, neither of
    which is a matrix product, and with attention as two products.

    Raises:
        InputError: the architecture is out of range.
    """
    architecture, lora = settings.architecture, settings.lora
    if not isinstance(architecture, Architecture):
        message = (
            "closed form: expected the byte-level GPT, found a base from elsewhere"
        )
        raise InputError(message)
    decoder = read_config(
        {
            "model_type": "gpt2",
            "n_embd": architecture.width,
            "n_layer": architecture.layers,
            "n_head": architecture.heads,
            "n_positions": architecture.context,
            "vocab_size": VOCABULARY,
            "resid_pdrop": 0.0,
        }
    )
    adapters = None
    if lora is not None:
        targets = tuple(_MODULES[target] for target in lora.targets)
        adapters = Lora(rank=lora.rank, targets=targets)
    training = Training(
        lora=adapters,
        attention="eager",
        checkpointing="non-reentrant" if settings.passes.checkpointing else "none",
    )
    return count(decoder, training)
