"""Mappings of a state that grow with the records: a dict, or a table and its changes.

A fold sees a mapping in both cases. It writes a value back whenever it changed one,
since a table hands out copies. Both keep their keys in the order of first writing.
"""

from collections.abc import (
    ItemsView,
    Iterator,
    MutableMapping,
)
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from ledger.errors import StorageError

Value = TypeVar("Value")


class Rows(Protocol):
    """Tables of keys and values, as they stood at one moment."""

    def get(self, table: str, key: str) -> str | None:
        """The value of a key, as JSON; None where there is none."""
        ...

    def all(self, table: str) -> Iterator[tuple[str, str]]:
        """Every key and value, in the order of their first writing."""
        ...

    def count(self, table: str) -> int:
        """How many keys there are."""
        ...


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes the rows of a table those of its mapping.

    Attributes:
        gone: keys to delete, before anything is written.
        written: keys and values to write, in order; a key that stands keeps its place.
    """

    gone: list[str]
    written: Iterator[tuple[str, str]]


class Table(MutableMapping[str, Value]):
    """Rows of a table, with changes on top of them that are not written yet."""

    def __init__(self, name: str, kind: Any, rows: Rows) -> None:
        """Start from what `rows` hold.

        Args:
            name: of the table.
            kind: type of its values.
            rows: what is kept; never changed from here.
        """
        self._name = name
        self._decoder = msgspec.json.Decoder(kind)
        self._rows = rows
        self._updated: dict[str, Value] = {}  # in the place of a row
        self._added: dict[str, Value] = {}  # after all rows
        self._gone: dict[str, None] = {}  # rows that do not count any more
        # The last key without a row: what is missed is often written next.
        self._absent: str | None = None

    def __getitem__(self, key: str) -> Value:
        if key in self._added:
            return self._added[key]
        if key in self._updated:
            return self._updated[key]
        found = self._row(key)
        if found is None:
            raise KeyError(key)
        return self._decode(found)

    def __contains__(self, key: object) -> bool:
        return key in self._added or (isinstance(key, str) and self._is_row(key))

    def __setitem__(self, key: str, value: Value) -> None:
        if key not in self._added and self._is_row(key):
            self._updated[key] = value
        else:
            self._added[key] = value

    def __delitem__(self, key: str) -> None:
        if key in self._added:
            del self._added[key]
        elif self._is_row(key):
            self._updated.pop(key, None)
            self._gone[key] = None
        else:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        for key, _ in self._kept():
            yield key
        yield from self._added

    def __len__(self) -> int:
        return self._rows.count(self._name) - len(self._gone) + len(self._added)

    def items(self) -> ItemsView[str, Value]:
        """Keys and values, the rows in one scan."""
        return _Items(self)

    def pairs(self) -> Iterator[tuple[str, Value]]:
        """Keys and values in order."""
        for key, value in self._kept():
            if key in self._updated:
                yield key, self._updated[key]
            else:
                yield key, self._decode(value)
        yield from self._added.items()

    def pending(self) -> int:
        """How many changes are not written yet."""
        return len(self._updated) + len(self._added) + len(self._gone)

    def changes(self) -> Changes:
        """What is not written yet."""
        written = (
            (key, msgspec.json.encode(value).decode())
            for part in (self._updated, self._added)
            for key, value in part.items()
        )
        return Changes(gone=list(self._gone), written=written)

    def _is_row(self, key: str) -> bool:
        """Whether a key stands in the rows and was not deleted since."""
        return key in self._updated or self._row(key) is not None

    def _row(self, key: str) -> str | None:
        """The row of a key that was not deleted since."""
        if key in self._gone or key == self._absent:
            return None
        found = self._rows.get(self._name, key)
        if found is None:
            self._absent = key
        return found

    def _kept(self) -> Iterator[tuple[str, str]]:
        return (
            pair for pair in self._rows.all(self._name) if pair[0] not in self._gone
        )

    def _decode(self, value: str) -> Value:
        try:
            decoded: Value = self._decoder.decode(value)
        except msgspec.DecodeError as error:
            message = (
                f"views, table {self._name}: {error}; delete the file, it is made "
                "again from the ledger"
            )
            raise StorageError(message) from None
        return decoded


class _Items(ItemsView[str, Value]):
    """Items of a table, without a look-up for each key."""

    def __init__(self, table: Table[Value]) -> None:
        super().__init__(table)
        self._table = table

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return self._table.pairs()


class NoRows:
    """Tables without a row: what a state starts from where nothing is kept."""

    def get(self, table: str, key: str) -> str | None:  # noqa: ARG002 (protocol)
        """No key has a value."""
        return None

    def all(self, table: str) -> Iterator[tuple[str, str]]:  # noqa: ARG002 (protocol)
        """Nothing."""
        return iter(())

    def count(self, table: str) -> int:  # noqa: ARG002 (protocol)
        """None."""
        return 0


def as_dict(value: Any) -> dict[str, Any]:
    """A table as a dict, for what writes plain values.

    Raises:
        NotImplementedError: `value` is something else.
    """
    if isinstance(value, Table):
        return dict(value.pairs())
    message = f"expected a table, found {type(value).__name__}"
    raise NotImplementedError(message)
