"""The secrets behind training seeds, in the vault.

A seed derived from content alone would make the weights' digest a keyless hash of the
text; these secrets die with the weights.
"""

from ledger.vault.vault import Vault


class Seeds:
    """One secret for each slice of each generation of a shard."""

    def __init__(self, vault: Vault) -> None:
        """Secrets are kept in `vault`."""
        self._vault = vault

    def secret(self, map_id: str, *, shard: int, slice_: int, generation: int) -> bytes:
        """The secret of a slice's generation, made on first use."""
        place = (map_id, shard, slice_, generation)
        with self._vault.transaction():
            self._vault.connection.execute(
                "INSERT OR IGNORE INTO seed VALUES (?, ?, ?, ?, ?)",
                (*place, self._vault.new_key("seed", *place)),
            )
            found = self._vault.connection.execute(
                "SELECT secret FROM seed WHERE map_id = ? AND shard = ? "
                "AND slice = ? AND generation = ?",
                place,
            ).fetchone()
        return self._vault.unwrap("seed", found[0], *place)

    def destroy(self, map_id: str, *, shard: int, slice_first: int) -> None:
        """Delete the secrets of a shard's slices from `slice_first` on."""
        with self._vault.transaction():
            self._vault.connection.execute(
                "DELETE FROM seed WHERE map_id = ? AND shard = ? AND slice >= ?",
                (map_id, shard, slice_first),
            )
