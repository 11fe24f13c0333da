"""Where weights of trainers outside were saved, so that an erasure can name the files.

A path may name a user, so none is in the ledger: they are noted in the workspace, a
file for each digest, and are forgotten when the weights are.
"""

import json
import os
import re
from pathlib import Path
from typing import Final

from ledger.disk.files import disk_errors
from ledger.errors import InputError

_FOLDER: Final = Path("models") / "elsewhere"
_SUFFIXES: Final = (".sealed", ".safetensors")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")
_PLACES_MAX: Final = 64
"""Most places of equal weights that are told."""

_BYTES_MAX: Final = 1024 * 1024


def note_place(workspace: Path, sha256: str, path: Path) -> None:
    """Note that weights lie at a path; the same one again is no harm.

    Args:
        workspace: the folder.
        sha256: digest of the weights.
        path: file or folder; kept absolute.

    Raises:
        StorageError: the disk refused the write.
    """
    note = _note(workspace, sha256)
    line = json.dumps(os.path.abspath(path)) + "\n"  # noqa: PTH100 (links stay as named)
    with disk_errors("place of weights"):
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # One short write: ranks of one training may note at the same time.
        descriptor = os.open(note, flags, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def noted_places(workspace: Path, sha256: str) -> list[str]:
    """Paths outside the workspace at which weights were saved; empty where unknown."""
    try:
        with _note(workspace, sha256).open("rb") as file:
            lines = file.read(_BYTES_MAX).splitlines()
    except FileNotFoundError:
        return []
    found: dict[str, None] = {}
    for line in lines:
        try:
            path = json.loads(line)
        except ValueError:
            continue  # a kill came in the middle of it
        if isinstance(path, str):
            found[path] = None
    return list(found)[:_PLACES_MAX]


def places(workspace: Path, sha256: str) -> list[str]:
    """Every path at which weights lie, or were saved outside, as far as it is known."""
    kept = [Path("models") / f"{sha256}{suffix}" for suffix in _SUFFIXES]
    here = [str(path) for path in kept if (workspace / path).is_file()]
    return [*here, *noted_places(workspace, sha256)]


def forget_places(workspace: Path, sha256: str) -> None:
    """Forget where weights were.

    Raises:
        StorageError: the disk refused.
    """
    with disk_errors("place of weights"):
        _note(workspace, sha256).unlink(missing_ok=True)


def _note(workspace: Path, sha256: str) -> Path:
    # A name from an event must not lead out of the folder.
    if not _DIGEST.match(sha256):
        message = "weights digest: expected 64 lowercase hex digits"
        raise InputError(message)
    return workspace / _FOLDER / sha256
