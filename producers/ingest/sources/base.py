"""What every source yields: records, and what could not be read as one."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from producers.ingest.reader import InputRecord

SourceFormat = Literal["jsonl", "parquet", "hf_datasets"]
"""How records are stored, as `DatasetClassified.format`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record and where it stands.

    Attributes:
        place: such as `line 7`, or `part-2.parquet row 7`.
        record: the record.
    """

    place: str
    record: InputRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something that is no record.

    Attributes:
        place: where it stands.
        field: the field that is wrong; empty where it is none in particular.
        rule: what was expected and found; never a value.
        content: what stood there, as far as it was read; it may be personal data.
    """

    place: str
    field: str
    rule: str
    content: bytes = dataclasses.field(default=b"", repr=False)

    @property
    def message(self) -> str:
        """Place and rule, in a line."""
        return f"{self.place}: {self.rule}"


Item = Row | Unreadable


class Source(Protocol):
    """Records of one input, in order."""

    @property
    def format(self) -> SourceFormat:
        """How they are stored."""
        ...

    def items(self) -> Iterator[Item]:
        """Each row once, in the order of the input; one at a time is in memory.

        Raises:
            InputError: the input as a whole cannot be read (further).
        """
        ...
