"""Arrow record batches as rows: what Parquet and Arrow files share.

pyarrow is an extra; a module that reads files imports it when it opens one.
"""

from collections.abc import Collection, Iterable, Iterator
from importlib.util import find_spec
from typing import Any, Final

from ledger.errors import InputError
from producers.ingest.reader import RECORD_BYTES_MAX, NotARecordError, to_record
from producers.ingest.sources.base import Item, Row, Unreadable
from producers.ingest.sources.mapping import FIELDS, Mapping, by_name

BATCH_ROWS: Final = 256
"""Rows that are turned into records at a time."""

COLUMNS_MAX: Final = 1024
"""Most columns of a file."""

FILES_MAX: Final = 10_000
"""Most files of one input."""


def need_pyarrow(extra: str) -> None:
    """Check that pyarrow is there; what reads a file imports it.

    Args:
        extra: the extra that brings it, for the message.

    Raises:
        InputError: it is not installed.
    """
    if find_spec("pyarrow") is None:
        message = (
            f"this format needs the extra '{extra}': module pyarrow not found; "
            f"install tuneledger[{extra}]"
        )
        raise InputError(message)


def fields_of(columns: Collection[str], mapping: Mapping | None, where: str) -> Mapping:
    """The mapping of a file of columns.

    Raises:
        InputError: a column is missing, or there are others and no mapping says that
            they are left out.
    """
    if len(columns) > COLUMNS_MAX:
        message = f"{where}: expected at most {COLUMNS_MAX} columns, found more"
        raise InputError(message)
    chosen = mapping or by_name(columns)
    chosen.check_columns(columns, where)
    if mapping is None and not set(columns) <= set(FIELDS):
        message = (
            f"{where}: expected only the columns {', '.join(FIELDS)}, found others; "
            "name those that count in a mapping file"
        )
        raise InputError(message)
    return chosen


def rows(
    batches: Iterable[Any], mapping: Mapping, *, file: str, before: int
) -> Iterator[Item]:
    """Each row of some record batches.

    Args:
        batches: `pyarrow.RecordBatch`, in order.
        mapping: where the fields are.
        file: name of the file, for places; empty where there is only one.
        before: rows of the input before these, for ids that are made of numbers.
    """
    number = 0
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            part = batch.slice(start, BATCH_ROWS)
            for index in range(part.num_rows):
                number += 1
                place = f"{file} row {number}".strip()
                yield _item(part, index, mapping, place, before + number)


def _item(part: Any, index: int, mapping: Mapping, place: str, number: int) -> Item:
    """One row, as a record where it is one."""
    try:
        values = {
            column: _value(part, column, index)
            for column in dict.fromkeys(mapping.columns.values())
        }
        found = mapping.apply(values, number)
        _check_size(found)
        return Row(place=place, record=to_record(found))
    except NotARecordError as error:
        return Unreadable(place=place, field=error.field, rule=error.rule)


def _value(part: Any, column: str, index: int) -> Any:
    try:
        return part.column(column)[index].as_py()
    except (UnicodeDecodeError, ValueError, OverflowError):
        rule = f"expected a value that can be read in column {column}"
        raise NotARecordError(rule) from None


def _check_size(values: dict[str, Any]) -> None:
    texts = [*values.values(), *(values.get("subjects") or ())]
    size = sum(
        len(text.encode("utf-8", "surrogatepass"))
        for text in texts
        if isinstance(text, str)
    )
    if size > RECORD_BYTES_MAX:
        rule = f"expected at most {RECORD_BYTES_MAX} bytes, found more"
        raise NotARecordError(rule)
