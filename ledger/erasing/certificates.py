"""Where certificates of erasure are, and what the ledger gives them to rest on."""

from pathlib import Path
from typing import Any

from ledger.disk.files import write_atomic
from ledger.erasing.plan import runs_that_saw
from ledger.export.erasure_receipts import encode_erasure_receipts
from ledger.projections.erasures import Erasure
from ledger.projections.shards import ShardsState
from ledger.projections.weight_chain import event_position
from ledger.vault.recipients import Recipient, Recipients
from ledger.workspace.workspace import Workspace


class Certificates:
    """The certificates of one workspace, in artifacts/."""

    def __init__(self, workspace: Workspace) -> None:
        """They are about erasures of `workspace`."""
        self._workspace = workspace

    def keep(self, erasure_id: str, content: bytes, page: bytes) -> Path:
        """Write a certificate and its printable page; return the first one's path."""
        path = self.path(erasure_id)
        write_atomic(path.with_suffix(".html"), page)
        write_atomic(path, content)
        return path

    def path(self, erasure_id: str) -> Path:
        """Where an erasure's certificate is."""
        return self._workspace.folder / "artifacts" / f"erasure-{erasure_id}.json"

    def anchor(self) -> dict[str, str]:
        """What a certificate says about the ledger that it rests on."""
        ledger = self._workspace.ledger
        return {
            "origin": ledger.origin,
            "genesis": ledger.genesis,
            "checkpoint": ledger.newest_checkpoint().decode(),
        }

    def receipts(self, erasure: Erasure) -> list[dict[str, Any]]:
        """A receipt of each of the erasure's events, in order."""
        events = {one for phase in erasure.phases.values() for one in phase}
        ordered = sorted(events, key=event_position)
        return encode_erasure_receipts(self._workspace.ledger, ordered)

    def recipients(self, erasure: Erasure) -> list[Recipient]:
        """Who was handed records, or weights that saw the erased ones."""
        shards: ShardsState = self._workspace.states()["shards"]
        runs = runs_that_saw(shards.current(), erasure)
        return Recipients(self._workspace.vault).of(runs)
