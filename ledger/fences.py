"""Erasure fences: who may not come back, written before anything is destroyed.

A file of its own, with its own backup: a vault restored from before an erasure is
erased again from here when it is opened. It holds keyed digests of identifiers under
its own pepper, which are personal data until they expire, or until a refused request
lifts them.
"""

import hmac
import os
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, cast

from ledger.events.erasure_request import Ground
from ledger.identifiers import normalise_identifier
from ledger.ports import Fence
from ledger.private_file import PrivateFile
from ledger.vault_rows import Subject

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
        "decided INTEGER NOT NULL, PRIMARY KEY (erasure_id, subject_id)) STRICT"
    ),
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
        """Open or create the file; see `PrivateFile`."""
        super().__init__(path, _SCHEMA, APPLICATION_ID, is_writable=is_writable)
        self._random_bytes = random_bytes
        self._pepper = self.own_secret("pepper", random_bytes)

    def _tag(self, identifier: str) -> bytes:
        """Keyed digest of an identifier in its one spelling."""
        spelled = normalise_identifier(identifier).encode()
        return hmac.digest(self._pepper, spelled, "sha256")

    def add(
        self, *subjects: Subject, ground: str, now_ms: int, is_decided: bool = True
    ) -> Fence:
        """Fence one subject, or several of one erasure.

        Where the first one is fenced already, its fence is returned as it stands.

        Args:
            subjects: whom; none of several may be fenced already.
            ground: why, as in `ErasureRequested`.
            now_ms: when the request was received, Unix milliseconds.
            is_decided: whether it was decided to erase.
        """
        with self.transaction():
            standing = self.of_subject(subjects[0].subject_id)
            if standing is not None:
                return standing
            erasure_id, key = self._random_bytes(16).hex(), self._random_bytes(32)
            self.connection.executemany(
                "INSERT INTO fence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        erasure_id,
                        subject.subject_id,
                        subject.alias,
                        self._tag(subject.name),
                        key,
                        ground,
                        now_ms,
                        now_ms + RETENTION_MS,
                        is_decided,
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
                self.connection.execute(
                    "UPDATE fence SET subject_id = ?, alias = '', tag = ?, key = ? "
                    "WHERE subject_id = ?",
                    (
                        self._random_bytes(16).hex(),
                        self._random_bytes(32),
                        self._random_bytes(32),
                        subject_id,
                    ),
                )

    def expire(self, now_ms: int) -> None:
        """Forget whom the fences that are due were for.

        Digest and key are overwritten, so the person may come back; the row stays, so
        that the ledger's erasures still have their fences.
        """
        with self.transaction():
            due = self.connection.execute(
                "SELECT subject_id FROM fence WHERE expires_at_ms <= ?", (now_ms,)
            ).fetchall()
            for (subject_id,) in due:
                self.connection.execute(
                    "UPDATE fence SET tag = ?, key = ? WHERE subject_id = ?",
                    (self._random_bytes(32), self._random_bytes(32), subject_id),
                )

    def is_fenced(self, identifier: str) -> bool:
        """Whether the person of `identifier` may not be ingested."""
        return self.of_identifier(identifier) is not None

    def of_identifier(self, identifier: str) -> Fence | None:
        """The fence around the person of `identifier`, or None."""
        return self._one("tag = ?", self._tag(identifier))

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

    def _one(self, condition: str, value: object) -> Fence | None:
        """The whole fence that the first row belongs to."""
        query = f"SELECT erasure_id FROM fence WHERE {condition}"
        found = self.connection.execute(query, (value,)).fetchone()
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
