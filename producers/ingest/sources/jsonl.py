"""JSON Lines: one record a line, read as a stream."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NoReturn

from ledger.errors import InputError
from producers.ingest.reader import (
    RECORD_BYTES_MAX,
    InputRecord,
    NotARecordError,
    to_record,
)
from producers.ingest.sources.base import Item, Row, SourceFormat, Unreadable
from producers.ingest.sources.mapping import Mapping

SKIPPED_BYTES_MAX: Final = 2**30
"""How far the end of a line that is too long is looked for."""

_SKIP_BYTES: Final = 65_536
"""How much of a line that is too long is read at a time, to find its end."""


class JsonLines:
    """The records of a stream; the n-th item is line n."""

    format: SourceFormat = "jsonl"

    def __init__(
        self,
        stream: BinaryIO,
        *,
        mapping: Mapping | None = None,
        line_bytes_max: int = RECORD_BYTES_MAX,
    ) -> None:
        """Read from `stream`.

        Args:
            stream: opened for reading bytes; at most one line is held.
            mapping: where the fields are; where they are named as ours if None.
            line_bytes_max: longest line in bytes, its line feed included.
        """
        self._stream = stream
        self._mapping = mapping
        self._line_bytes_max = line_bytes_max

    def items(self) -> Iterator[Item]:
        """Each line once; see `Source`."""
        number = 0
        while line := self._stream.readline(self._line_bytes_max + 1):
            number += 1
            place = f"line {number}"
            try:
                if len(line) > self._line_bytes_max:
                    _refuse(
                        f"expected at most {self._line_bytes_max} bytes, found more"
                    )
                record = parse_record(line, number=number, mapping=self._mapping)
            except NotARecordError as error:
                yield Unreadable(
                    place=place, field=error.field, rule=error.rule, content=line
                )
                # Only now: who stops at the first reads no further.
                self._skip_rest(line, place)
            else:
                yield Row(place=place, record=record)

    def _skip_rest(self, line: bytes, place: str) -> None:
        """Read on to the end of a line."""
        skipped = 0
        while line and not line.endswith(b"\n"):
            line = self._stream.readline(_SKIP_BYTES)
            skipped += len(line)
            if skipped > SKIPPED_BYTES_MAX:
                message = f"{place}: expected an end within {SKIPPED_BYTES_MAX} bytes"
                raise InputError(message)


def parse_record(
    line: bytes, *, number: int, mapping: Mapping | None = None
) -> InputRecord:
    """Parse one line.

    Args:
        line: its bytes, with or without its line feed.
        number: its 1-based number, for ids that are made of it.
        mapping: where the fields are.

    Raises:
        NotARecordError: it is no record.
    """
    value = _parse_json(line)
    if mapping is not None:
        if not isinstance(value, dict):
            _refuse("expected one JSON object, found another value")
        value = mapping.apply(value, number)
    return to_record(value)


def _parse_json(line: bytes) -> Any:
    # The standard library's parser, for its hooks: msgspec takes the last of two equal
    # keys without a word.
    try:
        return json.loads(
            line.decode(),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        _refuse(f"expected UTF-8, found another byte at {error.start + 1}")
    except json.JSONDecodeError as error:
        _refuse(f"expected one JSON object, found an error at {error.pos + 1}")
    except _NotStrictError as error:
        _refuse(str(error))
    except RecursionError:
        _refuse("expected one flat JSON object, found deep nesting")
    except ValueError:  # a number with more digits than Python converts
        _refuse("expected a record, found a number of too many digits")


class _NotStrictError(Exception):
    """Well-formed to a lenient JSON parser, and refused here."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        message = "expected each key once, found one twice"
        raise _NotStrictError(message)
    return value


def _refuse_constant(_: str) -> NoReturn:
    message = "expected JSON, found NaN or Infinity"
    raise _NotStrictError(message)


def _refuse(rule: str) -> NoReturn:
    raise NotARecordError(rule) from None
