"""The models without shards that an erasure must see gone, in one workspace.

A training outside may go on while an erasure is planned. What it saves is not condemned
by the plan, for it may end with it (XEV-17); the vault keeps that it went on, and once
it is over everything that it made must be deleted.
"""

from typing import Final

import msgspec

from ledger.erasing.condemned import Condemned, condemned_by, models_left
from ledger.projections.erasures import Erasure
from ledger.training.outside import is_recorded_now
from ledger.workspace.workspace import Workspace

_LIVE: Final = "live_runs:{}"


class ModelsBook:
    """What is left of them, and of which trainings."""

    def __init__(self, workspace: Workspace) -> None:
        """Everything is in `workspace`."""
        self._workspace = workspace

    def note_live(self, erasure_id: str, open_runs: list[str]) -> list[str]:
        """Those of some runs that are recorded now; kept with the erasure.

        In the caller's transaction, with the plan.
        """
        folder = self._workspace.folder
        live = [run_id for run_id in open_runs if is_recorded_now(folder, run_id)]
        self._workspace.vault.set_meta(
            _LIVE.format(erasure_id), msgspec.json.encode(live)
        )
        return live

    def live(self, erasure_id: str) -> list[str]:
        """Those that went on at the plan and still do."""
        live, _ = self._went_on(erasure_id)
        return live

    def left(self, erasure_id: str, erasure: Erasure) -> list[str]:
        """Models and snapshots that are not on record as deleted, of runs that ended.

        Args:
            erasure_id: the erasure.
            erasure: its state.
        """
        _, over = self._went_on(erasure_id)
        return models_left(self._workspace.states(), erasure, also=over)

    def condemned(self, erasure_id: str, erasure: Erasure) -> list[Condemned]:
        """The weights without slices that must go, and those that are gone.

        Args:
            erasure_id: the erasure.
            erasure: its state.
        """
        live, over = self._went_on(erasure_id)
        states, folder = self._workspace.states(), self._workspace.folder
        return condemned_by(states, folder, erasure, also=[*live, *over])

    def _went_on(self, erasure_id: str) -> tuple[list[str], list[str]]:
        """The runs that were live at the plan: those that still are, and the others."""
        kept = self._workspace.vault.meta(_LIVE.format(erasure_id))
        live: list[str] = []
        over: list[str] = []
        for run_id in [] if kept is None else msgspec.json.decode(kept, type=list[str]):
            is_live = is_recorded_now(self._workspace.folder, run_id)
            (live if is_live else over).append(run_id)
        return live, over
