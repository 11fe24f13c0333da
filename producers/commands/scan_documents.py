"""Scans and rescans as plain values, for `--json`; docs/optout.md describes each."""

import dataclasses
from typing import TYPE_CHECKING, Any

from producers.commands.channels import site_of, unasked
from producers.commands.taken_out import TakenOut
from producers.rescanning import Rescanned
from producers.rights import Decided

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult
    from producers.optout.readings.reading import Reading


def scan_document(result: "ScanResult", review: Decided | None) -> dict[str, Any]:
    """A scan, with what every channel said."""
    return {
        "schema": "tuneledger.scan/1",
        **verdict_document(result, review),
        "final_url": result.final_url,
        "access": result.access,
        "usages": dict(result.usages),
        "spec_verdict": result.spec_verdict,
        "robots_rfc9309": result.robots_rfc9309,
        "contradictions": [list(pair) for pair in result.contradictions],
        "channels": [_channel(result, reading) for reading in result.readings],
        "not_asked": unasked(result),
        "scanned_at_ms": result.scanned_at_ms,
    }


def verdict_document(result: "ScanResult", review: Decided | None) -> dict[str, Any]:
    """The verdict of a URL, why, and what a person made of it."""
    return {
        "scan_id": result.scan_id,
        "url": result.url,
        "verdict": result.verdict,
        "reasons": list(result.reasons),
        "causes": dict(result.causes),
        "page_cause": result.page_cause,
        "review": None if review is None else dataclasses.asdict(review),
    }


def _channel(result: "ScanResult", reading: "Reading") -> dict[str, Any]:
    read = reading.read
    return {
        "channel": read.channel,
        "site": site_of(result, read),
        "layer": read.layer,
        "outcome": read.outcome,
        "cause": reading.cause,
        "verdict": read.verdict,
        "reasons": list(reading.reasons),
        "stated": {one.usage: one.preference for one in read.stated},
        "evidence_sha256": read.evidence_sha256,
        "line": read.line,
    }


def rescan_document(
    found: Rescanned, not_allowed: list[dict[str, Any]], taken_out: list[TakenOut]
) -> dict[str, Any]:
    """The outcome of a rescan.

    Args:
        found: what it found.
        not_allowed: `verdict_document` of the URLs that are not allowed.
        taken_out: the records that were quarantined, by name.
    """
    saw = dataclasses.asdict(found.affected)
    saw["shards"] = [{"map_id": name, "shard": n} for name, n in found.affected.shards]
    return {
        "schema": "tuneledger.rescan/1",
        "urls": dict(sorted(found.verdicts.items())),
        "not_allowed": not_allowed,
        "quarantined": list(found.quarantined),
        "taken_out": [dataclasses.asdict(one) for one in taken_out],
        "kept_unreadable": found.kept,
        "failed": list(found.failed),
        "kept_failed": found.kept_failed,
        **{key: list(value) for key, value in saw.items()},
    }
