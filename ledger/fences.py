"""Erasure fences: who may not come back, written before anything is destroyed.

A file of its own, with its own backup: a vault restored from before an erasure is
erased again from here when it is opened. It holds keyed digests of identifiers under
its own pepper, which are personal data until they expire.
"""

import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from ledger.events.erasure import Ground
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
        "CREATE TABLE fence (erasure_id TEXT PRIMARY KEY, "
        "subject_id TEXT NOT NULL UNIQUE, alias TEXT NOT NULL, "
        "tag BLOB NOT NULL UNIQUE, key BLOB NOT NULL, ground TEXT NOT NULL, "
        "created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL) STRICT"
    ),
)


class Fences(PrivateFile):
    """The fences of one workspace."""

    def __init__(
        self, path: Path, *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Open or create the file."""
        super().__init__(path, _SCHEMA, APPLICATION_ID)
        self._random_bytes = random_bytes
        self._pepper = self.own_secret("pepper", random_bytes)

    def _tag(self, identifier: str) -> bytes:
        """Keyed digest of an identifier in its one spelling."""
        spelled = normalise_identifier(identifier).encode()
        return hmac.digest(self._pepper, spelled, "sha256")

    def add(self, subject: Subject, *, ground: str, now_ms: int) -> Fence:
        """Fence a subject, or return the fence that stands already."""
        with self.transaction():
            standing = self.of_subject(subject.subject_id)
            if standing is not None:
                return standing
            self.connection.execute(
                "INSERT INTO fence VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._random_bytes(16).hex(),
                    subject.subject_id,
                    subject.alias,
                    self._tag(subject.name),
                    self._random_bytes(32),
                    ground,
                    now_ms,
                    now_ms + RETENTION_MS,
                ),
            )
            fence = self.of_subject(subject.subject_id)
        if fence is None:
            message = "a fence was written and cannot be read back"
            raise RuntimeError(message)
        return fence

    def expire(self, now_ms: int) -> None:
        """Forget whom the fences that are due were for.

        Digest and key are overwritten, so the person may come back; the row stays, so
        that the ledger's erasures still have their fences.
        """
        with self.transaction():
            due = self.connection.execute(
                "SELECT erasure_id FROM fence WHERE expires_at_ms <= ?", (now_ms,)
            ).fetchall()
            for (erasure_id,) in due:
                self.connection.execute(
                    "UPDATE fence SET tag = ?, key = ? WHERE erasure_id = ?",
                    (self._random_bytes(32), self._random_bytes(32), erasure_id),
                )

    def is_fenced(self, identifier: str) -> bool:
        """Whether the person of `identifier` may not be ingested."""
        return self.of_identifier(identifier) is not None

    def of_identifier(self, identifier: str) -> Fence | None:
        """The fence of the person of `identifier`, or None."""
        return self._one("tag = ?", self._tag(identifier))

    def of_alias(self, alias: str) -> Fence | None:
        """The newest fence of a local alias, for when its subject is gone."""
        return self._one("alias = ? ORDER BY created_at_ms DESC", alias)

    def of_subject(self, subject_id: str) -> Fence | None:
        """The fence of a subject, or None."""
        return self._one("subject_id = ?", subject_id)

    def all(self) -> list[Fence]:
        """Every fence, oldest first."""
        query = (
            "SELECT erasure_id, subject_id, tag, key, ground, created_at_ms "
            "FROM fence ORDER BY created_at_ms, erasure_id"
        )
        return [self._fence(row) for row in self.connection.execute(query)]

    def _one(self, condition: str, value: object) -> Fence | None:
        query = (
            "SELECT erasure_id, subject_id, tag, key, ground, created_at_ms "
            f"FROM fence WHERE {condition}"
        )
        row = self.connection.execute(query, (value,)).fetchone()
        return None if row is None else self._fence(row)

    def _fence(self, row: tuple[str, str, bytes, bytes, str, int]) -> Fence:
        erasure_id, subject_id, tag, key, ground, created_at_ms = row
        return Fence(
            erasure_id=erasure_id,
            subject_id=subject_id,
            ground=cast("Ground", ground),
            created_at_ms=created_at_ms,
            commitment=hmac.digest(key, tag, "sha256").hex(),
        )
