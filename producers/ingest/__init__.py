"""Ingest: which record may be trained on, and why."""

from producers.ingest.decide import Facts, Ruling, ScanOutcome, decide
from producers.ingest.identifiers import normalise_identifier
from producers.ingest.licences import Licence, licence_table, read_licence
from producers.ingest.policy import IngestPolicy
from producers.ingest.reader import InputRecord, parse_record, read_records
from producers.ingest.run import IngestReport, Keep, Kept, Known, Scan, ingest

__all__ = [
    "Facts",
    "IngestPolicy",
    "IngestReport",
    "InputRecord",
    "Keep",
    "Kept",
    "Known",
    "Licence",
    "Ruling",
    "Scan",
    "ScanOutcome",
    "decide",
    "ingest",
    "licence_table",
    "normalise_identifier",
    "parse_record",
    "read_licence",
    "read_records",
]
