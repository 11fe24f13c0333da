"""The people of a vault: identifiers, aliases, and one key for each."""

import hmac
import os
from collections.abc import Callable
from pathlib import Path

from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.file import FileStore
from ledger.vault.epochs import OpenStore
from ledger.vault.identifiers import first_spelling, normalise_identifier
from ledger.vault.keys import VaultKeys
from ledger.vault.rows import Subject


class VaultSubjects(VaultKeys):
    """The file of a vault, as far as its subjects go."""

    def __init__(
        self,
        path: Path,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        is_writable: bool = True,
        open_store: OpenStore | None = None,
        key_store: Kind = "file",
    ) -> None:
        """Open or create the file; see `PrivateFile`.

        Args:
            path: the file.
            random_bytes: where keys come from.
            is_writable: False for a look that changes nothing.
            open_store: opens key stores; None for files in `keys/` beside the vault.
            key_store: the kind of store for epochs that begin from now on.
        """
        super().__init__(
            path,
            open_store=open_store or (lambda _: FileStore(path.parent / "keys")),
            kind=key_store,
            random_bytes=random_bytes,
            is_writable=is_writable,
        )
        self._pepper = self.own_secret("pepper", random_bytes)

    def tag(self, kind: str, value: str) -> bytes:
        """Keyed digest to look a value up by."""
        return hmac.digest(self._pepper, f"{kind}\n{value}".encode(), "sha256")

    def secret(self, name: str) -> bytes:
        """A secret of this workspace for one purpose, derived from the pepper."""
        return hmac.digest(self._pepper, f"secret\n{name}".encode(), "sha256")

    def digest(self, text: str) -> bytes:
        """Keyed digest that records of one text share."""
        return self.tag("text", text)

    def subject(self, identifier: str) -> Subject:
        """The subject of an identifier, with a new key on first sight."""
        name = first_spelling(identifier)
        with self.transaction():
            found = self.find_identifier(name)
            if found is not None:
                return found
            subject_id = self.random_bytes(16).hex()
            self.connection.execute(
                "INSERT INTO subject (subject_id, tag, name, key) VALUES (?, ?, ?, ?)",
                (
                    subject_id,
                    self.tag("subject", normalise_identifier(name)),
                    name,
                    self.new_key("subject", subject_id),
                ),
            )
            found = self.find_identifier(name)
        if found is None:
            message = "a subject was written and cannot be read back"
            raise RuntimeError(message)
        return found

    def find_identifier(self, identifier: str) -> Subject | None:
        """The subject of an identifier, or None."""
        # A vault from before version 2 has people under their first spelling.
        spelled = normalise_identifier(identifier), first_spelling(identifier)
        found = (
            self._subject("tag = ?", self.tag("subject", one))
            for one in dict.fromkeys(spelled)
        )
        return next(filter(None, found), None)

    def has_subject(self, subject_id: str) -> bool:
        """Whether the vault holds the key of a subject."""
        return self._subject("subject_id = ?", subject_id) is not None

    def find_alias(self, alias: str) -> Subject | None:
        """The subject of a local alias `s-N`, or None."""
        prefix, _, number = alias.partition("-")
        if prefix != "s" or not number.isascii() or not number.isdigit():
            return None
        if len(number) > 15:  # past SQLite's integers, and past any workspace
            return None
        return self._subject("number = ?", int(number))

    def subjects(self) -> list[tuple[Subject, int]]:
        """Every subject with its number of records, oldest first."""
        query = (
            "SELECT subject_id, number, name, (SELECT count(*) FROM record_subject r "
            "WHERE r.subject_id = s.subject_id) FROM subject s ORDER BY number"
        )
        return [
            (Subject(subject_id=row[0], alias=f"s-{row[1]}", name=row[2]), row[3])
            for row in self.connection.execute(query)
        ]

    def _subject(self, condition: str, value: object) -> Subject | None:
        query = f"SELECT subject_id, number, name FROM subject WHERE {condition}"
        row = self.connection.execute(query, (value,)).fetchone()
        if row is None:
            return None
        return Subject(subject_id=row[0], alias=f"s-{row[1]}", name=row[2])
