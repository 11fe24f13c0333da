"""Just enough DER to write a time stamp: values in, bytes out.

Source: X.690, sections 8 and 10.
"""

from datetime import UTC, datetime


def tlv(tag: int, content: bytes) -> bytes:
    """One element with a definite length in its shortest form."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    return tlv(0x06, b"".join(map(_base128, (40 * first + second, *rest))))


def tagged(number: int, content: bytes) -> bytes:
    """Context-specific and constructed."""
    return tlv(0xA0 | number, content)


def generalized_time(at_ms: int) -> bytes:
    """Whole seconds in UTC, as RFC 3161 asks for where there is no fraction."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    text = at.strftime("%Y%m%d%H%M%S")
    if at_ms % 1000:
        text += f".{at_ms % 1000:03d}".rstrip("0")
    return tlv(0x18, text.encode() + b"Z")


def _base128(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(0x80 | (number & 0x7F))
    return bytes(reversed(parts))
