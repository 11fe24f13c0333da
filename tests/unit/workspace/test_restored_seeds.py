"""A vault from before an erasure brings back no seed of the weights that are gone."""

from tests.unit.workspace.office import rows


def test_seeds_of_a_restored_vault_are_destroyed_again(trained):
    """Else the old weights' digest would be a hash of the erased text to guess at."""
    vault = trained.folder / "acme.vault"
    before = vault.read_bytes()
    shard = trained.shard_of("jane")
    old = set(rows(vault, "SELECT secret FROM seed WHERE shard = ?", shard))
    trained.erase("jane")
    kept = old & set(rows(vault, "SELECT secret FROM seed WHERE shard = ?", shard))
    vault.write_bytes(before)
    trained.open().__exit__(None, None, None)

    assert old - kept
    found = set(rows(vault, "SELECT secret FROM seed WHERE shard = ?", shard))
    assert set() == found & (old - kept)
