"""Erasure fences: who may not come back, written before anything is destroyed.

A file of its own, with its own backup: a vault restored from before an erasure is
erased again from here when it is opened. It holds keyed digests of identifiers under
peppers of its own, one a year, which are personal data until they expire, or until a
refused request lifts them.
"""

import hmac
import os
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, cast

from ledger.disk.private_file import PrivateFile, older_form
from ledger.events.erasure_request import Ground
from ledger.ports import Fence
from ledger.vault import peppers
from ledger.vault.identifiers import NORMALISATION
from ledger.vault.rows import Subject

APPLICATION_ID: Final = 0x746C6466
"""`tldf` in the file header."""

RETENTION_MS: Final = 3650 * 24 * 3600 * 1000
"""How long a fence holds: ten years of 365 days.

Our choice: as long as a provider keeps its documentation (Regulation (EU) 2024/1689,
Article 18(1)), so that no erased person slips back into a model that it describes.
"""

_SCHEMA: Final = (
    (
        "CREATE TABLE fence (erasure_id TEXT NOT NULL, "
        "subject_id TEXT NOT NULL UNIQUE, alias TEXT NOT NULL, "
        "tag BLOB NOT NULL UNIQUE, key BLOB NOT NULL, ground TEXT NOT NULL, "
        "created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, "
        "decided INTEGER NOT NULL, year INTEGER, normalisation INTEGER, "
        "PRIMARY KEY (erasure_id, subject_id)) STRICT"
    ),
    peppers.SCHEMA,
)
_COLUMNS: Final = (
    "SELECT erasure_id, subject_id, tag, key, ground, created_at_ms, decided FROM fence"
)
_Row = tuple[str, str, bytes, bytes, str, int, int]


