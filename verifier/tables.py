"""The field table of every event type, written by hand from docs/events.md.

Every event also has a `salt`, first; `verifier.schema` adds it. The tables of training
and erasure are in `verifier.model_tables`.
"""

from verifier.model_tables import ERASURE, TRAINING
from verifier.patterns import (
    COUNT,
    FAMILY,
    ID,
    ID_OR_EMPTY,
    LABEL,
    LICENCE,
    NAME,
    SHA256,
    SHA256_OR_EMPTY,
    SHARD,
    SIGNATURE,
    SLICE,
    STREAM,
    TOKEN,
    Kind,
    integer,
    list_of,
    one_of,
    record,
)
from verifier.wire import INT_MAX

OUTCOME = one_of("absent not_recorded parsed unknown unreadable")
VERDICT = one_of("allowed reserved unknown")

KEYS: dict[str, dict[str, Kind]] = {
    "keys.ledger_created.v1": {
        "origin": NAME,
        "format_version": integer(1, 1),
        "root_threshold": integer(1, 16),
        "root_keys": list_of(record(name=NAME, public_key=SHA256), 1, 16),
        "line_bytes_max": integer(16384, 16384),
        "submission_bytes_max": integer(1048576, 1048576),
        "entry_bytes_max": integer(65535, 65535),
        "submission_events_max": integer(1024, 1024),
    },
    "keys.granted.v1": {
        "name": NAME,
        "public_key": SHA256,
        "role": one_of("ci eraser governance ingest log scanner sharder trainer"),
        "families": list_of(FAMILY, 0, 16),
        "stream_prefix": STREAM,
        "possession": SIGNATURE,
    },
    "keys.retired.v1": {
        "name": NAME,
        "public_key": SHA256,
        "reason": one_of("compromised rotated unused"),
    },
    "keys.stream_abandoned.v1": {"stream": STREAM, "submissions": COUNT},
    "keys.rotated.v1": {
        "name": NAME,
        "old_public_key": SHA256,
        "new_public_key": SHA256,
        "consent": SIGNATURE,
        "possession": SIGNATURE,
    },
    "keys.compromised.v1": {"name": NAME, "public_key": SHA256, "since_seq": COUNT},
}

OPTOUT: dict[str, dict[str, Kind]] = {
    "policy.adopted.v1": {
        "policy_sha256": SHA256,
        "jurisdictions": list_of(one_of("eu uk"), 1, 2),
        "basket_version": LABEL,
        "basket_relaxed": list_of(TOKEN, 0, 256),
    },
    "optout.site_registered.v1": {"site_id": ID, "commitment": SHA256},
    "optout.policy_file_fetched.v1": {
        "site_id": ID,
        "channel": one_of("ai_txt robots_txt tdmrep_file"),
        "outcome": OUTCOME,
        "http_status": integer(0, 999),
        "body_sha256": SHA256_OR_EMPTY,
        "body_bytes": COUNT,
        "redirects": integer(0, 99),
        "fetched_at_ms": COUNT,
    },
    "optout.url_scanned.v1": {
        "scan_id": ID,
        "site_id": ID,
        "url_commitment": SHA256,
        "policy_sha256": SHA256,
        "scanner": LABEL,
        "http_status": integer(0, 999),
        "channels": list_of(
            record(
                channel=one_of(
                    "ai_txt meta_robots robots_basket robots_txt tdm_header "
                    "tdm_meta tdmrep_file x_robots_tag"
                ),
                outcome=OUTCOME,
                verdict=VERDICT,
                evidence_sha256=SHA256_OR_EMPTY,
                line=COUNT,
            ),
            1,
            16,
        ),
        "robots_rfc9309": one_of("allow disallow"),
        "verdict": VERDICT,
        "reasons": list_of(
            one_of(
                "ai_txt_disallow basket malformed_signal noai page_unreadable "
                "robots_disallow tdm_reserved unknown_dialect unreadable"
            ),
            0,
            16,
        ),
        "scanned_at_ms": COUNT,
    },
}

RECORDS: dict[str, dict[str, Kind]] = {
    "ingest.record_decided.v1": {
        "record_id": ID,
        "decision": one_of("accepted blocked pending"),
        "reasons": list_of(
            one_of(
                "basket licence licence_unclear links_units public_domain "
                "scan_clear scan_missing scan_reserved scan_unknown "
                "subject_fenced uk_no_licence"
            ),
            1,
            16,
        ),
        "policy_sha256": SHA256,
        "source_kind": one_of("licensed other public_dataset synthetic user web"),
        "licence": LICENCE,
        "scan_id": ID_OR_EMPTY,
        "eu_basis": one_of("licence none public_domain tdm_article_4"),
        "uk_basis": one_of("licence none public_domain"),
        "hazard": one_of("consent personal public"),
        "subjects": one_of("none one several"),
        "commitment": SHA256_OR_EMPTY,
        "size_log2": integer(0, 63),
    },
    "shards.map_declared.v1": {
        "map_id": ID,
        "shards": integer(1, 4096),
        "slices": integer(1, 256),
        "placement": one_of("rendezvous_bounded_load"),
        "load_per_mille": integer(1000, 4000),
    },
    "shards.record_assigned.v1": {
        "map_id": ID,
        "record_id": ID,
        "shard": SHARD,
        "slice": SLICE,
    },
}

SPOOL: dict[str, dict[str, Kind]] = {
    "spool.events_dropped.v1": {
        "events": integer(1, INT_MAX),
        "reason": one_of("disk_full producer_error spool_full"),
    },
}

EVENT_TYPES: dict[str, dict[str, Kind]] = {
    **KEYS,
    **OPTOUT,
    **RECORDS,
    **TRAINING,
    **ERASURE,
    **SPOOL,
}
