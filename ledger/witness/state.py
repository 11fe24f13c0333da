"""What a witness remembers: one folder of plain files.

    witness.pem     its private key, mode 0600
    witness.vkey    its public key, for logs and auditors
    lock            held from reading a checkpoint to having written the next
    logs/HASH       the log's origin, then the vkeys trusted for it, one a line
    heads/HASH      the last cosigned checkpoint with the log's and our lines
    refused/HASH    requests that contradict it: evidence against the log

HASH is the hex SHA-256 of the origin, or of the refused checkpoint's text. A head is
replaced by a rename after its bytes are on the disk, so a kill leaves the old or the
new one. Whoever puts an older copy of this folder back makes the witness forget: then
make a new key.
"""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.disk.files import (
    disk_errors,
    open_regular,
    remove_temporaries,
    write_atomic,
)
from ledger.disk.locks import file_lock
from ledger.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    KeyTrustError,
    NotALedgerError,
)
from ledger.format.cosignature import (
    check_cosigner_name,
    check_signature_line,
    cosigner_of,
    parse_cosigner,
)
from ledger.format.note import VerifierKey, parse_vkey
from ledger.keys.files import SigningKey, load_key, save_key
from ledger.witness.head import parse_head
from ledger.witness.judge import Last

LOG_KEYS_MAX: Final = 64
"""Most keys of one log: it has one at a time, and rotations are rare."""

REFUSED_MAX: Final = 1000
"""Most refused requests that are kept; the first ones say enough."""

_FILE_BYTES_MAX: Final = 128 * 1024
_KEY: Final = "witness"
_FOLDERS: Final = ("logs", "heads", "refused")


def hash_of(origin: str) -> str:
    """The hex SHA-256 of an origin: its name in paths and URLs."""
    return hashlib.sha256(origin.encode()).hexdigest()


class WitnessState:
    """The folder of a witness, open."""

    def __init__(self, folder: Path, *, passphrase: bytes | None = None) -> None:
        """Open an existing folder; a missing one is never created.

        Raises:
            KeyTrustError: the key file is missing, open to others or another key's.
            NotALedgerError: the folder is no witness's, or a part of it is missing.
        """
        self._folder = folder
        self._thread = threading.Lock()
        if not all((folder / name).is_dir() for name in _FOLDERS):
            message = f"{folder} is no witness's folder"
            raise NotALedgerError(message)
        self.key = parse_cosigner(self._read(folder / f"{_KEY}.vkey").strip())
        self.signer = load_key(folder, _KEY, self.key.name, passphrase)
        if cosigner_of(self.signer) != self.key:
            message = f"{folder}: {_KEY}.vkey is not the key in {_KEY}.pem"
            raise KeyTrustError(message)
        with self.locked():
            for name in _FOLDERS:
                remove_temporaries(folder / name)

    @classmethod
    def create(
        cls, folder: Path, name: str, seed: bytes, *, passphrase: bytes | None = None
    ) -> "WitnessState":
        """Make a witness with a new key and no logs.

        Args:
            folder: must be missing or empty.
            name: the key's name, a schema-less URL such as `example.com/witness`.
            seed: 32 random bytes (RFC 8032, section 5.1.5).
            passphrase: encrypts the key file.

        Raises:
            ConflictError: the folder holds something.
            KeyTrustError: the name cannot be a key's.
            StorageError: the disk refused the write.
        """
        check_cosigner_name(name)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            message = f"{folder} exists and is not empty"
            raise ConflictError(message)
        key = SigningKey.from_seed(name, seed)
        with disk_errors(str(folder)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in _FOLDERS:
                (folder / part).mkdir(mode=0o700)
        save_key(folder, _KEY, key, passphrase)
        write_atomic(folder / f"{_KEY}.vkey", f"{cosigner_of(key)}\n".encode())
        return cls(folder, passphrase=passphrase)

    def add_log(self, origin: str, key: VerifierKey) -> None:
        """Trust `key` for the log `origin`, beside those trusted already.

        Raises:
            InputError: the origin is no line of text, or the log has too many keys.
            KeyTrustError: it is this witness's own key, which would then sign twice.
        """
        if not origin or "\n" in origin or len(origin.encode()) > 1024:
            message = "origin: expected one line of 1 to 1024 bytes"
            raise InputError(message)
        if key.public_key == self.key.public_key:
            message = "a witness's own key cannot be a log's"
            raise KeyTrustError(message)
        with self.locked():
            keys = self.log_keys(origin)
            if key in keys:
                return
            if len(keys) == LOG_KEYS_MAX:
                message = f"log {origin}: expected at most {LOG_KEYS_MAX} keys"
                raise InputError(message)
            lines = [origin, *map(str, keys), str(key), ""]
            write_atomic(self._log(origin), "\n".join(lines).encode())

    def log_keys(self, origin: str) -> list[VerifierKey]:
        """The keys trusted for a log, none for an unknown one."""
        path = self._log(origin)
        if not path.exists():
            return []
        first, *keys = self._read(path).removesuffix("\n").split("\n")
        if first != origin:
            message = f"{path} is not the log {origin[:128]!r}"
            raise IntegrityError(message)
        return [parse_vkey(line) for line in keys]

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes the folder meanwhile: no thread and no process.

        Raises:
            LockedError: another process kept the lock for 10 s.
        """
        with self._thread, file_lock(self._folder / "lock", what="the witness"):
            yield

    def last(self, origin: str) -> Last | None:
        """The last cosigned checkpoint of a log.

        Raises:
            IntegrityError: the stored one is damaged, so nothing can be cosigned.
            KeyTrustError: our line on it does not verify.
        """
        content = self.head(hash_of(origin))
        if content is None:
            return None
        head, note = parse_head(content)
        times = [
            check_signature_line(line, note.text, self.key)
            for line in note.signatures
            if (line.name, line.key_id) == (self.key.name, self.key.key_id)
        ]
        if head.origin != origin or len(times) != 1:
            message = f"the stored checkpoint of {origin[:128]!r} is not cosigned by us"
            raise IntegrityError(message)
        return Last(size=head.size, root=head.root, at_s=times[0])

    def head(self, origin_hash: str) -> bytes | None:
        """The last cosigned checkpoint by its log's hex SHA-256, None without one."""
        path = self._folder / "heads" / origin_hash
        return self._read(path).encode() if path.exists() else None

    def save_head(self, origin: str, note: bytes) -> None:
        """Replace the last cosigned checkpoint; on the disk when this returns."""
        write_atomic(self._folder / "heads" / hash_of(origin), note)

    def keep_refused(self, text: bytes, body: bytes) -> None:
        """Keep a request in which a log contradicts itself, one for each checkpoint.

        Anybody can send a log's checkpoint again with another proof, so the number of
        requests would leave no room for what only the log can sign.

        Args:
            text: the checkpoint's note text.
            body: the request.
        """
        path = self._folder / "refused" / hashlib.sha256(text).hexdigest()
        if len(list(path.parent.iterdir())) < REFUSED_MAX and not path.exists():
            write_atomic(path, body)

    def _log(self, origin: str) -> Path:
        return self._folder / "logs" / hash_of(origin)

    @staticmethod
    def _read(path: Path) -> str:
        """A small text file of the folder.

        Raises:
            NotALedgerError: it cannot be read.
        """
        try:
            with open_regular(path) as file:
                return file.read(_FILE_BYTES_MAX).decode()
        except (OSError, UnicodeDecodeError):
            message = f"{path} cannot be read"
            raise NotALedgerError(message) from None
