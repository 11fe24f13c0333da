"""Ingest: which record may be trained on, and why."""

from producers.ingest.decide import Facts, Ruling, ScanOutcome, decide
from producers.ingest.licences import Licence, licence_table, read_licence
from producers.ingest.policy import IngestPolicy
from producers.ingest.reader import InputRecord, parse_record, read_records
from producers.ingest.run import IngestReport, Keep, Known, Scan, ingest

__all__ = [
    "Facts",
    "IngestPolicy",
    "IngestReport",
    "InputRecord",
    "Keep",
    "Known",
    "Licence",
    "Ruling",
    "Scan",
    "ScanOutcome",
    "decide",
    "ingest",
    "licence_table",
    "parse_record",
    "read_licence",
    "read_records",
]
