"""A training's FLOP before it runs: by phase, beside 6ND, against the limits."""

from dataclasses import dataclass
from typing import Final

from ledger.errors import InputError
from ledger.rules.gpai import gpai_rules
from producers.flops.annex import architecture_flop
from producers.flops.cost import Cost
from producers.flops.count import Lora, Training, adapted, count
from producers.flops.graph import Decoder, Product
from producers.flops.limits import Against, against

TOKENS_MAX: Final = 10**18
FLOP_MAX: Final = 10**30

PHASES: Final = (
    "forward",
    "backward",
    "recompute",
    "reference",
    "rollout",
    "reward",
    "auxiliary",
    "evaluation",
)
"""The phases of a metered batch, in the order of its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What goes through the model.

    Attributes:
        tokens: positions trained on, padding and repetitions included, 1 .. 10^18.
        sequence: positions in each sequence; None for the context that the
            configuration declares, which is the most.
        evaluation_tokens: positions of evaluation passes.
        has_reference: whether each batch also goes through the frozen base, as in DPO.
        base_flop: training compute of the base; None where not known.
        base_systemic_risk: whether the base is a GPAI model with systemic risk.
    """

    tokens: int
    sequence: int | None = None
    evaluation_tokens: int = 0
    has_reference: bool = False
    base_flop: int | None = None
    base_systemic_risk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a training will cost, exact for the shapes that are given.

    Attributes:
        model_type: the family.
        weights: elements of all matrices and embeddings.
        weights_active: the same with the experts only that one token meets.
        weights_trained: elements that training changes.
        tokens: positions trained on.
        sequence: positions in each sequence; the last one may be shorter.
        flop: FLOP by phase.
        direct_flop: the phases of the rule pack's counter `direct`.
        cumulative_flop: the phases of its counter `cumulative`.
        causal_flop: `direct_flop` if only the pairs that a causal mask leaves were
            counted; the lower end of what is meant by attention's FLOP.
        six_nd_flop: 6 * weights * tokens, for comparison.
        limits: the estimate against the limits.
        rules_sha256: digest of the rule pack.
        notes: what was assumed.
    """

    model_type: str
    weights: int
    weights_active: int
    weights_trained: int
    tokens: int
    sequence: int
    flop: dict[str, int]
    direct_flop: int
    cumulative_flop: int
    causal_flop: int
    six_nd_flop: int
    limits: tuple[Against, ...]
    rules_sha256: str
    notes: tuple[str, ...]


def estimate(decoder: Decoder, training: Training, work: Workload) -> Estimate:
    """Count a training before it runs.

    Raises:
        InputError: a number is out of range, or the adapters do not fit the model.
    """
    _check(work)
    sequence = work.sequence or decoder.context
    cost = count(decoder, training)
    flop = dict.fromkeys(PHASES, 0)
    flop["forward"] = total(cost.forward, work.tokens, sequence)
    flop["backward"] = total(cost.backward, work.tokens, sequence)
    flop["recompute"] = total(cost.recompute, work.tokens, sequence)
    flop["evaluation"] = total(cost.inference, work.evaluation_tokens, sequence)
    if work.has_reference:
        flop["reference"] = total(cost.reference, work.tokens, sequence)
    rules, digest = gpai_rules()
    direct = sum(flop[phase] for phase in rules.counters.direct.phases)
    cumulative = sum(flop[phase] for phase in rules.counters.cumulative.phases)
    masked = masked_flop(cost.forward + cost.backward, work.tokens, sequence)
    return Estimate(
        model_type=decoder.model_type,
        weights=decoder.weights,
        weights_active=decoder.weights_active,
        weights_trained=trained(decoder, training.lora),
        tokens=work.tokens,
        sequence=sequence,
        flop=flop,
        direct_flop=direct,
        cumulative_flop=cumulative,
        causal_flop=direct - masked,
        six_nd_flop=architecture_flop(weights=decoder.weights, tokens=work.tokens),
        limits=against(
            cumulative if work.base_systemic_risk else direct,
            rules,
            base_flop=work.base_flop,
            systemic_risk=work.base_systemic_risk,
        ),
        rules_sha256=digest,
        notes=decoder.notes,
    )


def total(cost: Cost, tokens: int, sequence: int) -> int:
    """FLOP of passes over `tokens` positions in sequences of `sequence`.

    The last sequence holds what is left and may be shorter.
    """
    whole, rest = divmod(tokens, sequence)
    flop = cost.at(whole, sequence) if whole else 0
    return flop + (cost.at(1, rest) if rest else 0)


def masked_flop(cost: Cost, tokens: int, sequence: int) -> int:
    """FLOP of the pairs above the diagonal: S (S - 1) / 2 of S^2 in each sequence."""
    whole, rest = divmod(tokens, sequence)
    pairs = whole * (sequence * (sequence - 1) // 2) + rest * (rest - 1) // 2
    return cost.pair * pairs


def trained(decoder: Decoder, lora: Lora | None) -> int:
    """Elements that training changes, norms and biases left out."""
    if lora is None:
        return decoder.weights
    return sum(
        lora.rank * (node.size_in + node.size_out)
        for block in decoder.blocks
        for node in block.nodes
        if isinstance(node, Product) and adapted(node, lora)
    )


def _check(work: Workload) -> None:
    limits = {
        "tokens": (work.tokens, 1),
        "sequence": (1 if work.sequence is None else work.sequence, 1),
        "evaluation tokens": (work.evaluation_tokens, 0),
        "base FLOP": (1 if work.base_flop is None else work.base_flop, 1),
    }
    for name, (value, least) in limits.items():
        most = FLOP_MAX if name == "base FLOP" else TOKENS_MAX
        if not least <= value <= most:
            message = f"{name}: expected {least} .. {most}, found {value}"
            raise InputError(message)
