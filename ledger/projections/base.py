"""What a projection is: a pure fold over recorded events, and its state as plain data.

A fold owns its state: `apply` changes the state in place and returns it, so that a
fold over n events costs O(n) and not O(n^2). Whoever folds must not use a state that
was passed in again. Time comes from the events; there is no clock, file or network.

What a state keeps of every record is a mapping of its own, which may lie in a table: a
fold writes a value of it back after it changed one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from ledger.format.recorded import Recorded
from ledger.projections.tables import Rows, Table, as_dict

__all__ = ["Projection", "Recorded"]

State = TypeVar("State", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection(Generic[State]):
    """One fold, and how its state is kept in the views file.

    Attributes:
        name: unique name; the key in the views file.
        version: goes up whenever `apply` or the state's fields change; a kept state
            of another version is thrown away and rebuilt.
        state: class of the state; called without arguments it is the empty ledger's.
        apply: folds one event into a state, in place, and returns it.
        tables: fields of the state that grow with the records, each a mapping from
            texts; they are kept as tables, and all else as one document.
    """

    name: str
    version: int
    state: type[State]
    apply: Callable[[State, Recorded], State]
    tables: tuple[str, ...] = ()

    def initial(self) -> State:
        """The state of a ledger without events."""
        return self.state()

    def dump(self, state: State) -> dict[str, Any]:
        """The state as dicts with string keys, lists, strings, integers and booleans.

        Integers have any size (FLOP pass 2^64), which Python's `json` and msgspec
        write and read exactly.
        """
        # Dicts keep their order: runs, models and erasures are listed as they came.
        plain: dict[str, Any] = msgspec.to_builtins(
            state, str_keys=True, enc_hook=as_dict
        )
        return plain

    def load(self, plain: dict[str, Any]) -> State:
        """The state that `dump` wrote.

        Raises:
            msgspec.ValidationError: `plain` is no state of this projection; the views
                file is derived, so the caller rebuilds.
        """
        return msgspec.convert(plain, self.state, str_keys=True)

    def document(self, state: State) -> dict[str, Any]:
        """The state as `dump` writes it, its tables empty."""
        none: dict[str, Any] = {field: {} for field in self.tables}
        return self.dump(msgspec.structs.replace(state, **none))

    def over(self, state: State, rows: Rows) -> State:
        """The state of a document, its mappings over the tables of the views file."""
        for field, kind in _kinds(self).items():
            setattr(state, field, Table(self.table(field), kind, rows))
        return state

    def table(self, field: str) -> str:
        """Name of the table of a field."""
        return f"{self.name}_{field}"

    def mappings(self, state: State) -> Mapping[str, Mapping[str, Any]]:
        """The mappings that may lie in tables, by the name of the table."""
        return {self.table(field): getattr(state, field) for field in self.tables}


@cache
def _kinds(projection: Projection[Any]) -> dict[str, Any]:
    """The type of the values of each table."""
    hints = get_type_hints(projection.state)
    return {field: get_args(hints[field])[1] for field in projection.tables}
