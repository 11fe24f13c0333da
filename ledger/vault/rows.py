"""What the vault's tables hold."""

from dataclasses import dataclass
from typing import Final

from ledger.vault import near_tables, place_bytes

APPLICATION_ID: Final = 0x746C6476
"""`tldv` in the file header."""

LATER: Final = (
    *place_bytes.SCHEMA,
    "CREATE INDEX record_digest ON record (digest)",
    "CREATE INDEX near_record_number ON near_record (number, is_own)",
)
"""What the first vaults lack, and get when they are opened for writing."""

# AUTOINCREMENT: the alias of an erased subject must never name somebody else.
SCHEMA: Final = (
    (
        "CREATE TABLE subject (number INTEGER PRIMARY KEY AUTOINCREMENT, "
        "subject_id TEXT NOT NULL UNIQUE, tag BLOB NOT NULL UNIQUE, "
        "name TEXT NOT NULL, key BLOB NOT NULL) STRICT"
    ),
    (
        "CREATE TABLE record (record_id TEXT PRIMARY KEY, id_tag BLOB NOT NULL UNIQUE, "
        "key BLOB NOT NULL, digest BLOB NOT NULL, bytes INTEGER NOT NULL, "
        "hazard TEXT NOT NULL, pending INTEGER NOT NULL, map_id TEXT NOT NULL, "
        "shard INTEGER NOT NULL, slice INTEGER NOT NULL, "
        "quarantined INTEGER NOT NULL) STRICT"
    ),
    (
        "CREATE INDEX record_place ON record "
        "(map_id, shard, slice, quarantined, pending, bytes)"
    ),
    (
        "CREATE TABLE record_subject (record_id TEXT NOT NULL REFERENCES record "
        "ON DELETE CASCADE, subject_id TEXT NOT NULL REFERENCES subject (subject_id), "
        "PRIMARY KEY (record_id, subject_id)) STRICT, WITHOUT ROWID"
    ),
    "CREATE INDEX subject_record ON record_subject (subject_id)",
    (
        "CREATE TABLE site (site_id TEXT PRIMARY KEY, tag BLOB NOT NULL UNIQUE, "
        "key BLOB NOT NULL, name TEXT NOT NULL, registered INTEGER NOT NULL) STRICT"
    ),
    (
        "CREATE TABLE url (scan_id TEXT PRIMARY KEY, tag BLOB NOT NULL, "
        "key BLOB NOT NULL, name TEXT NOT NULL, body_sha256 TEXT NOT NULL, "
        "pending INTEGER NOT NULL) STRICT"
    ),
    "CREATE INDEX url_tag ON url (tag)",
    (
        "CREATE TABLE scan_of_record (record_id TEXT PRIMARY KEY, "
        "scan_id TEXT NOT NULL) STRICT"
    ),
    "CREATE INDEX scan_of_record_scan ON scan_of_record (scan_id)",
    (
        "CREATE TABLE review_note (review_id TEXT PRIMARY KEY, scan_id TEXT NOT NULL, "
        "key BLOB NOT NULL, text TEXT NOT NULL, pending INTEGER NOT NULL) STRICT"
    ),
    "CREATE INDEX review_note_scan ON review_note (scan_id)",
    (
        "CREATE TABLE dataset (dataset_id TEXT PRIMARY KEY, tag BLOB NOT NULL UNIQUE, "
        "name TEXT NOT NULL, pending INTEGER NOT NULL) STRICT"
    ),
    (
        "CREATE TABLE dataset_review (commitment TEXT PRIMARY KEY, "
        "dataset_id TEXT NOT NULL REFERENCES dataset ON DELETE CASCADE, "
        "key BLOB NOT NULL, document BLOB NOT NULL, pending INTEGER NOT NULL) STRICT"
    ),
    (
        "CREATE TABLE reading (record_id TEXT PRIMARY KEY, source BLOB NOT NULL, "
        "id_tag BLOB NOT NULL, content_tag BLOB NOT NULL, "
        "pending INTEGER NOT NULL) STRICT"
    ),
    "CREATE INDEX reading_id ON reading (id_tag)",
    "CREATE INDEX reading_source ON reading (source)",
    (
        "CREATE TABLE seed (map_id TEXT NOT NULL, shard INTEGER NOT NULL, "
        "slice INTEGER NOT NULL, generation INTEGER NOT NULL, secret BLOB NOT NULL, "
        "PRIMARY KEY (map_id, shard, slice, generation)) STRICT, WITHOUT ROWID"
    ),
    (
        "CREATE TABLE artefact (sha256 TEXT PRIMARY KEY, key BLOB NOT NULL) "
        "STRICT, WITHOUT ROWID"
    ),
    *near_tables.SCHEMA,
    *LATER,
)

WRAPPED: Final = (
    ("subject", "key", ("subject_id",)),
    ("record", "key", ("record_id",)),
    ("seed", "secret", ("map_id", "shard", "slice", "generation")),
    ("artefact", "key", ("sha256",)),
)
"""Table, column and primary key of all that is wrapped under the epoch's key.

What opens texts and weights is wrapped. The keys of commitments to names are not: the
names lie beside them.
"""

UNPLACED: Final = -1
"""Shard and slice of a record that has not been assigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A data subject, as the vault knows it.

    Attributes:
        subject_id: random id, used in no event.
        alias: local name for people to type, such as `s-12`.
        name: the normalised identifier.
    """

    subject_id: str
    alias: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record, as the vault knows it.

    Attributes:
        record_id: its id in the ledger.
        digest: keyed digest of its text, to find exact duplicates.
        bytes: exact size of its text in UTF-8.
        hazard: how likely an erasure is.
        subjects: ids of its subjects.
        shard: its shard, or `UNPLACED`.
        slice: its slice, or `UNPLACED`.
        quarantined: whether it may be in no run that starts from now on.
    """

    record_id: str
    digest: bytes
    bytes: int
    hazard: str
    subjects: tuple[str, ...]
    shard: int
    slice: int
    quarantined: bool
