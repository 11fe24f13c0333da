"""JSON with one spelling, so that the same facts are the same bytes."""

import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Encode `value` by the JSON Canonicalization Scheme; no final newline.

    Holds for what the bundle is made of: objects with ASCII keys, lists, strings,
    flags and integers below 2^53. There are no fractions.

    Source: RFC 8785, section 3.2.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
