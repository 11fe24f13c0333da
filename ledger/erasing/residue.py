"""Look for a person's identifiers in the bytes of files, in every form they may take.

The identifiers are held in memory by whoever calls; nothing of them is written. Case is
ignored where it is ASCII's: bytes are lowered before they are searched.
"""

import base64
import html
import json
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote, quote_plus

from ledger.disk.files import open_regular
from ledger.vault.identifiers import normalise_identifier

IDENTIFIER_BYTES_MIN: Final = 6
"""Shortest identifier in UTF-8 that is looked for.

Six letters of either case stand at a given place of random bytes with probability
2^-42, so a gigabyte of weights holds them by chance once in 4,096 times; three would be
found in every such file.
"""

_CHUNK_BYTES: Final = 1024 * 1024
_PACKED: Final = ".zz"
_NORMAL_FORMS: Final = ("NFC", "NFD", "NFKC", "NFKD")


def is_long_enough(identifier: str) -> bool:
    """Whether finding an identifier means anything."""
    return len(normalise_identifier(identifier).encode()) >= IDENTIFIER_BYTES_MIN


def forms(identifier: str) -> frozenset[bytes]:
    """Every byte sequence that an identifier is looked for as, in ASCII lower case.

    As typed and case-folded, as it stands and in the four normal forms of Unicode; each
    as UTF-8 and UTF-16, as part of a URL, of JSON and of HTML, in hexadecimal, and in
    base64 at each of its three alignments.
    """
    typed = identifier.strip()
    spellings = {typed, normalise_identifier(identifier), typed.lower(), typed.upper()}
    # A typed text need not be in any normal form: it may mix them.
    texts = spellings | {
        unicodedata.normalize(form, spelling)
        for spelling in spellings
        for form in _NORMAL_FORMS
    }
    return frozenset(form.lower() for text in texts for form in _encodings(text))


def _encodings(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    for spelled in (
        quote(text),
        quote(text, safe="@"),
        quote(text, safe=""),
        quote_plus(text),
        json.dumps(text)[1:-1],
        html.escape(text),
        raw.hex(),
    ):
        yield spelled.encode()
    for shift in range(3):
        # The characters at both ends also hold bits of whatever stands beside it.
        padded = base64.b64encode(bytes(shift) + raw)
        spoilt = (0, 3, 2)[(shift + len(raw)) % 3]
        inner = padded[(0, 2, 3)[shift] : len(padded) - spoilt]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def find(
    folder: Path, identifiers: Iterable[str], *, skip: Collection[str] = ()
) -> list[str]:
    """The files of a folder that hold an identifier, in their bytes or their name.

    Links are followed, since the workspace is read and written through them. What is
    packed as evidence is searched unpacked too.

    Args:
        folder: where to look, folders below it included.
        identifiers: whom to look for; those that are too short are left out.
        skip: suffixes of files not to look into.

    Returns:
        Paths below `folder`, sorted; of a name that holds an identifier only the
        folder that it lies in, with `/?`.

    Raises:
        OSError: a file or a folder cannot be read.
    """
    wanted = sorted(
        {form for one in identifiers if is_long_enough(one) for form in forms(one)}
    )
    return sorted(_found(folder, wanted, skip)) if wanted else []


def _found(folder: Path, wanted: list[bytes], skip: Collection[str]) -> Iterator[str]:
    """What `find` returns, in the order of the walk."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            at, paths = here.stat(), sorted(here.iterdir())
        except FileNotFoundError:
            continue  # it went meanwhile
        if (at.st_dev, at.st_ino) in seen:
            continue  # links may lead round in a circle
        seen.add((at.st_dev, at.st_ino))
        for path in paths:
            name = path.relative_to(folder)
            if _holds([str(name).encode(errors="surrogateescape")], wanted):
                yield f"{name.parent}/?"
            elif path.is_dir():
                waiting.append(path)
            elif path.suffix in skip or not path.is_file():
                continue
            elif _file_holds(path, wanted):
                yield str(name)


def _file_holds(path: Path, wanted: list[bytes]) -> bool:
    try:
        with open_regular(path) as file:
            if _holds(_chunks(file), wanted):
                return True
            if path.suffix != _PACKED:
                return False
            file.seek(0)
            return _holds(_unpacked(file), wanted)
    except FileNotFoundError:
        return False  # a journal that went meanwhile


def _holds(chunks: Iterable[bytes], wanted: list[bytes]) -> bool:
    """Whether any of the byte sequences stands in a stream, over its seams too."""
    overlap = max(map(len, wanted)) - 1
    tail = b""
    for chunk in chunks:
        window = tail + chunk.lower()
        if any(form in window for form in wanted):
            return True
        tail = window[-overlap:]
    return False


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """What a zlib stream holds, a piece at a time; as far as it can be read."""
    unpacker = zlib.decompressobj()
    try:
        for chunk in _chunks(file):
            packed = chunk
            while packed:
                yield unpacker.decompress(packed, _CHUNK_BYTES)
                packed = unpacker.unconsumed_tail
    except zlib.error:
        return
