"""The tables of the index, and how they grow."""

CACHE = "PRAGMA cache_size=-65536"

SCHEMA = """
CREATE TABLE site (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE scan (id BLOB PRIMARY KEY, status TEXT, site BLOB) WITHOUT ROWID;
CREATE TABLE closed (scan BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE review (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE clearance (
    scan BLOB PRIMARY KEY, expires_at_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE licence (
    id BLOB PRIMARY KEY, said TEXT, sites BLOB, revoked INTEGER
);
CREATE TABLE record (
    id BLOB PRIMARY KEY, commitment BLOB
) WITHOUT ROWID;
CREATE TABLE quarantined (record BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE assignment (
    record BLOB, map INTEGER, shard INTEGER, slice INTEGER, at INTEGER,
    commitment BLOB
);
CREATE TABLE trained (
    map INTEGER, shard INTEGER, slice INTEGER, at INTEGER, weights BLOB,
    run_at INTEGER, withdrawn INTEGER, tainted INTEGER
);
CREATE INDEX trained_place ON trained (shard, slice, map, at);
CREATE INDEX trained_weights ON trained (weights);
CREATE TABLE deleted (
    weights BLOB PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE saved (
    weights BLOB, kind TEXT, run_at INTEGER, PRIMARY KEY (weights, kind, run_at)
) WITHOUT ROWID;
CREATE TABLE private (
    run_at INTEGER, shard INTEGER, slice INTEGER, PRIMARY KEY (run_at, shard, slice)
) WITHOUT ROWID;
CREATE TABLE model_id (
    kind TEXT, id BLOB, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE serving (model BLOB PRIMARY KEY, manifest BLOB) WITHOUT ROWID;
CREATE TABLE merged (weights BLOB PRIMARY KEY, adapters BLOB) WITHOUT ROWID;
CREATE TABLE merged_part (
  part BLOB, merged BLOB, PRIMARY KEY (part, merged)
) WITHOUT ROWID;
CREATE TABLE note (text TEXT);
"""
BY_RECORD = """
CREATE UNIQUE INDEX IF NOT EXISTS assignment_record ON assignment (record, map)
"""
# Built on the first query by place, which then reads nothing else; until then
# assignments go in faster without.
BY_PLACE = """
CREATE INDEX IF NOT EXISTS assignment_place
ON assignment (map, shard, record, slice, at, commitment)
"""

ADD_SCAN = "INSERT INTO scan VALUES (?, ?, ?)"
ADD_RECORD = "INSERT INTO record VALUES (?, ?)"
ADD_ASSIGNMENT = "INSERT INTO assignment VALUES (?, ?, ?, ?, ?, ?)"
