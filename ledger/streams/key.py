"""Which key a producer signs with, with and without the ledger."""

import contextlib
from pathlib import Path

from ledger.errors import KeyTrustError
from ledger.events import decode_event, families_of
from ledger.format import sealing
from ledger.format.note import parse_note
from ledger.format.signers import Signer
from ledger.keys.files import file_stem, load_key
from ledger.log.ledger import Ledger
from ledger.spool.read import Spooled
from ledger.spool.spool import Spool


class StreamKey:
    """The key of one stream."""

    def __init__(
        self,
        spool: Spool,
        keys_folder: Path,
        *,
        given: Signer | None,
        passphrase: bytes | None,
    ) -> None:
        """Nothing is read yet.

        Args:
            spool: the stream's spool.
            keys_folder: where key files are.
            given: the key that the caller holds; a key file's by default.
            passphrase: opens the key file.
        """
        self._spool = spool
        self._keys_folder = keys_folder
        self._signer = given
        self._given = given
        self._passphrase = passphrase

    def find(self, families: set[str], ledger: Ledger | None) -> Signer:
        """The key that signs these families in the stream.

        Without the ledger nobody can say what a key may sign, and the key file of the
        one that signed the newest submission is used.

        Raises:
            InputError: the stream cannot carry these families, or was abandoned.
            KeyTrustError: there is no such key, or it may not sign this.
        """
        if ledger is not None:
            return ledger.stream_signer(self._spool.stream, families, self._given)
        if self._signer is None:
            self._signer = self._newest()
        return self._signer

    def sign_again(self, ledger: Ledger | None) -> None:
        """Sign what is spooled with the key of now; its text stays (docs/spec.md, 5).

        Raises:
            InputError: the stream cannot carry it, or was abandoned.
            IntegrityError: a file is malformed.
            KeyTrustError: no key may sign it now.
            StorageError: the disk refused the write.
        """
        for counter in self._spool.waiting():
            # Another process may append and delete it meanwhile.
            with contextlib.suppress(FileNotFoundError):
                spooled = self._spool.read(counter)
                events = [decode_event(line) for line in spooled.event_lines]
                signer = self.find(families_of(events), ledger)
                note = sealing.sign(spooled.text, [signer])
                if note != spooled.note:  # Ed25519 signs the same text the same way
                    self._spool.put(Spooled(spooled.text, note, spooled.event_lines))

    def _newest(self) -> Signer:
        """The key file of the newest submission's signer."""
        newest = self._spool.head()
        if newest is None:
            message = f"stream {self._spool.stream}: no key was given or signed here"
            raise KeyTrustError(message)
        name = parse_note(newest.note).signatures[0].name
        stem = file_stem(newest.text.origin, name)
        return load_key(self._keys_folder, stem, name, self._passphrase)
