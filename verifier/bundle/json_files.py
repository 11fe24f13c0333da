"""JSON with one spelling, and values of an expected shape (BUN-3)."""

import json
from enum import StrEnum
from typing import Any, NoReturn

from verifier.bundle.findings import BundleViolation
from verifier.format.strict_json import parse_json
from verifier.format.wire import decode_base64

VALUES_MAX = 4_194_304
"""Most `[`, `{` and `,` in a file (BUN-2), so that parsing it needs at most 0.5 GiB.

One byte in eight of the longest receipts.json; those of real runs are one in forty, and
the densest event type has about one in ten.
"""


def canonical(value: Any) -> bytes:
    """Return the one spelling of objects, lists, strings, flags and integers.

    Source: RFC 8785, section 3.2; there are no fractions here.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


class Reader:
    """Takes values of an expected shape out of one JSON file of a bundle."""

    def __init__(self, code: StrEnum, rule: str, *, where: str) -> None:
        """Report faults under this code, rule and place."""
        self._code = code
        self._rule = rule
        self._where = where

    def parse(self, content: bytes) -> Any:
        """Read JSON that is in its one spelling."""
        values = sum(map(content.count, (b"[", b"{", b",")))
        if values > VALUES_MAX:
            self.refuse(f"at most {VALUES_MAX} values", values)
        try:
            value = parse_json(content)
            is_canonical = canonical(value) == content
        except (ValueError, RecursionError) as error:
            self.refuse("JSON", error)
        if not is_canonical:
            self.refuse("JSON in its one spelling (RFC 8785)", "another spelling")
        return value

    def record(self, value: Any, *names: str) -> dict[str, Any]:
        """Take an object with exactly these names."""
        if not isinstance(value, dict) or set(value) != set(names):
            found = sorted(value) if isinstance(value, dict) else type(value).__name__
            self.refuse(f"an object of {', '.join(sorted(names))}", found)
        return value

    def array(self, value: Any, *, at_most: int) -> list[Any]:
        """Take a list of 1 to `at_most` items."""
        if not isinstance(value, list) or not 1 <= len(value) <= at_most:
            found = len(value) if isinstance(value, list) else type(value).__name__
            self.refuse(f"a list of 1 to {at_most} items", found)
        return value

    def text(self, value: Any) -> str:
        """Take a string."""
        if not isinstance(value, str):
            self.refuse("a string", type(value).__name__)
        return value

    def count(self, value: Any) -> int:
        """Take an integer of at least 0."""
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.refuse("an integer of at least 0", value)
        return value

    def base64(self, value: Any) -> bytes:
        """Take base64 in its one spelling (CON-1)."""
        try:
            return decode_base64(self.text(value).encode())
        except ValueError:
            self.refuse("canonical base64", value)

    def hashes(self, value: Any) -> tuple[bytes, ...]:
        """Take a list of hashes in base64; it may be empty."""
        if not isinstance(value, list):
            self.refuse("a list of hashes", type(value).__name__)
        hashes = tuple(map(self.base64, value))
        if any(len(item) != 32 for item in hashes):
            self.refuse("hashes of 32 bytes", value)
        return hashes

    def refuse(self, expected: str, found: object) -> NoReturn:
        """Raise the violation."""
        raise BundleViolation(
            self._code, self._rule, where=self._where, expected=expected, found=found
        )
