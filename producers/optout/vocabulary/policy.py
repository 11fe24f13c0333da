"""The part of an ingest policy that a scan needs."""

from dataclasses import dataclass

AGENT_TOKEN = "tuneledger"  # noqa: S105 - a crawler's product token, no secret
"""The product token under which sites can address this scanner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPolicy:
    """What a scan is made under.

    Attributes:
        policy_sha256: digest of the adopted policy document, hex.
        basket_version: date of the basket of training crawlers, YYYY-MM-DD.
        basket_relaxed: tokens of the basket that do not block.
        agent_token: our own product token in robots.txt.
    """

    policy_sha256: str
    basket_version: str
    basket_relaxed: tuple[str, ...] = ()
    agent_token: str = AGENT_TOKEN
