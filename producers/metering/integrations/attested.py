"""Figures that others state about a training: attested, and never measured here.

They rest on the word of whoever wrote the file and on a formula that is an estimate.
They are read so that they can stand beside a count, with what they leave out.
"""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from ledger.errors import InputError

BYTES_MAX: Final = 64 * 2**20
"""Most bytes of a file; a trainer's state keeps its whole log."""

FLOP_MAX: Final = 10**40
"""No figure is as large."""

_CHARACTERS_MAX: Final = 64
"""Most characters of a figure."""

Source = Literal["transformers_trainer_state", "sagemaker_flops_meter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What a file says.

    Attributes:
        source: what wrote it.
        file_sha256: digest of its bytes, lowercase hex.
        flop: FLOP as stated, rounded to an integer.
        recomputed: FLOP by the writer's own formula from the other figures of the file,
            exact; None where it has none.
        steps: optimizer steps, if stated.
        tokens: positions trained on as the writer counted them, if stated.
    """

    source: Source
    file_sha256: str
    flop: int
    recomputed: int | None
    steps: int | None
    tokens: int | None


def read_attested(content: bytes) -> Attested:
    """Read a `trainer_state.json` or a `flops_meter.json`, told apart by its fields.

    The first states 6 x tokens x weights outside of embeddings, summed as a float over
    processes; the second (4 N_total + 2 N_trainable) x tokens, rounded to three digits.

    Raises:
        InputError: it is neither, or a figure is missing or no number in range.

    Source: transformers 5.23, `Trainer.floating_point_ops`; aws-samples,
        amazon-sagemaker-generativeai, `flops_meter.py`.
    """
    if len(content) > BYTES_MAX:
        message = f"attested figures: expected at most {BYTES_MAX} bytes"
        raise InputError(message)
    try:
        fields = json.loads(content, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, InvalidOperation):
        fields = None
    digest = hashlib.sha256(content).hexdigest()
    if isinstance(fields, dict) and "total_flos" in fields:
        return _trainer_state(fields, digest)
    if isinstance(fields, dict) and "Flops_architecture" in fields:
        return _flops_meter(fields, digest)
    found = "none" if isinstance(fields, dict) else "no JSON object"
    message = (
        f"attested figures: expected total_flos or Flops_architecture, found {found}"
    )
    raise InputError(message)


def _trainer_state(fields: dict[str, Any], digest: str) -> Attested:
    tokens = _whole(fields, "num_input_tokens_seen") if _has_tokens(fields) else None
    return Attested(
        source="transformers_trainer_state",
        file_sha256=digest,
        flop=_whole(fields, "total_flos"),
        recomputed=None,
        steps=_whole(fields, "global_step"),
        tokens=tokens,
    )


def _has_tokens(fields: dict[str, Any]) -> bool:
    """The trainer counts tokens only where it is asked to, and else writes 0."""
    return bool(fields.get("num_input_tokens_seen"))


def _flops_meter(fields: dict[str, Any], digest: str) -> Attested:
    names = ("N_total", "N_trainable", "tokens_processed")
    total, trainable, tokens = (_whole(fields, name) for name in names)
    return Attested(
        source="sagemaker_flops_meter",
        file_sha256=digest,
        flop=_whole(fields, "Flops_architecture"),
        recomputed=(4 * total + 2 * trainable) * tokens,
        steps=None,
        tokens=tokens,
    )


def _whole(fields: dict[str, Any], name: str) -> int:
    """A figure, given as a number or as text, to the nearest integer."""
    found = fields.get(name)
    text = "" if isinstance(found, bool | None) else str(found)
    if len(text) <= _CHARACTERS_MAX:
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal(-1)
        if number.is_finite() and 0 <= number < FLOP_MAX:
            return round(number)
    message = f"attested figures: {name}: expected a number 0 .. {FLOP_MAX:.0e}"
    raise InputError(message)


def _refuse(constant: str) -> None:
    """JSON has no NaN and no infinity."""
    raise ValueError(constant)