class Fences(PrivateFile):
    """The fences of one workspace."""

    def __init__(
        self,
        path: Path,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        is_writable: bool = True,
    ) -> None:
        """Open or create the file, and carry over one with a single pepper.

        Raises:
            NotALedgerError: as `PrivateFile`; or it is only to be looked at, and has
                not been carried over yet.
        """
        super().__init__(path, _SCHEMA, APPLICATION_ID, is_writable=is_writable)
        self._random_bytes = random_bytes
        self._peppers = peppers.Peppers(self.connection, random_bytes)
        if is_writable:
            with self.transaction():
                if not peppers.is_carried_over(self.connection):
                    peppers.carry_over(self.connection)
        elif not peppers.is_carried_over(self.connection):
            self.close()
            raise older_form(path)

    def add(
        self,
        *subjects: Subject,
        ground: str,
        now_ms: int,
        written_ms: int = 0,
        is_decided: bool = True,
    ) -> Fence:
        """Fence one subject, or several of one erasure.

        Where the first one is fenced already, its fence is returned as it stands.

        Args:
            subjects: whom; none of several may be fenced already.
            ground: why, as in `ErasureRequested`.
            now_ms: when the request was received, Unix milliseconds.
            written_ms: the time now, from which on the fence holds its full time; a day
                of reception that somebody mistyped must not end it early.
            is_decided: whether it was decided to erase.
        """
        since_ms = max(now_ms, written_ms)
        with self.transaction():
            standing = self.of_subject(subjects[0].subject_id)
            if standing is not None:
                return standing
            erasure_id, key = self._random_bytes(16).hex(), self._random_bytes(32)
            year = peppers.year_of(since_ms)
            self.connection.executemany(
                "INSERT INTO fence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        erasure_id,
                        subject.subject_id,
                        subject.alias,
                        self._peppers.digest(subject.name, year),
                        key,
                        ground,
                        now_ms,
                        since_ms + RETENTION_MS,
                        is_decided,
                        year,
                        NORMALISATION,
                    )
                    for subject in subjects
                ],
            )
            fence = self.of_subject(subjects[0].subject_id)
        if fence is None:
            message = "a fence was written and cannot be read back"
            raise RuntimeError(message)
        return fence

    def decide(self, erasure_id: str) -> None:
        """Note that it was decided to erase."""
        with self.transaction():
            self.connection.execute(
                "UPDATE fence SET decided = 1 WHERE erasure_id = ?", (erasure_id,)
            )

    def lift(self, erasure_id: str) -> None:
        """Forget whom a fence was for, so that they may come back; its rows stay."""
        with self.transaction():
            rows = self.connection.execute(
                "SELECT subject_id FROM fence WHERE erasure_id = ? AND alias <> ''",
                (erasure_id,),
            ).fetchall()
            for (subject_id,) in rows:
                self._forget(subject_id)
                self.connection.execute(
                    "UPDATE fence SET subject_id = ?, alias = '' WHERE subject_id = ?",
                    (self._random_bytes(16).hex(), subject_id),
                )
            self._peppers.destroy_unused()

    def readmit(self, identifier: str) -> None:
        """Forget the digests of one person, who may come back; the row stays.

        A vault from before the erasure is still erased again.
        """
        with self.transaction():
            for digest in self._peppers.digests(identifier):
                found = self.connection.execute(
                    "SELECT subject_id FROM fence WHERE tag = ?", (digest,)
                ).fetchone()
                if found is not None:
                    self._forget(*found)
            self._peppers.destroy_unused()

    def expire(self, now_ms: int) -> None:
        """Forget whom the fences that are due were for.

        Digest and key are overwritten, so the person may come back; the row stays, so
        that the ledger's erasures still have their fences, and a vault from before
        them is erased again. With a year's last fence its pepper is overwritten too.
        """
        with self.transaction():
            due = self.connection.execute(
                "SELECT subject_id FROM fence "
                "WHERE expires_at_ms <= ? AND year IS NOT NULL",
                (now_ms,),
            ).fetchall()
            for (subject_id,) in due:
                self._forget(subject_id)
            if due:
                self._peppers.destroy_unused()

    def _forget(self, subject_id: str) -> None:
        """Overwrite the digest and the key of one row."""
        self.connection.execute(
            "UPDATE fence SET tag = ?, key = ?, year = NULL, normalisation = NULL "
            "WHERE subject_id = ?",
            (self._random_bytes(32), self._random_bytes(32), subject_id),
        )

    def is_fenced(self, identifier: str) -> bool:
        """Whether the person of `identifier` may not be ingested."""
        return self.of_identifier(identifier) is not None

    def of_identifier(self, identifier: str) -> Fence | None:
        """The fence around the person of `identifier`, or None."""
        digests = self._peppers.digests(identifier)
        return self._one(f"tag IN ({', '.join('?' * len(digests))})", *digests)

    def of_alias(self, alias: str) -> Fence | None:
        """The newest fence of a local alias, for when its subject is gone."""
        return self._one("alias = ? ORDER BY created_at_ms DESC", alias)

    def of_subject(self, subject_id: str) -> Fence | None:
        """The fence around a subject, or None."""
        return self._one("subject_id = ?", subject_id)

    def of_erasure(self, erasure_id: str) -> Fence | None:
        """The fence of an erasure, or None."""
        return self._one("erasure_id = ?", erasure_id)

    def all(self) -> list[Fence]:
        """Every fence, oldest first."""
        query = f"{_COLUMNS} ORDER BY created_at_ms, erasure_id, subject_id"
        rows = self.connection.execute(query).fetchall()
        return [
            _fence(list(members))
            for _, members in groupby(rows, key=lambda row: row[0])
        ]

    def _one(self, condition: str, *values: object) -> Fence | None:
        """The whole fence that the first row belongs to."""
        query = f"SELECT erasure_id FROM fence WHERE {condition}"
        found = self.connection.execute(query, values).fetchone()
        if found is None:
            return None
        query = f"{_COLUMNS} WHERE erasure_id = ? ORDER BY subject_id"
        return _fence(self.connection.execute(query, found).fetchall())


def _fence(rows: Sequence[_Row]) -> Fence:
    """The fence of an erasure's rows, which are sorted by subject."""
    erasure_id, _, _, key, ground, created_at_ms, decided = rows[0]
    tags = b"".join(sorted(row[2] for row in rows))
    return Fence(
        erasure_id=erasure_id,
        subject_ids=tuple(row[1] for row in rows),
        ground=cast("Ground", ground),
        created_at_ms=created_at_ms,
        commitment=hmac.digest(key, tags, "sha256").hex(),
        is_decided=bool(decided),
    )
