"""The small values of the text formats: decimals, base64, hex and named lines."""

import base64
import binascii
import re
from typing import NoReturn

from verifier.findings import Code, Violation

INT_MAX = 2**53 - 1
ZERO_HASH = bytes(32)

KEY_NAME = r"[A-Za-z0-9._~/:-]{1,128}"
STREAM_NAME = r"[a-z][a-z0-9-]{0,31}(?:/[a-z0-9][a-z0-9-]{0,31}){0,3}"

_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,15}")
_HASH = re.compile(rb"[0-9a-f]{64}")
_KEY_NAME = re.compile(KEY_NAME.encode())
_STREAM_NAME = re.compile(STREAM_NAME.encode())


def decode_base64(text: bytes) -> bytes:
    """Decode standard base64 in its one spelling (CON-1).

    Raises:
        ValueError: another alphabet, missing padding, or unused bits set.

    Source: RFC 4648, sections 3.5 and 4.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if base64.b64encode(value) != text:
        message = "not canonical base64"
        raise ValueError(message)
    return value


class LineReader:
    """Takes `name SP value` lines off a text, in order, and names what is wrong."""

    def __init__(self, text: bytes, *, code: Code, rule: str) -> None:
        """Read `text`; faults are reported under `code` and `rule`."""
        self._lines = text.split(b"\n")
        self._next = 0
        self._code = code
        self._rule = rule

    def literal(self, line: bytes) -> None:
        """Take one line that must be exactly this."""
        found = self._take()
        if found != line:
            self._refuse(f"line {shown_line(line)}", found)

    def decimal(self, name: str) -> int:
        """Take a decimal (CON-2)."""
        value = self._value(name, _DECIMAL, "a decimal below 2^53")
        number = int(value)
        if number > INT_MAX:
            self._refuse(f"{name} with a decimal below 2^53", value)
        return number

    def hash(self, name: str) -> bytes:
        """Take a SHA-256 in hex."""
        return bytes.fromhex(self._value(name, _HASH, "64 hex digits").decode())

    def key_name(self, name: str) -> str:
        """Take a key name (KEY-4)."""
        return self._value(name, _KEY_NAME, "a key name").decode()

    def stream(self, name: str) -> str:
        """Take a stream name."""
        return self._value(name, _STREAM_NAME, "a stream name").decode()

    def end(self) -> None:
        """Require that the text ended with the newline of the last line."""
        if self._lines[self._next :] != [b""]:
            self._refuse("the end of the text", b"\n".join(self._lines[self._next :]))

    def _take(self) -> bytes:
        if self._next >= len(self._lines):
            self._refuse("another line", b"")
        line = self._lines[self._next]
        self._next += 1
        return line

    def _value(self, name: str, pattern: re.Pattern[bytes], meaning: str) -> bytes:
        line = self._take()
        label, _, value = line.partition(b" ")
        if label != name.encode() or pattern.fullmatch(value) is None:
            self._refuse(f"line '{name}' with {meaning}", line)
        return value

    def _refuse(self, expected: str, found: bytes) -> NoReturn:
        raise Violation(self._code, self._rule, expected=expected, found=found)


def shown_line(line: bytes) -> str:
    """Return one of the format's own lines in quotes."""
    return f"'{line.decode('ascii')}'"
