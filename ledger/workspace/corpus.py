"""Files named by what they are: encrypted records, and evidence by digest."""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from ledger.disk.files import (
    disk_errors,
    read_regular,
    remove_temporaries,
    sync_folder,
    write_all,
    write_atomic,
)
from ledger.errors import IntegrityError

EVIDENCE_BYTES_MAX: Final = 16 * 1024 * 1024
_PACKED_BYTES_MAX: Final = EVIDENCE_BYTES_MAX + 64 * 1024
"""zlib adds at most 5 bytes for each 16 KiB that it cannot pack, and 6 to all."""

_SEALED_BYTES_MAX: Final = 64 * 1024 * 1024
"""Far above the longest record that ingest takes; a guard against another's file."""
"""Most bytes that one kept file unpacks to."""

_SUFFIX: Final = ".bin"
_PART: Final = 1000
"""Names that a sweep holds in memory at once."""


class Corpus:
    """The folder of encrypted records, one file each."""

    def __init__(self, folder: Path) -> None:
        """Files are in `folder`."""
        self._folder = folder

    def put(self, sealed: Mapping[str, bytes]) -> None:
        """Keep the encrypted bytes of records, by record id; all durable on return.

        Raises:
            StorageError: the disk refused a write.
        """
        files = [(self._path(one).name, content) for one, content in sealed.items()]
        write_all(self._folder, files, what="corpus")

    def get(self, record_id: str) -> bytes:
        """A record's encrypted bytes.

        Raises:
            IntegrityError: the file is missing, or no file of a record.
        """
        try:
            return read_regular(self._path(record_id), _SEALED_BYTES_MAX)
        except OSError:
            message = f"record {record_id}: its file is missing from corpus/ or damaged"
            raise IntegrityError(message) from None

    def delete(self, record_ids: list[str]) -> int:
        """Delete records' files; those already gone are no error.

        Returns:
            How many files went.

        Raises:
            StorageError: the disk refused.
        """
        gone = 0
        with disk_errors("corpus"):
            for record_id in record_ids:
                path = self._path(record_id)
                if path.exists():
                    path.unlink()
                    gone += 1
            if record_ids:
                sync_folder(self._folder)
        return gone

    def has(self, record_id: str) -> bool:
        """Whether the record's file is there."""
        return self._path(record_id).exists()

    def sweep(self, known: Callable[[Sequence[str]], set[str]]) -> int:
        """Delete files of records that nobody knows, and what a kill left half done.

        Args:
            known: asked for a thousand names at a time; those that are record ids.

        Returns:
            How many record files went.
        """
        remove_temporaries(self._folder)
        gone = 0
        for names in self.names():
            kept = known(names)
            gone += self.delete([name for name in names if name not in kept])
        return gone

    def names(self) -> Iterator[list[str]]:
        """Names of record files, some at a time."""
        with os.scandir(self._folder) as entries:
            names = (one.name for one in entries if one.name.endswith(_SUFFIX))
            while part := [name.removesuffix(_SUFFIX) for name in islice(names, _PART)]:
                yield part

    def _path(self, record_id: str) -> Path:
        """The file of a record; an id is 32 hex digits, so never a path."""
        if len(record_id) != 32 or not record_id.isalnum():
            message = f"record id: expected 32 hex digits, found {len(record_id)}"
            raise IntegrityError(message)
        return self._folder / f"{record_id}{_SUFFIX}"


class EvidenceFolder:
    """Exact bytes that verdicts were read from, compressed, once by digest."""

    def __init__(self, folder: Path) -> None:
        """Files are in `folder`."""
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content`, once, and return its SHA-256 in hex.

        Raises:
            StorageError: the disk refused the write.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self._folder / f"{digest}.zz"
        if not path.exists():
            write_atomic(path, zlib.compress(content, 9))
        return digest

    def delete(self, digest: str) -> None:
        """Delete the file of a digest; not an error if there is none.

        Raises:
            StorageError: the disk refused.
        """
        with disk_errors("evidence"):
            (self._folder / f"{digest}.zz").unlink(missing_ok=True)
            sync_folder(self._folder)

    def get(self, digest: str) -> bytes:
        """The bytes of a digest.

        Raises:
            IntegrityError: missing, too large, or not what the digest says.
        """
        path = self._folder / f"{digest}.zz"
        unpacker = zlib.decompressobj()
        try:
            packed = read_regular(path, _PACKED_BYTES_MAX)
            content = unpacker.decompress(packed, EVIDENCE_BYTES_MAX)
        except (OSError, zlib.error):
            message = f"evidence {digest[:16]} is missing or damaged"
            raise IntegrityError(message) from None
        if unpacker.unconsumed_tail or hashlib.sha256(content).hexdigest() != digest:
            message = f"evidence {digest[:16]} is not what its digest says"
            raise IntegrityError(message)
        return content
