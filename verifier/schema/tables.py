"""The field table of every event type, written by hand from docs/events.md.

Every event also has a `salt`, first; `verifier.schema.lines` adds it. The tables of
scans, reviews and licences are in `verifier.schema.rights_tables`, those of training
and erasure in `verifier.schema.model_tables`, and what is known of trained weights in
`verifier.schema.served_tables`.
"""

from verifier.format.wire import INT_MAX
from verifier.schema.model_tables import ERASURE, TRAINING
from verifier.schema.patterns import (
    COUNT,
    FAMILY,
    ID,
    ID_OR_EMPTY,
    LICENCE,
    NAME,
    RULE,
    SHA256,
    SHA256_OR_EMPTY,
    SHARD,
    SIGNATURE,
    SLICE,
    STREAM,
    Kind,
    integer,
    list_of,
    one_of,
    record,
)
from verifier.schema.rights_tables import LICENCES, OPTOUT, POLICY, REVIEWS
from verifier.schema.served_tables import MODEL

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

SENSITIVE = record(
    kind=one_of(
        "biometric declared_subject email genetic health health_id iban ip_address "
        "national_id origin payment_card person_name phone political proprietary "
        "religion secret sex_life trade_union"
    ),
    count=integer(1, 65_535),
)

RECORDS: dict[str, dict[str, Kind]] = {
    "ingest.dataset_classified.v1": {
        "dataset_id": ID,
        "format": one_of("hf_datasets jsonl parquet"),
        "mapping_sha256": SHA256_OR_EMPTY,
        "classification": one_of("confidential internal public restricted"),
        "personal_data": one_of("declared incidental none special_category"),
        "consent_review": one_of("done not_needed pending"),
        "review_commitment": SHA256_OR_EMPTY,
    },
    "ingest.dataset_read.v1": {
        "dataset_id": ID,
        "accepted": COUNT,
        "pending": COUNT,
        "blocked": COUNT,
        "unreadable": COUNT,
    },
    "ingest.record_decided.v1": {
        "record_id": ID,
        "dataset_id": ID_OR_EMPTY,
        "decision": one_of("accepted blocked pending"),
        "rule": RULE,
        "reasons": list_of(
            one_of(
                "basket component_cap dataset_pending licence licence_register "
                "licence_unclear links_units public_domain research_exception "
                "response_differs review_cleared scan_clear scan_missing "
                "scan_reserved scan_review scan_unknown sensitive_block "
                "sensitive_redacted sensitive_review subject_fenced uk_no_licence"
            ),
            1,
            16,
        ),
        "policy_sha256": SHA256,
        "source_kind": one_of("licensed other public_dataset synthetic user web"),
        "licence": LICENCE,
        "licence_id": ID_OR_EMPTY,
        "scan_id": ID_OR_EMPTY,
        "eu_basis": one_of("licence none public_domain tdm_article_3 tdm_article_4"),
        "uk_basis": one_of("licence none public_domain research_29a"),
        "sensitive": list_of(SENSITIVE, 0, 32),
        "action": one_of("accept block none redact review"),
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
    **POLICY,
    **OPTOUT,
    **REVIEWS,
    **LICENCES,
    **RECORDS,
    **TRAINING,
    **MODEL,
    **ERASURE,
    **SPOOL,
}
