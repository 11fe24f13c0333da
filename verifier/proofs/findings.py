"""What can be wrong with a proof file, beside what can be wrong with a ledger."""

from enum import StrEnum


class ProofCode(StrEnum):
    """Stable identifiers; docs/proofs.md, section 7, has one line for each."""

    MALFORMED = "LV921"
    NOTE = "LV922"
    PATH = "LV923"
    SHOWN = "LV924"
    OPENING = "LV925"
    CONSISTENCY = "LV926"
