"""What a pass through the trainer's model costs: traced, and checked by a closed form.

The plan follows from the settings alone, without weights or records; so whoever holds
the recipe of a run repeats it, and with it every metered FLOP.
"""

from typing import Final

from producers.flops.config import read_config
from producers.flops.cost import StepCost
from producers.flops.count import Lora, Training, count
from producers.metering.meter import Meter
from producers.metering.plan import Plan
from producers.training import model as gpt
from producers.training.recipe import VOCABULARY, Settings, Target

_MODULES: Final[dict[Target, str]] = {
    "qkv": "c_attn",
    "out": "attn.c_proj",
    "up": "c_fc",
    "down": "mlp.c_proj",
}
"""What the family that this model is of calls the matrices of a block."""


def compute_plan(settings: Settings) -> Plan | None:
    """The plan of the model that `settings` describe.

    Returns:
        None where it could not be traced; a run without a plan is recorded as
        incomplete.
    """
    model = gpt.make_base(settings.architecture, seed=0)
    if settings.lora is not None:
        gpt.add_adapter(model, settings, seed=0)
    return Meter().attach(model, closed_form=closed_form(settings))


def closed_form(settings: Settings) -> StepCost:
    """What the architecture says that a step costs, by the chain rule.

    The model is a GPT-2 without biases and with rectified linear units, neither of
    which is a matrix product, and with attention as two products.

    Raises:
        InputError: the architecture is out of range.
    """
    architecture, lora = settings.architecture, settings.lora
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
    return count(decoder, Training(lora=adapters, attention="eager"))
