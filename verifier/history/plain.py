"""Values of typed dataclasses as plain JSON values, and back with every type checked.

Bytes become hex, and what has keys a list of pairs, so any key will do. Equal frozen
objects become one object again.
"""

import types
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints


def to_plain(value: Any) -> Any:
    """Return the value as lists, objects, text, numbers, booleans and None."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, Mapping):
        return [[to_plain(key), to_plain(item)] for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(map(to_plain, value))
    if isinstance(value, list | tuple):
        return list(map(to_plain, value))
    return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}


class Reader:
    """Reads plain values as what their types say."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def read(self, kind: Any, plain: Any) -> Any:
        """Return the value of a type.

        Raises:
            ValueError: it is not of that type.
        """
        if kind is bytes:
            return bytes.fromhex(_expect(str, plain))
        if kind in (int, str, bool):
            return _expect(kind, plain)
        if is_dataclass(kind):
            return self._object(kind, _expect(dict, plain))
        if isinstance(kind, types.UnionType):
            return self._optional(get_args(kind), plain)
        return self._collection(kind, _expect(list, plain))

    def _collection(self, kind: Any, items: list[Any]) -> Any:
        origin, inner = get_origin(kind), get_args(kind)
        if origin is tuple and inner[-1] is not Ellipsis:
            return tuple(self.read(*pair) for pair in zip(inner, items, strict=True))
        if origin in (dict, Counter):
            key, item = (*inner, int)[:2]
            return origin(dict(self._pair(key, item, pair) for pair in items))
        if origin in (list, set, frozenset, tuple):
            return origin([self.read(inner[0], item) for item in items])
        message = f"no plain form of {kind}"
        raise TypeError(message)

    def _pair(self, key: Any, item: Any, plain: Any) -> tuple[Any, Any]:
        first, second = _expect(list, plain)
        return self.read(key, first), self.read(item, second)

    def _optional(self, kinds: Collection[Any], plain: Any) -> Any:
        if plain is None and types.NoneType in kinds:
            return None
        (kind,) = [kind for kind in kinds if kind is not types.NoneType]
        return self.read(kind, plain)

    def _object(self, kind: Any, plain: dict[str, Any]) -> Any:
        hints = _hints(kind)
        if plain.keys() != hints.keys():
            message = f"{kind.__name__} with fields {', '.join(plain)}"
            raise ValueError(message)
        value = kind(**{name: self.read(hints[name], plain[name]) for name in hints})
        return self._known.setdefault(value, value) if kind.__hash__ else value


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _expect(kind: type, plain: Any) -> Any:
    if type(plain) is not kind:
        message = f"{type(plain).__name__}, not {kind.__name__}"
        raise ValueError(message)
    return plain
