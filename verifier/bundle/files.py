"""The files of a bundle: exactly four, none of them a link, each within its limit."""

import errno
import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from verifier.bundle.findings import BundleCode, BundleFinding, BundleViolation
from verifier.findings import shown

CHECKPOINT = "checkpoint"
RECEIPTS = "receipts.json"
SUMS = "SHA256SUMS"
STATEMENT = "statement.dsse.json"

LIMITS = {
    CHECKPOINT: 1_024,
    RECEIPTS: 33_554_432,
    SUMS: 1_024,
    STATEMENT: 1_048_576,
}
"""Most bytes of each file (BUN-2)."""

_SUMMED = (CHECKPOINT, RECEIPTS)
_CHUNK_BYTES = 1 << 20


class UnreadableError(Exception):
    """The folder cannot be judged: it is no bundle, or reading it failed."""


def read_files(folder: Path) -> tuple[dict[str, bytes], list[BundleFinding]]:
    """Return the bundle's files by name, and what is wrong with the set of them.

    Raises:
        UnreadableError: no folder, none of the four files, or the disk failed.
    """
    try:
        with os.scandir(folder) as listing:
            names = {item.name for item in listing}
    except OSError as error:
        raise UnreadableError(_reason(error)) from None
    if not names & LIMITS.keys():
        raise UnreadableError("the folder holds none of the files of a bundle")
    findings = [
        _fault(shown(os.fsencode(name)), "no other file in the folder", "one").finding
        for name in sorted(names - LIMITS.keys())
    ]
    files: dict[str, bytes] = {}
    for name, limit in LIMITS.items():
        if name not in names:
            findings.append(_fault(name, "the file", "none").finding)
            continue
        try:
            files[name] = _read(folder / name, limit)
        except BundleViolation as broken:
            findings.append(broken.finding)
    return files, findings


def check_sums(files: dict[str, bytes]) -> None:
    """Check that SHA256SUMS holds the digest of each other file (BUN-13).

    Raises:
        BundleViolation: a line is missing, too many or wrong.
    """
    expected = b"".join(
        b"%b  %b\n" % (sha256(files[name]).hexdigest().encode(), name.encode())
        for name in _SUMMED
    )
    for wanted, found in _line_pairs(expected, files[SUMS]):
        if wanted != found:
            raise BundleViolation(
                BundleCode.SUMS,
                "BUN-13",
                where=SUMS,
                expected=repr(wanted.decode()),
                found=found,
            )


def hash_model(path: Path) -> str | None:
    """Return the SHA-256 of a file in hex, or None where there is none.

    A link is not followed, and counts as no file.

    Raises:
        UnreadableError: reading failed.
    """
    digest = sha256()
    try:
        with open(_open_plain(path), "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except (FileNotFoundError, NotADirectoryError, _NotPlainError):
        return None
    except OSError as error:
        raise UnreadableError(_reason(error)) from None
    return digest.hexdigest()


class _NotPlainError(Exception):
    """The path is a link, a folder or a device."""


def _read(path: Path, limit: int) -> bytes:
    try:
        with open(_open_plain(path), "rb") as file:
            content = file.read(limit + 1)
    except _NotPlainError as error:
        raise _fault(path.name, "a regular file", error) from None
    except OSError as error:
        raise UnreadableError(_reason(error)) from None
    if len(content) > limit:
        raise _fault(path.name, f"at most {limit} bytes", "more", rule="BUN-2")
    return content


def _open_plain(path: Path) -> int:
    """Open a regular file without following a link or waiting for a pipe.

    Raises:
        OSError: it cannot be opened.
        _NotPlainError: it is something else.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        # A link gives ELOOP; a socket gives ENXIO.
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            raise _NotPlainError("a link or a socket") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _NotPlainError("a folder or a device")
    return descriptor


def _line_pairs(expected: bytes, found: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Pair the lines of two texts; a line without a partner meets an empty one."""
    ours, theirs = expected.split(b"\n"), found.split(b"\n")
    length = max(len(ours), len(theirs))
    ours += [b""] * (length - len(ours))
    theirs += [b"<end of file>"] * (length - len(theirs))
    return zip(ours, theirs, strict=True)


def _fault(
    where: str, expected: str, found: object, *, rule: str = "BUN-1"
) -> BundleViolation:
    return BundleViolation(
        BundleCode.FILES, rule, where=where, expected=expected, found=found
    )


def _reason(error: OSError) -> str:
    return error.strerror or errno.errorcode.get(error.errno or 0, "reading failed")
