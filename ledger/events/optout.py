"""What a site said about text and data mining: the `optout` family.

A reservation is a rights holder's "no" under Directive (EU) 2019/790, Article 4(3).
Sites and URLs are random ids; their names are in the vault, bound by the commitments.
"""

from collections.abc import Collection
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.events.base import (
    LIST_MAX,
    Count,
    Event,
    Id,
    Name,
    OptionalId,
    OptionalSha256Hex,
    Sha256Hex,
    UnixMs,
)

PolicyChannel = Literal[
    "robots_txt",
    "ai_txt",
    "ai_txt_well_known",
    "tdmrep_file",
    "trust_txt",
    "trust_txt_well_known",
    "rsl_file",
    "terms_page",
]
"""Channels that are files of a site. `rsl_file` is a licence document that robots.txt,
a header or a page names; `terms_page` its terms of use."""

Channel = Literal[
    "robots_txt",
    "robots_basket",
    "robots_content_usage",
    "robots_content_signal",
    "ai_txt",
    "ai_txt_well_known",
    "tdmrep_file",
    "trust_txt",
    "trust_txt_well_known",
    "rsl_file",
    "terms_page",
    "tdm_header",
    "x_robots_tag",
    "content_usage",
    "content_signal",
    "tdm_meta",
    "meta_robots",
    "rsl_page",
    "tdm_embedded",
    "plus_data_mining",
    "cawg_training_mining",
    "registry",
    "access",
    "piracy_list",
]
"""Every place where a reservation is looked for.

`robots_txt` is our own token, or `*` where no group names it; `robots_basket` is the
same file read for the tokens of known training crawlers. `access` is how the page could
be reached; `piracy_list` whether its site is on the list that was consulted. Neither is
a rights holder's word, but both block."""

Layer = Literal["", "own", "star", "basket"]
"""Which crawlers a robots.txt rule spoke to: ours by name, everybody, or the training
crawlers of the basket. The first two are the site's word to us, the third is not."""

Target = Literal["url", "final_url"]
"""The URL that was asked for, or the one that its redirects ended at."""

Usage = Literal["tdm", "train", "ai_input", "search"]
"""What a text may be used for: text and data mining at large, training of a generative
model (which is what is done here), as input to one, and search.

Source: Directive (EU) 2019/790, Article 2(2); draft-ietf-aipref-vocab;
contentsignals.org; RSL 1.0, section 3.5."""

Preference = Literal["allow", "disallow"]
"""What a source says of a usage; silence is no preference."""

Access = Literal["open", "login", "paywall", "licensed", "unknown"]
"""How the page could be reached. Lawful access is a condition of Directive (EU)
2019/790, Articles 3 and 4(1)."""

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
    "content_usage",
    "content_signal",
    "rsl_prohibits",
    "licence_required",
    "trust_txt_no",
    "embedded_reserved",
    "registry_listed",
    "not_open",
    "piracy_site",
    "unreadable",
    "page_unreadable",
    "unknown_dialect",
    "malformed_signal",
    "unknown_preference",
    "linked_rights",
    "terms_of_use",
]
"""Why a scan is not `allowed`. The last five are read by a person: the site said
something that no parser decides."""

REVIEW_REASONS = frozenset(
    {
        "unknown_dialect",
        "malformed_signal",
        "unknown_preference",
        "linked_rights",
        "terms_of_use",
    }
)
"""Where a scan is `unknown` for these alone, a person may clear it."""


def may_be_cleared(verdict: str, reasons: Collection[str]) -> bool:
    """Whether a person may clear a scan: it is unknown for `REVIEW_REASONS` alone.

    Source: docs/spec.md, XEV-18.
    """
    is_readable = bool(reasons) and REVIEW_REASONS.issuperset(reasons)
    return verdict == "unknown" and is_readable


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


