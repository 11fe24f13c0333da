"""Just enough DER to find the certificates in a time stamp.

Source: X.690, sections 8.1 and 10; RFC 3161, section 2.4.2; RFC 5652, section 5.1.
"""

_CONSTRUCTED_0 = 0xA0
_SEQUENCE = 0x30
_LENGTH_OCTETS_MAX = 4


class DerError(ValueError):
    """Bytes are not the DER that is looked for."""


def whole_length(data: bytes) -> int:
    """Return how many bytes the first element has, tag and length included.

    Raises:
        DerError: an indefinite length, or one that does not fit.
    """
    return _element(data, 0, len(data))[2]


def sort_certificates(response: bytes) -> bytes:
    """Return a `TimeStampResp` with the embedded certificates in the order of DER.

    They are a SET, which nobody signed and which some authorities, as OpenSSL, do not
    sort. A strict reader refuses that; what it says stays the same.

    Raises:
        DerError: the response has another structure; one without a token is returned
            as it is.
    """
    parts = _children(response, 0, _SEQUENCE)
    if len(parts) < 2:
        return response
    content = _children(response, parts[1][0], _SEQUENCE)
    explicit = _children(response, content[-1][0], _CONSTRUCTED_0)
    if not explicit:
        raise DerError("no signed data")
    for start, first, end in _children(response, explicit[0][0], _SEQUENCE):
        if response[start] == _CONSTRUCTED_0:
            items = _children(response, start, _CONSTRUCTED_0)
            ordered = sorted(response[a:b] for a, _, b in items)
            return response[:first] + b"".join(ordered) + response[end:]
    return response


def _children(data: bytes, start: int, tag: int) -> list[tuple[int, int, int]]:
    """Return the elements in the one at `start`: where each begins, holds and ends."""
    if data[start : start + 1] != bytes([tag]):
        raise DerError("another structure")
    _, place, end = _element(data, start, len(data))
    found: list[tuple[int, int, int]] = []
    while place < end:
        found.append(_element(data, place, end))
        place = found[-1][2]
    return found


def _element(data: bytes, start: int, limit: int) -> tuple[int, int, int]:
    """Return where an element begins, where its content begins, and where it ends."""
    if start + 2 > limit:
        raise DerError("an element is cut off")
    first = data[start + 1]
    octets = first - 0x80 if first >= 0x80 else 0
    if first == 0x80 or octets > _LENGTH_OCTETS_MAX:
        raise DerError("a length that is not definite, or too long")
    content = start + 2 + octets
    length = int.from_bytes(data[start + 2 : content], "big") if octets else first
    if content + length > limit:
        raise DerError("an element is cut off")
    return start, content, content + length
