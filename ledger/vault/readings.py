"""Which records an unfinished reading of a source decided on and did not keep.

What is kept is found by its id. Of the rest the vault holds keyed digests, until the
source was read to its end: a reading that was cut off and goes on decides on nothing
twice, and a later one decides anew.
"""

from typing import Final

from ledger.vault.vault import Vault

_INSERT: Final = "INSERT INTO reading VALUES (?, ?, ?, ?, 1)"


class Reading:
    """One reading of one source."""

    def __init__(self, vault: Vault, source: str) -> None:
        """Notes are kept in `vault` under a keyed digest of the source's name."""
        self._vault = vault
        self._source = vault.tag("source", source)
        self._new: list[tuple[str, bytes, bytes, bytes]] = []

    def is_decided(self, external_id: str, content: bytes) -> bool:
        """Whether exactly this record was decided on, and not kept, before a break.

        Args:
            external_id: the owner's id.
            content: all that the decision was made from.
        """
        query = (
            "SELECT 1 FROM reading WHERE id_tag = ? AND content_tag = ? AND source = ? "
            "AND pending = 0"
        )
        tags = (*self._tags(external_id, content), self._source)
        return self._vault.connection.execute(query, tags).fetchone() is not None

    def add(self, record_id: str, external_id: str, content: bytes) -> None:
        """Note a record that is about to be decided on and not kept."""
        tags = self._tags(external_id, content)
        self._new.append((record_id, self._source, *tags))

    def write(self) -> None:
        """Make the notes durable; they count once the ledger holds the decisions."""
        new, self._new = self._new, []
        if new:
            with self._vault.transaction():
                self._vault.connection.executemany(_INSERT, new)

    def finish(self) -> None:
        """Forget everything: the source was read to its end, or is read anew."""
        query = "SELECT 1 FROM reading WHERE source = ?"
        if self._vault.connection.execute(query, (self._source,)).fetchone() is None:
            return
        with self._vault.transaction():
            self._vault.connection.execute(
                "DELETE FROM reading WHERE source = ?", (self._source,)
            )

    def _tags(self, external_id: str, content: bytes) -> tuple[bytes, bytes]:
        id_tag = self._vault.tag("record", external_id)
        return id_tag, self._vault.tag("reading", content.hex())


def settle(vault: Vault, record_id: str) -> None:
    """Note that the ledger decided on a record that is not kept."""
    vault.connection.execute(
        "UPDATE reading SET pending = 0 WHERE record_id = ?", (record_id,)
    )


def drop_pending(vault: Vault) -> None:
    """Delete notes of records that the ledger never decided on."""
    with vault.transaction():
        vault.connection.execute("DELETE FROM reading WHERE pending = 1")