class Stated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A preference that a source states.

    Attributes:
        usage: the use that it speaks of.
        preference: what it says.
    """

    usage: Usage
    preference: Preference


class ChannelRead(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What one channel said about one URL.

    Attributes:
        channel: where we looked.
        target: for which URL.
        layer: which crawlers a rule of robots.txt spoke to; empty elsewhere.
        outcome: how asking ended.
        verdict: what it says for training; `allowed` where it is silent.
        stated: the preferences that it states, each usage once.
        evidence_sha256: digest of the bytes that it was read from; empty where none.
        line: 1-based line of the deciding rule; 0 where there is none.
    """

    channel: Channel
    target: Target
    layer: Layer
    outcome: FetchOutcome
    verdict: Verdict
    stated: Annotated[list[Stated], Meta(max_length=4)]
    evidence_sha256: OptionalSha256Hex
    line: Count


class UsageVerdict(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The strictest verdict over all channels for one usage."""

    usage: Usage
    verdict: Verdict


class UrlScanned(Event, frozen=True, kw_only=True, tag="optout.url_scanned.v1"):
    """Every channel was consulted for one URL, and this is the verdict.

    Attributes:
        scan_id: random id, cited by the ingest decision.
        site_id: the site of the URL.
        url_commitment: HMAC-SHA-256 of the URL under the scan's own key; of both URLs,
            a line feed between them, where redirects led elsewhere.
        response_commitment: HMAC-SHA-256 of the SHA-256 of the page's body under the
            same key, which dies with the record; empty where there was no whole page.
        policy_sha256: the policy in force.
        scanner: name and version of the scanner that read the channels.
        http_status: status of the page itself; 0 when there was no answer.
        access: how the page could be reached.
        piracy_list_sha256: digest of the list of sites that was consulted; empty where
            none was.
        channels: what each consulted channel said.
        robots_rfc9309: what a crawler may do by RFC 9309 alone, section 2.3.1 included.
        spec_verdict: what the specifications' own precedence makes of the channels.
        verdict: the strictest verdict for training; what the decision is made on.
        usages: the strictest verdict for every usage.
        reasons: why `verdict` is not `allowed`; empty when it is.
        scanned_at_ms: when the page's answer ended.
    """

    scan_id: Id
    site_id: Id
    url_commitment: Sha256Hex
    response_commitment: OptionalSha256Hex
    policy_sha256: Sha256Hex
    scanner: Name
    http_status: Annotated[int, Meta(ge=0, le=999)]
    access: Access
    piracy_list_sha256: OptionalSha256Hex
    channels: Annotated[list[ChannelRead], Meta(min_length=1, max_length=48)]
    robots_rfc9309: RobotsVerdict
    spec_verdict: Verdict
    verdict: Verdict
    usages: Annotated[list[UsageVerdict], Meta(max_length=4)]
    reasons: Annotated[list[ScanReason], Meta(max_length=24)]
    scanned_at_ms: UnixMs


class RecordsQuarantined(
    Event, frozen=True, kw_only=True, tag="optout.records_quarantined.v1"
):
    """What accepted records rested on is gone: a later scan reserves, a licence ended.

    They stay out of every run that starts afterwards. Weights that saw them remain; the
    report of the rescan names them. Where a licence or a person later allows the text,
    it is ingested anew, under another record id and on a later scan.

    Attributes:
        scan_id: the later scan, whose verdict is not `allowed`; empty where a licence
            is the cause.
        earlier_scan_id: the scan that the records were accepted on; empty where a
            licence is the cause.
        licence_id: the licence that was revoked; empty where a scan is the cause.
        record_ids: the records.
    """

    scan_id: OptionalId
    earlier_scan_id: OptionalId
    licence_id: OptionalId
    record_ids: Annotated[list[Id], Meta(min_length=1, max_length=LIST_MAX)]


OptoutEvent = SiteRegistered | PolicyFileFetched | UrlScanned | RecordsQuarantined
