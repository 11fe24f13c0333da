"""The digest of saved weights: of one file, or of the list of a folder's files.

The list has a line `SHA-256  PATH` for each safetensors file, in order of the path's
bytes, as `sha256sum` writes and checks it. Its own SHA-256 stands for the folder.
"""

import hashlib
import re
from pathlib import Path
from typing import Final

from ledger.errors import InputError

FILES_MAX: Final = 4096
"""Most files of one folder."""

_SUFFIX: Final = ".safetensors"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def weights_sha256(weights: Path | str) -> str:
    """The digest of weights.

    Args:
        weights: a file, a folder, or the digest itself in lowercase hex.

    Raises:
        InputError: there is no such file, or the folder holds no safetensors file.
        OSError: it cannot be read.
    """
    if isinstance(weights, str) and _DIGEST.fullmatch(weights):
        return weights
    path = Path(weights)
    if path.is_dir():
        return hashlib.sha256(weights_manifest(path)).hexdigest()
    if not path.is_file():
        message = f"weights: expected a file, a folder or a SHA-256, found {path.name}"
        raise InputError(message)
    return _file_sha256(path)


def lie_at(path: Path | str, sha256: str) -> bool:
    """Whether a file or folder holds weights of that digest, or cannot be read."""
    try:
        return weights_sha256(Path(path)) == sha256
    except (InputError, ValueError):
        return False  # there is no such thing, or other files by now
    except OSError:
        return True


def weights_manifest(folder: Path) -> bytes:
    """The list of a folder's safetensors files; links are left out.

    Raises:
        InputError: there are none, or more than `FILES_MAX`, or a path with a line
            break.
        OSError: one cannot be read.
    """
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob(f"*{_SUFFIX}")
        if path.is_file() and not path.is_symlink()
    }
    if not 1 <= len(files) <= FILES_MAX:
        message = (
            f"weights {folder.name}: expected 1 .. {FILES_MAX} {_SUFFIX} files, "
            f"found {len(files)}"
        )
        raise InputError(message)
    if any("\n" in name or "\\" in name for name in files):
        message = f"weights {folder.name}: expected paths without line breaks"
        raise InputError(message)
    ordered = sorted(files, key=lambda name: name.encode())
    return b"".join(
        f"{_file_sha256(files[name])}  {name}\n".encode() for name in ordered
    )


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
