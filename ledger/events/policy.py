"""What is allowed here, as data: the `policy` family, signed by governance."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.base import LIST_MAX, Event, Name, Sha256Hex, Token

Jurisdiction = Literal["eu", "uk"]

Purpose = Literal["commercial", "research"]
"""What the model is trained for.

`research` is scientific research by an organisation that Article 2(1) of Directive (EU)
2019/790 names, and non-commercial (CDPA 1988, section 29A)."""


class PolicyAdopted(Event, frozen=True, kw_only=True, tag="policy.adopted.v1"):
    """An ingest policy was adopted; decisions made under it cite its digest.

    Attributes:
        policy_sha256: SHA-256 of the policy document, kept in evidence/.
        jurisdictions: where the model may be used; a record must pass in each.
        purpose: what the model is trained for.
        basket_version: date of the basket of training tokens, YYYY-MM-DD.
        basket_relaxed: tokens of the basket that do not block under this policy.
    """

    policy_sha256: Sha256Hex
    jurisdictions: Annotated[list[Jurisdiction], Meta(min_length=1, max_length=2)]
    purpose: Purpose
    basket_version: Name
    basket_relaxed: Annotated[list[Token], Meta(max_length=LIST_MAX)]


PolicyEvent = PolicyAdopted
