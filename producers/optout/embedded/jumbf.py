"""Training-mining assertions of C2PA manifests, found in the bytes of any file.

An assertion is a JUMBF box that names itself:

    length "jumb"                           the box, and in it
      length "jumd" type (16) toggles (1) label NUL
      length "json" | "cbor" data

So it is found by its label, whatever carries the manifest (a PNG chunk, a BMFF or RIFF
box, an embedded file of a PDF). Carriers that cut or code the manifest are put together
first: segments of a JPEG, base64 in SVG and HTML, variation selectors in plain text.
Signatures are not checked: a "no" counts whoever wrote it, a "yes" never decides.

Not read: sub-blocks of a GIF, compressed or encrypted carriers, manifests that lie
elsewhere. Where a label is in a binary file and no box is, the file is not readable.

Source: ISO/IEC 19566-5 (JUMBF boxes); C2PA Technical Specification, "Use of JUMBF" and
annex "Embedding manifests"; ISO/IEC 18477-3 (segments of a JPEG).
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from producers.optout.embedded.cbor import decode_cbor
from producers.optout.vocabulary.signals import SignalError, malformed

ASSERTION_BYTES_MAX = 64 * 1024
"""Largest assertion that is read."""

ASSERTIONS_MAX = 64
"""Most assertions of a file that are read."""

SEGMENTS_MAX = 4096
"""Most segments of a JPEG that hold manifests."""

_NAME = rb"(?:c2pa|cawg)\.training-mining"
_LABEL = re.compile(_NAME + rb"(?:\.v[0-9]{1,4})?(?:__[0-9]{1,9})?\x00")
_MENTION = re.compile(_NAME)
_BEFORE_LABEL = 25  # length, "jumd", type, toggles
_BEFORE_DESCRIPTION = 8  # length, "jumb"
_SELECTORS = re.compile(rb"(?:\xef\xb8[\x80-\x8f]|\xf3\xa0[\x84-\x87][\x80-\xbf]){13,}")
_BASE64 = re.compile(
    rb"(?:c2pa:manifest|application/c2pa)[^<>]{0,256}>([A-Za-z0-9+/=\s]+)<"
)
_BASE64_MARKS = (b"c2pa:manifest", b"application/c2pa")
_SELECTOR_MARK = b"\xf3\xa0"  # of nearly every byte of a manifest
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Assertion:
    """A training-mining assertion.

    Attributes:
        label: its label, with version and instance.
        data: what it holds, decoded.
    """

    label: str
    data: object


def find_assertions(body: bytes, *, is_text: bool) -> Iterator[Assertion]:
    """The training-mining assertions in the bytes of any file.

    Args:
        body: the file.
        is_text: whether it is text or markup, which may mention a label in prose.

    Raises:
        SignalError: one is there that cannot be read, or there are too many.
    """
    found = 0
    for part in _carried(body):
        for assertion in _boxes(part):
            if found == ASSERTIONS_MAX:
                raise malformed(f"c2pa: expected at most {ASSERTIONS_MAX} assertions")
            found += 1
            yield assertion
    if not found and not is_text and _MENTION.search(body):
        raise malformed("c2pa: expected a readable training-mining assertion")


def _carried(body: bytes) -> Iterator[bytes]:
    """The file itself, and the manifests that it carries in pieces or in a coding."""
    manifests = list(_jpeg_manifests(body)) if body.startswith(_JPEG) else []
    yield from manifests or [body]
    for coded in _BASE64.finditer(body if _has(body, _BASE64_MARKS) else b""):
        try:
            yield base64.b64decode(b"".join(coded[1].split()), validate=True)
        except binascii.Error as error:
            raise malformed("c2pa: expected a manifest in base64") from error
    for run in _SELECTORS.finditer(body if _SELECTOR_MARK in body else b""):
        yield bytes(_selected(character) for character in run[0].decode())


def _has(body: bytes, marks: Sequence[bytes]) -> bool:
    """Whether a search can find anything; this is ten times as fast as one."""
    return any(mark in body for mark in marks)


def _selected(character: str) -> int:
    """The byte that a variation selector stands for (C2PA, unstructured text)."""
    point = ord(character)
    return point - 0xFE00 if point < 0xFE10 else (point - 0xE0100 + 16) & 0xFF


def _jpeg_manifests(body: bytes) -> Iterator[bytes]:
    """The boxes that are spread over application segments 11, put together.

    A segment has an instance and a number; from the second on it repeats the header of
    its box.
    """
    pieces: dict[bytes, dict[int, bytes]] = {}
    at, segments = 2, 0
    while at + 4 <= len(body) and body[at] == 0xFF and body[at + 1] != 0xDA:
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        segment = body[at + 4 : at + 2 + size]
        if body[at + 1] == 0xEB and segment.startswith(b"JP"):
            segments += 1
            if segments > SEGMENTS_MAX:
                raise malformed(f"c2pa: expected at most {SEGMENTS_MAX} segments")
            number = int.from_bytes(segment[4:8], "big")
            pieces.setdefault(segment[2:4], {})[number] = segment[8:]
        at += 2 + max(size, 2)
    for numbered in pieces.values():
        ordered = [numbered[number] for number in sorted(numbered)]
        header = 16 if ordered[0].startswith(b"\0\0\0\1") else 8
        yield ordered[0] + b"".join(piece[header:] for piece in ordered[1:])


def _boxes(data: bytes) -> Iterator[Assertion]:
    for label in _LABEL.finditer(data if b"training-mining" in data else b""):
        description = label.start() - _BEFORE_LABEL
        if description < 0 or data[description + 4 : description + 8] != b"jumd":
            continue  # a claim names the assertions of its manifest
        yield Assertion(
            label[0][:-1].decode("ascii"), _content(data, description, label.end())
        )


def _content(data: bytes, description: int, at: int) -> object:
    """The first data box of the assertion whose description ends at or after `at`."""
    start = description - _BEFORE_DESCRIPTION
    end = start + _length(data, start)
    if start < 0 or data[start + 4 : start + 8] != b"jumb" or end > len(data):
        raise malformed("c2pa: expected a whole assertion box")
    if end - start > ASSERTION_BYTES_MAX:
        raise malformed(f"c2pa: expected at most {ASSERTION_BYTES_MAX} bytes")
    box = max(description + _length(data, description), at)
    while box + 8 <= end:
        size = _length(data, box)
        content = data[box + 8 : min(box + size, end)]
        kind = data[box + 4 : box + 8]
        if kind in _DECODERS:
            return _DECODERS[kind](content)
        box += max(size, 8)
    raise malformed("c2pa: expected an assertion in JSON or CBOR")


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[max(at, 0) : max(at, 0) + 4], "big")


def _decode_json(content: bytes) -> object:
    try:
        return json.loads(content, object_pairs_hook=_unique_keys)
    except SignalError:
        raise
    except (ValueError, RecursionError) as error:
        raise malformed("c2pa: expected an assertion in JSON") from error


_DECODERS: dict[bytes, Callable[[bytes], object]] = {
    b"json": _decode_json,
    b"cbor": decode_cbor,
}


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise malformed("c2pa: expected each key once in an object")
    return keys
