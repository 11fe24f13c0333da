"""What an erasure destroys in the vault, at once: first done, or done again."""

from collections.abc import Iterable

from ledger.ports import Fence
from ledger.projections.erasures import Hit
from ledger.vault.papers import Papers
from ledger.vault.seeds import Seeds
from ledger.vault.vault import Vault


def destroy_in_vault(
    vault: Vault, fence: Fence, *, map_id: str, hits: Iterable[Hit]
) -> None:
    """Delete subjects with keys, records and letters, and the seeds of hit slices.

    Without a seed the digest of the old weights is no hash of the erased text that
    anybody could check a guess against.
    """
    with vault.transaction():
        for subject_id in fence.subject_ids:
            vault.destroy_subject(subject_id)
        Papers(vault).forget(fence.erasure_id)
        for hit in hits:
            Seeds(vault).destroy(map_id, shard=hit.shard, slice_first=hit.slice_first)
