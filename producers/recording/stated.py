"""Events about trainings that nothing counted: a file's figure, a vendor's bill."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from ledger.errors import InputError
from ledger.events.base import INT_MAX
from ledger.events.model import ComputeAttested, HostedRunRecorded
from ledger.events.training import Objective, Technique
from producers.metering.integrations.attested import FLOP_MAX, read_attested

PARAMETERS_MAX: Final = 10**15 - 1
"""No model has more weights."""

Tenancy = Literal["dedicated", "not_stated", "shared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedFacts:
    """What a vendor says of a training in its own house; nothing of it is checked.

    Attributes:
        model_name: what the result is called here.
        vendor: the vendor.
        vendor_base: the vendor's name of the model that was tuned.
        vendor_model: the vendor's id of the result.
        objective: what was learnt.
        technique: which weights changed; empty where not stated.
        tokens_billed: tokens on the bill.
        parameters: weights of the base, to estimate by; None where not known.
        flop: compute as the vendor states it; None where it does not.
        base_licence: SPDX expression; empty where not stated.
        base_flop: training compute of the base; None where not known.
        base_flop_source: where that comes from, if it is known.
        base_systemic_risk: whether the base is a GPAI model with systemic risk.
        region: where the vendor computed; empty where not stated.
        tenancy: whether others' jobs shared the machines.
    """

    model_name: str
    vendor: str
    vendor_base: str
    vendor_model: str
    objective: Objective
    tokens_billed: int
    technique: Literal[""] | Technique = ""
    parameters: int | None = None
    flop: int | None = None
    base_licence: str = ""
    base_flop: int | None = None
    base_flop_source: Literal["declared", "estimated"] = "declared"
    base_systemic_risk: bool = False
    region: str = ""
    tenancy: Tenancy = "not_stated"


def attested_event(
    content: bytes, *, attestation_id: str, model_name: str, run_id: str
) -> ComputeAttested:
    """What a file states of a training.

    Args:
        content: the file.
        attestation_id: a random id.
        model_name: the model that resulted.
        run_id: the run of this ledger that the file is about; empty for none.

    Raises:
        InputError: it is no file that is known, or a figure is out of range.
    """
    found = read_attested(content)
    for figure in (found.steps, found.tokens):
        if figure is not None and figure > PARAMETERS_MAX:
            message = f"attested figures: expected at most {PARAMETERS_MAX} steps"
            raise InputError(f"{message} and tokens, found {figure}")
    return ComputeAttested(
        attestation_id=attestation_id,
        model_name=model_name,
        trained_run=run_id,
        source=found.source,
        file_sha256=found.file_sha256,
        flop=str(found.flop),
        recomputed=_text(found.recomputed),
        steps=_text(found.steps),
        tokens=_text(found.tokens),
    )


def hosted_event(
    facts: HostedFacts, *, hosted_id: str, terms: bytes, dataset: bytes | None
) -> HostedRunRecorded:
    """A training that a vendor made, with its compute as far as it can be told.

    A figure of the vendor's own is taken before 6 N D, which counts a forward and a
    backward pass of all weights (Kaplan and others 2020, section 2.1,
    arXiv:2001.08361): too much where few weights are trained, too little where
    attention is long.

    Args:
        facts: what is stated.
        hosted_id: a random id.
        terms: the terms in force; the caller keeps them.
        dataset: the training file that was handed over; only its digest is used.

    Raises:
        InputError: a number is out of range.
    """
    limits = {
        "tokens": (facts.tokens_billed, INT_MAX),
        "parameters": (facts.parameters, PARAMETERS_MAX),
        "flop": (facts.flop, FLOP_MAX - 1),
        "base-flop": (facts.base_flop, FLOP_MAX - 1),
    }
    for name, (value, most) in limits.items():
        if value is not None and not 0 <= value <= most:
            message = f"{name}: expected 0 .. {most}, found {value}"
            raise InputError(message)
    flop, estimate = _estimate(facts)
    base_flop = _text(facts.base_flop)
    return HostedRunRecorded(
        hosted_id=hosted_id,
        model_name=facts.model_name,
        vendor=facts.vendor,
        vendor_base=facts.vendor_base,
        vendor_model=facts.vendor_model,
        base_licence=facts.base_licence,
        base_flop=base_flop,
        base_flop_source=facts.base_flop_source if base_flop else "unknown",
        base_systemic_risk=facts.base_systemic_risk,
        objective=facts.objective,
        technique=facts.technique,
        terms_sha256=hashlib.sha256(terms).hexdigest(),
        region=facts.region,
        tenancy=facts.tenancy,
        tokens_billed=facts.tokens_billed,
        flop=flop,
        estimate=estimate,
        parameters=_text(facts.parameters),
        dataset_sha256="" if dataset is None else hashlib.sha256(dataset).hexdigest(),
    )


def _estimate(
    facts: HostedFacts,
) -> tuple[str, Literal["none", "six_n_d", "vendor_stated"]]:
    if facts.flop is not None:
        return str(facts.flop), "vendor_stated"
    if facts.parameters is None:
        return "", "none"
    return str(6 * facts.parameters * facts.tokens_billed), "six_n_d"


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
