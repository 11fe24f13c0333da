"""The vault: subject keys, names and exact sizes; erasable, never shared.

What the ledger holds means nothing without it. Deleting a subject's key here is what
erases: every record key is derived from the keys of all its subjects.
"""

import json
from collections.abc import Iterable, Sequence

from ledger.errors import InputError
from ledger.vault import place_bytes
from ledger.vault.near_tables import SqliteBands
from ledger.vault.rows import UNPLACED, Record, Subject
from ledger.vault.subjects import VaultSubjects


class Vault(VaultSubjects):
    """The vault of one workspace."""

    @property
    def near(self) -> SqliteBands:
        """Signatures of the kept texts, to find near duplicates."""
        return SqliteBands(self.connection)

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
                self.near.remove(record_id)
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
                    self.new_key("record", record_id),
                    self.digest(text),
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

    def known(self, names: Sequence[str]) -> set[str]:
        """Which of some names are ids of records, pending ones included."""
        query = (
            "SELECT record_id FROM record WHERE record_id IN "
            "(SELECT value FROM json_each(?))"
        )
        return {row[0] for row in self.connection.execute(query, (json.dumps(names),))}

    def has_record(self, record_id: str) -> bool:
        """Whether a record is kept, be it pending."""
        query = "SELECT 1 FROM record WHERE record_id = ?"
        found = self.connection.execute(query, (record_id,)).fetchone()
        return found is not None

    def pending(self) -> list[str]:
        """Records that the ledger has not decided on."""
        query = "SELECT record_id FROM record WHERE pending = 1"
        return [row[0] for row in self.connection.execute(query)]

    def records(self, condition: str = "pending = 0", *values: object) -> list[Record]:
        """Records in ascending order of record id.

        `condition` is SQL of this package, never of a user.
        """
        found = self.connection.execute(
            "SELECT record_id, digest, bytes, hazard, shard, slice, quarantined "
            f"FROM record WHERE {condition} ORDER BY record_id",
            values,
        ).fetchall()
        subjects: dict[str, list[str]] = {}
        joined = self.connection.execute(
            "SELECT record_id, subject_id FROM record_subject WHERE record_id IN "
            f"(SELECT record_id FROM record WHERE {condition}) "
            "ORDER BY record_id, subject_id",
            values,
        )
        for record_id, subject_id in joined:
            subjects.setdefault(record_id, []).append(subject_id)
        return [
            Record(
                record_id=row[0],
                digest=row[1],
                bytes=row[2],
                hazard=row[3],
                subjects=tuple(subjects.get(row[0], [])),
                shard=row[4],
                slice=row[5],
                quarantined=bool(row[6]),
            )
            for row in found
        ]

    def keys_of(self, record_id: str) -> tuple[bytes, ...]:
        """What a record's own keys are derived from, in the order of its subjects' ids.

        Raises:
            InputError: there is no such record.
            KeyTrustError: the key store refuses, or the epoch's key is gone.
        """
        query = (
            "SELECT s.key, s.subject_id FROM record_subject r "
            "JOIN subject s USING (subject_id) WHERE r.record_id = ? "
            "ORDER BY s.subject_id"
        )
        rows = self.connection.execute(query, (record_id,)).fetchall()
        if rows:
            return tuple(self.unwrap("subject", *row) for row in rows)
        query = "SELECT key, record_id FROM record WHERE record_id = ?"
        row = self.connection.execute(query, (record_id,)).fetchone()
        if row is None:
            message = f"record {record_id}: expected it in the vault, found it erased"
            raise InputError(message)
        return (self.unwrap("record", *row),)

    def bytes_by_place(self) -> dict[tuple[int, int], int]:
        """Bytes of the records that runs train on, by shard and slice."""
        return place_bytes.bytes_by_place(self.connection)

    def records_of(self, subject_id: str) -> list[Record]:
        """The decided records of a subject."""
        return self.records(
            "pending = 0 AND record_id IN "
            "(SELECT record_id FROM record_subject WHERE subject_id = ?)",
            subject_id,
        )
