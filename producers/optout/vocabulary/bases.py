"""What a scan means in law, place by place; three-valued, and none implies another.

A scan answers one question: was a reservation found? Whether text may be copied depends
on who copies, for what, and where; this table says what the answer is worth for each
basis. It is evidence for a decision, not a legal opinion.
"""

from dataclasses import dataclass
from typing import Literal

from ledger.events.optout import Access, Verdict

Basis = Literal["eu_article_4", "eu_article_3", "uk_s29a", "licence"]
"""Ground on which a copy for training may rest."""

Standing = Literal["open", "closed", "unknown", "not_by_scan"]
"""`open`: nothing that was found stands against it. `closed`: something does.
`not_by_scan`: a scan says nothing about it, whatever it finds."""


@dataclass(frozen=True, slots=True)
class BasisStanding:
    """One basis and what the scan makes of it.

    Attributes:
        basis: which.
        standing: what the scan says.
        why: in words, with the source.
    """

    basis: Basis
    standing: Standing
    why: str


def bases(verdict: Verdict, access: Access) -> tuple[BasisStanding, ...]:
    """What a scan's verdict and access mean for each basis.

    Args:
        verdict: the strictest over all channels, for training.
        access: how the page could be reached.

    Source: Directive (EU) 2019/790, Articles 3, 4(1) and 4(3); CDPA 1988, section 29A.
    """
    is_lawful = access in {"open", "licensed"}
    by_scan: dict[Verdict, Standing] = {
        "allowed": "open" if is_lawful else "closed",
        "reserved": "closed",
        "unknown": "unknown",
    }
    lawful: Standing = "not_by_scan" if is_lawful else "closed"
    return (
        BasisStanding(
            "eu_article_4",
            by_scan[verdict],
            "text and data mining by anybody, unless reserved "
            "(Directive (EU) 2019/790, Article 4(3))",
        ),
        BasisStanding(
            "eu_article_3",
            lawful,
            "research organisations and cultural heritage institutions only; "
            "a reservation does not bar it (Directive (EU) 2019/790, Article 3)",
        ),
        BasisStanding(
            "uk_s29a",
            lawful,
            "non-commercial research only; no opt-out found is no permission "
            "(Copyright, Designs and Patents Act 1988, section 29A)",
        ),
        BasisStanding(
            "licence",
            "not_by_scan",
            "see `tuneledger licence list`; a licence overrides a reservation",
        ),
    )
