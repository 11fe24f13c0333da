"""JSON as I-JSON has it, with the integers of CON-2 only."""

import json
from typing import Any, NoReturn

from verifier.format.wire import INT_MAX


def parse_json(content: bytes) -> Any:
    """Read JSON; a name twice, a fraction or a number past 2^53 is refused.

    Raises:
        ValueError: malformed, too deep, or not I-JSON (RFC 7493, section 2).
    """
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_pairs_once,
            parse_int=_bounded,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except RecursionError:
        message = "the JSON is nested too deeply"
        raise ValueError(message) from None


def _pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        message = "a name twice in one object"
        raise ValueError(message)
    return value


def _bounded(text: str) -> int:
    number = int(text) if len(text) <= 16 else INT_MAX + 1
    if not 0 <= number <= INT_MAX:
        message = "an integer outside 0..2^53 - 1"
        raise ValueError(message)
    return number


def _no_number(text: str) -> NoReturn:
    message = f"the number {text[:20]}"
    raise ValueError(message)
