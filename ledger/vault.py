"""The vault: subject keys, names and exact sizes; erasable, never shared.

What the ledger holds means nothing without it. Deleting a subject's key here is what
erases: every record key is derived from the keys of all its subjects.
"""

import hmac
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ledger.errors import InputError
from ledger.identifiers import normalise_identifier
from ledger.private_file import PrivateFile
from ledger.vault_rows import APPLICATION_ID, SCHEMA, UNPLACED, Record, Subject


class Vault(PrivateFile):
    """The vault of one workspace."""

    def __init__(
        self,
        path: Path,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        is_writable: bool = True,
    ) -> None:
        """Open or create the file; see `PrivateFile`."""
        super().__init__(path, SCHEMA, APPLICATION_ID, is_writable=is_writable)
        self.random_bytes = random_bytes
        self._pepper = self.own_secret("pepper", random_bytes)

    def tag(self, kind: str, value: str) -> bytes:
        """Keyed digest to look a value up by."""
        return hmac.digest(self._pepper, f"{kind}\n{value}".encode(), "sha256")

    def secret(self, name: str) -> bytes:
        """A secret of this workspace for one purpose, derived from the pepper."""
        return hmac.digest(self._pepper, f"secret\n{name}".encode(), "sha256")

    # Subjects

    def subject(self, identifier: str) -> Subject:
        """The subject of an identifier, with a new key on first sight."""
        name = normalise_identifier(identifier)
        with self.transaction():
            found = self.find_identifier(name)
            if found is not None:
                return found
            self.connection.execute(
                "INSERT INTO subject (subject_id, tag, name, key) VALUES (?, ?, ?, ?)",
                (
                    self.random_bytes(16).hex(),
                    self.tag("subject", name),
                    name,
                    self.random_bytes(32),
                ),
            )
            found = self.find_identifier(name)
        if found is None:
            message = "a subject was written and cannot be read back"
            raise RuntimeError(message)
        return found

    def find_identifier(self, identifier: str) -> Subject | None:
        """The subject of an identifier, or None."""
        tag = self.tag("subject", normalise_identifier(identifier))
        return self._subject("tag = ?", tag)

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

    def destroy_subject(self, subject_id: str) -> int:
        """Delete a subject, its key, its records and what they were scanned as.

        Records of several subjects go too: one key less and nothing opens them.
        Deleting again deletes nothing.

        Returns:
            How many records went.
        """
        with self.transaction():
            records = [
                row[0]
                for row in self.connection.execute(
                    "SELECT record_id FROM record_subject WHERE subject_id = ?",
                    (subject_id,),
                )
            ]
            self.delete_records(records)
        return len(records)

    def delete_records(self, record_ids: Iterable[str]) -> None:
        """Delete records with their keys, the URLs of their scans, and lone subjects.

        Whoever has no record left goes too: nothing is left to know them for.
        """
        with self.transaction():
            for record_id in record_ids:
                self._delete_scans_of(record_id)
                for table in ("scan_of_record", "record"):
                    self.connection.execute(
                        f"DELETE FROM {table} WHERE record_id = ?",
                        (record_id,),
                    )
            self.connection.execute(
                "DELETE FROM subject WHERE NOT EXISTS (SELECT 1 FROM record_subject r "
                "WHERE r.subject_id = subject.subject_id)"
            )

    def _delete_scans_of(self, record_id: str) -> None:
        """Delete the URL that a record was copied from, and notes on its scans.

        Later scans of that URL go too, unless another record is kept from it.
        """
        rows = self.connection.execute(
            "SELECT u.scan_id, u.tag FROM url u JOIN scan_of_record USING (scan_id) "
            "WHERE record_id = ?",
            (record_id,),
        ).fetchall()
        for scan_id, tag in rows:
            others = (
                "SELECT 1 FROM url u JOIN scan_of_record r USING (scan_id) "
                "WHERE u.tag = ? AND r.record_id <> ? AND u.scan_id <> ?"
            )
            kept = self.connection.execute(others, (tag, record_id, scan_id))
            doomed = ("scan_id = ?", scan_id) if kept.fetchone() else ("tag = ?", tag)
            condition, value = doomed
            self.connection.execute(
                "DELETE FROM review_note WHERE scan_id IN "
                f"(SELECT scan_id FROM url WHERE {condition})",
                (value,),
            )
            self.connection.execute(f"DELETE FROM url WHERE {condition}", (value,))

    # Records

    def knows(self, external_id: str) -> bool:
        """Whether a record of that id is kept already."""
        query = "SELECT 1 FROM record WHERE id_tag = ?"
        tag = self.tag("record", external_id)
        return self.connection.execute(query, (tag,)).fetchone() is not None

    def add_record(
        self,
        record_id: str,
        *,
        external_id: str,
        subjects: Sequence[Subject],
        text: str,
    ) -> Record:
        """Add a pending record; it counts once the ledger has decided on it.

        Raises:
            InputError: a record of that id is kept already.
        """
        with self.transaction():
            if self.knows(external_id):
                message = "a record of this id is kept already"
                raise InputError(message)
            self.connection.execute(
                "INSERT INTO record VALUES (?, ?, ?, ?, ?, '', 1, '', ?, ?, 0)",
                (
                    record_id,
                    self.tag("record", external_id),
                    self.random_bytes(32),
                    self.tag("text", text),
                    len(text.encode()),
                    UNPLACED,
                    UNPLACED,
                ),
            )
            self.connection.executemany(
                "INSERT INTO record_subject VALUES (?, ?)",
                {(record_id, subject.subject_id) for subject in subjects},
            )
            return self.records("record_id = ?", record_id)[0]

    def settle(self, record_id: str, *, hazard: str, scan_id: str) -> None:
        """Note what the ledger decided on a kept record."""
        with self.transaction():
            self.connection.execute(
                "UPDATE record SET pending = 0, hazard = ? WHERE record_id = ?",
                (hazard, record_id),
            )
            if scan_id:
                self.connection.execute(
                    "INSERT OR IGNORE INTO scan_of_record VALUES (?, ?)",
                    (record_id, scan_id),
                )

    def place(self, record_id: str, *, map_id: str, shard: int, slice_: int) -> None:
        """Note where the ledger assigned a record."""
        with self.transaction():
            self.connection.execute(
                "UPDATE record SET map_id = ?, shard = ?, slice = ?, pending = 0 "
                "WHERE record_id = ?",
                (map_id, shard, slice_, record_id),
            )

    def followed(self) -> int:
        """How many entries of the ledger this vault has taken note of."""
        return int(self.meta("followed") or b"0")

    def set_followed(self, size: int) -> None:
        """Note that the first `size` entries were taken note of."""
        self.set_meta("followed", b"%d" % size)

    def record_ids(self) -> set[str]:
        """Ids of every record, pending ones included."""
        return {
            row[0] for row in self.connection.execute("SELECT record_id FROM record")
        }

    def pending(self) -> list[str]:
        """Records that the ledger has not decided on."""
        query = "SELECT record_id FROM record WHERE pending = 1"
        return [row[0] for row in self.connection.execute(query)]

    def records(self, condition: str = "pending = 0", *values: object) -> list[Record]:
        """Records in ascending order of record id.

        `condition` is SQL of this package, never of a user.
        """
        keys: dict[str, list[tuple[str, bytes]]] = {}
        found = self.connection.execute(
            "SELECT record_id, key, digest, bytes, hazard, shard, slice, quarantined "
            f"FROM record WHERE {condition} ORDER BY record_id",
            values,
        ).fetchall()
        joined = self.connection.execute(
            "SELECT r.record_id, s.subject_id, s.key FROM record_subject r "
            "JOIN subject s USING (subject_id) WHERE r.record_id IN "
            f"(SELECT record_id FROM record WHERE {condition}) "
            "ORDER BY r.record_id, s.subject_id",
            values,
        )
        for record_id, subject_id, key in joined:
            keys.setdefault(record_id, []).append((subject_id, key))
        return [
            Record(
                record_id=row[0],
                keys=tuple(key for _, key in keys.get(row[0], [])) or (row[1],),
                digest=row[2],
                bytes=row[3],
                hazard=row[4],
                subjects=tuple(name for name, _ in keys.get(row[0], [])),
                shard=row[5],
                slice=row[6],
                quarantined=bool(row[7]),
            )
            for row in found
        ]

    def members(self) -> list[Record]:
        """The decided records that weights saw or may see: placed, or to be placed."""
        return self.records(f"pending = 0 AND (quarantined = 0 OR shard <> {UNPLACED})")

    def records_of(self, subject_id: str) -> list[Record]:
        """The decided records of a subject."""
        return self.records(
            "pending = 0 AND record_id IN "
            "(SELECT record_id FROM record_subject WHERE subject_id = ?)",
            subject_id,
        )
