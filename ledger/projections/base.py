"""What a projection is: a pure fold over recorded events, and its state as plain data.

A fold owns its state: `apply` changes the state in place and returns it, so that a
fold over n events costs O(n) and not O(n^2). Whoever folds must not use a state that
was passed in again. Time comes from the events; there is no clock, file or network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from ledger.recorded import Recorded

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
    """

    name: str
    version: int
    state: type[State]
    apply: Callable[[State, Recorded], State]

    def initial(self) -> State:
        """The state of a ledger without events."""
        return self.state()

    def dump(self, state: State) -> dict[str, Any]:
        """The state as dicts with string keys, lists, strings, integers and booleans.

        Integers have any size (FLOP pass 2^64), which Python's `json` and msgspec
        write and read exactly.
        """
        # Dicts keep their order: runs, models and erasures are listed as they came.
        plain: dict[str, Any] = msgspec.to_builtins(state, str_keys=True)
        return plain

    def load(self, plain: dict[str, Any]) -> State:
        """The state that `dump` wrote.

        Raises:
            msgspec.ValidationError: `plain` is no state of this projection; the views
                file is derived, so the caller rebuilds.
        """
        return msgspec.convert(plain, self.state, str_keys=True)
