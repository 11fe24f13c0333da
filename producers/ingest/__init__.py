"""Ingest: which record may be trained on, and why."""

from producers.ingest.decide import decide
from producers.ingest.facts import Facts, RegisterLicence, Ruling, ScanOutcome
from producers.ingest.licences import Licence, licence_table, read_licence
from producers.ingest.policy import IngestPolicy
from producers.ingest.reader import InputRecord
from producers.ingest.register import Register, check_grant, in_register
from producers.ingest.reviews import ReviewBook
from producers.ingest.run import ingest
from producers.ingest.screening import FromDataset, Screened
from producers.ingest.world import (
    IngestReport,
    Keep,
    Known,
    Licensed,
    Scan,
    UnscannableError,
    World,
)

__all__ = [
    "Facts",
    "FromDataset",
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
    "Screened",
    "UnscannableError",
    "World",
    "check_grant",
    "decide",
    "in_register",
    "ingest",
    "licence_table",
    "read_licence",
]
