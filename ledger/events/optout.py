"""What a site said about text and data mining: the `optout` family.

A reservation is a rights holder's "no" under Directive (EU) 2019/790, Article 4(3).
Sites and URLs are random ids; their names are in the vault, bound by the commitments.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.events.base import (
    Count,
    Event,
    Id,
    Name,
    OptionalSha256Hex,
    Sha256Hex,
    UnixMs,
)

PolicyChannel = Literal["robots_txt", "ai_txt", "tdmrep_file"]
"""Channels that are files of an origin."""

Channel = Literal[
    "robots_txt",
    "robots_basket",
    "ai_txt",
    "tdmrep_file",
    "tdm_header",
    "tdm_meta",
    "x_robots_tag",
    "meta_robots",
]
"""Every place where a reservation is looked for. `robots_txt` is our own token and
`*`; `robots_basket` is the same file read for the tokens of known training crawlers."""

FetchOutcome = Literal["parsed", "absent", "unreadable", "unknown", "not_recorded"]
"""How asking for a channel ended. Only 404 and 410 are `absent`."""

Verdict = Literal["allowed", "reserved", "unknown"]
"""`allowed` means: asked, and no reservation found. `unknown` blocks."""

RobotsVerdict = Literal["allow", "disallow"]
"""What a crawler that follows RFC 9309 to the letter may do."""

ScanReason = Literal[
    "robots_disallow",
    "basket",
    "ai_txt_disallow",
    "tdm_reserved",
    "noai",
    "unreadable",
    "unknown_dialect",
    "malformed_signal",
    "page_unreadable",
]


class SiteRegistered(Event, frozen=True, kw_only=True, tag="optout.site_registered.v1"):
    """A site (scheme, host, port) was given a random id.

    Attributes:
        site_id: random id; the name is in the vault.
        commitment: HMAC-SHA-256 of the origin under the site's own key.
    """

    site_id: Id
    commitment: Sha256Hex


class PolicyFileFetched(
    Event, frozen=True, kw_only=True, tag="optout.policy_file_fetched.v1"
):
    """A site's policy file was fetched, or was found to be absent or unreadable.

    Attributes:
        site_id: the site.
        channel: which file.
        outcome: how it ended.
        http_status: last status code; 0 when there was no answer.
        body_sha256: digest of the exact bytes kept in evidence/; empty where none.
        body_bytes: how many bytes were kept.
        redirects: how many redirects were followed.
        fetched_at_ms: when the answer ended.
    """

    site_id: Id
    channel: PolicyChannel
    outcome: FetchOutcome
    http_status: Annotated[int, Meta(ge=0, le=999)]
    body_sha256: OptionalSha256Hex
    body_bytes: Count
    redirects: Annotated[int, Meta(ge=0, le=99)]
    fetched_at_ms: UnixMs


class ChannelRead(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What one channel said about one URL.

    Attributes:
        channel: where we looked.
        outcome: how asking ended.
        verdict: what it says for training.
        evidence_sha256: digest of the bytes that it was read from; empty where none.
        line: 1-based line of the deciding rule; 0 where there is none.
    """

    channel: Channel
    outcome: FetchOutcome
    verdict: Verdict
    evidence_sha256: OptionalSha256Hex
    line: Count


class UrlScanned(Event, frozen=True, kw_only=True, tag="optout.url_scanned.v1"):
    """Every channel was consulted for one URL, and this is the verdict.

    Attributes:
        scan_id: random id, cited by the ingest decision.
        site_id: the site of the URL.
        url_commitment: HMAC-SHA-256 of the URL under the scan's own key.
        policy_sha256: the policy in force.
        scanner: name and version of the scanner that read the channels.
        http_status: status of the page itself; 0 when there was no answer.
        channels: what each consulted channel said.
        robots_rfc9309: what a crawler may do by RFC 9309 alone, section 2.3.1 included.
        verdict: the strictest verdict; what the decision is made on.
        reasons: why it is not `allowed`; empty when it is.
        scanned_at_ms: when the page's answer ended.
    """

    scan_id: Id
    site_id: Id
    url_commitment: Sha256Hex
    policy_sha256: Sha256Hex
    scanner: Name
    http_status: Annotated[int, Meta(ge=0, le=999)]
    channels: Annotated[list[ChannelRead], Meta(min_length=1, max_length=16)]
    robots_rfc9309: RobotsVerdict
    verdict: Verdict
    reasons: Annotated[list[ScanReason], Meta(max_length=16)]
    scanned_at_ms: UnixMs


OptoutEvent = SiteRegistered | PolicyFileFetched | UrlScanned
