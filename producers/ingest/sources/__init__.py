"""Where records come from: each format is read as a stream of rows."""

from producers.ingest.sources.base import (
    Item,
    Row,
    Source,
    SourceFormat,
    Unreadable,
)
from producers.ingest.sources.distinct import distinct
from producers.ingest.sources.jsonl import JsonLines, parse_record
from producers.ingest.sources.mapping import Mapping, load_mapping
from producers.ingest.sources.opening import open_source

__all__ = [
    "Item",
    "JsonLines",
    "Mapping",
    "Row",
    "Source",
    "SourceFormat",
    "Unreadable",
    "distinct",
    "load_mapping",
    "open_source",
    "parse_record",
]
