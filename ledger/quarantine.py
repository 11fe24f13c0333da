"""Take records out of training that a later scan found reserved."""

from collections.abc import Collection, Sequence

from ledger.events.base import LIST_MAX
from ledger.events.optout import RecordsQuarantined
from ledger.projections.affected import Affected, affected
from ledger.scanned import ScannedRecord, scanned_records, standing
from ledger.workspace import Workspace


class Quarantine:
    """The ledger's side of a rescan."""

    def __init__(self, workspace: Workspace) -> None:
        """Records are those of `workspace`."""
        self._workspace = workspace

    def scanned(self) -> list[ScannedRecord]:
        """What a rescan looks at: see `ledger.scanned.scanned_records`."""
        self._workspace.follow()
        return scanned_records(self._workspace.vault)

    def put(
        self, scan_id: str, earlier_scan_id: str, record_ids: Sequence[str]
    ) -> list[str]:
        """Keep records out of every run that starts from now on (XEV-20).

        What was erased or quarantined meanwhile is left out; the others go in all
        together or not at all, as one submission.

        Args:
            scan_id: the later scan, whose verdict is not `allowed`.
            earlier_scan_id: the scan that the records were accepted on.
            record_ids: records of `scanned`, at most 262,144.

        Returns:
            The records that were quarantined.

        Raises:
            InputError: a scan is unknown, they are the same, or the later one is
                allowed.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            known = standing(workspace.vault, record_ids)
            left = [one for one, is_out in known.items() if not is_out]
            if left:
                workspace.append_scan(
                    [
                        RecordsQuarantined(
                            scan_id=scan_id,
                            earlier_scan_id=earlier_scan_id,
                            record_ids=left[start : start + LIST_MAX],
                        )
                        for start in range(0, len(left), LIST_MAX)
                    ]
                )
        return left

    def affected(self, record_ids: Collection[str]) -> Affected:
        """What saw any of the records and remains; see `projections.affected`."""
        states = self._workspace.states()
        return affected(states["shards"], states["compute"], record_ids)
