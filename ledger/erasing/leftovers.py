"""What an erasure left: readable records, files, identifiers in bytes.

The identifiers are known while the vault has the subjects, and to whoever types them
again. Between the two they are in the memory of one process only.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ledger.erasing import residue
from ledger.ports import Fence, Residue, Scope
from ledger.projections.erasures import Erasure
from ledger.vault.vault import Vault
from ledger.workspace.workspace import Workspace

_VAULT_SUFFIXES: Final = (".vault", ".vault-journal")


class _Kept(msgspec.Struct, frozen=True):
    """What is kept of a scan: how many files, and not which; a name may be personal."""

    files: int
    scope: Scope


class Leftovers:
    """What is looked at before and after keys are destroyed."""

    def __init__(self, workspace: Workspace) -> None:
        """Everything of `workspace` is looked at."""
        self._workspace = workspace

    def readable(self, erasure: Erasure) -> int:
        """How many erased records the vault still has a key for."""
        vault = self._workspace.vault
        return sum(
            bool(vault.records("record_id = ?", record_id))
            for record_id in erasure.records
        )

    def files_left(self, erasure: Erasure) -> int:
        """How many files of erased records are still there."""
        return sum(self._workspace.corpus.has(one) for one in erasure.records)

    def names(self, fence: Fence, typed: Iterable[str] = ()) -> list[str]:
        """The identifiers of a fence's subjects, as far as they are known.

        From the vault while it has them; and those of `typed` that are theirs.
        """
        fences = self._workspace.fences
        known = [
            subject.name
            for subject, _ in self._workspace.vault.subjects()
            if subject.subject_id in fence.subject_ids
        ]
        for text in typed:
            found = fences.of_identifier(text)
            if found is not None and found.erasure_id == fence.erasure_id:
                known.append(text)
        return list(dict.fromkeys(known))

    def look(self, names: Sequence[str], *, is_destroyed: bool) -> Residue:
        """Search every file of the workspace for identifiers.

        Args:
            names: whom to look for.
            is_destroyed: whether their rows in the vault are gone, so that the vault
                is searched too.
        """
        scope: Scope = "everything" if is_destroyed else "without_vault"
        if not all(residue.is_long_enough(name) for name in names):
            scope = "too_short"
        skip = () if is_destroyed else _VAULT_SUFFIXES
        files = residue.find(self._workspace.folder, names, skip=skip)
        return Residue(files=tuple(files), scope=scope)

    def keep(self, erasure_id: str, found: Residue) -> None:
        """Keep the result of a scan for whoever goes on after a kill."""
        keep_residue(self._workspace.vault, erasure_id, found)

    def kept(self, erasure_id: str) -> Residue | None:
        """What the last scan for an erasure found, its files unnamed; None for none."""
        content = self._workspace.vault.meta(f"residue:{erasure_id}")
        if content is None:
            return None
        found = msgspec.json.decode(content, type=_Kept)
        return Residue(files=("?",) * found.files, scope=found.scope)


def keep_residue(vault: Vault, erasure_id: str, found: Residue) -> None:
    """Keep the result of a scan; in the caller's transaction, where there is one."""
    kept = _Kept(files=len(found.files), scope=found.scope)
    vault.set_meta(f"residue:{erasure_id}", msgspec.json.encode(kept))
