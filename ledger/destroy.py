"""What an erasure destroys in the vault, at once: first done, or done again."""

from collections.abc import Iterable

from ledger.projections.erasures import Hit
from ledger.seeds import Seeds
from ledger.vault import Vault


def destroy_in_vault(
    vault: Vault, subject_id: str, *, map_id: str, hits: Iterable[Hit]
) -> None:
    """Delete a subject with its key and records, and the seeds of the slices it hit.

    Without a seed the digest of the old weights is no hash of the erased text that
    anybody could check a guess against.
    """
    with vault.transaction():
        vault.destroy_subject(subject_id)
        for hit in hits:
            Seeds(vault).destroy(map_id, shard=hit.shard, slice_first=hit.slice_first)
