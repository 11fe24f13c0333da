"""Ingest: which record may be trained on, and why."""

from producers.ingest.decide import (
    Facts,
    RegisterLicence,
    Ruling,
    ScanOutcome,
    decide,
)
from producers.ingest.licences import Licence, licence_table, read_licence
from producers.ingest.policy import IngestPolicy
from producers.ingest.reader import InputRecord, parse_record, read_records
from producers.ingest.register import Register, check_grant, in_register
from producers.ingest.reviews import ReviewBook
from producers.ingest.run import IngestReport, Keep, Known, Licensed, Scan, ingest

__all__ = [
    "Facts",
    "IngestPolicy",
    "IngestReport",
    "InputRecord",
    "Keep",
    "Known",
    "Licence",
    "Licensed",
    "Register",
    "RegisterLicence",
    "ReviewBook",
    "Ruling",
    "Scan",
    "ScanOutcome",
    "check_grant",
    "decide",
    "in_register",
    "ingest",
    "licence_table",
    "parse_record",
    "read_licence",
    "read_records",
]
