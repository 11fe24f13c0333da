"""Work off marks as they come, until somebody ends it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NoReturn

from ledger.errors import ErasedError, LockedError
from ledger.workspace.workspace import Workspace
from producers.ports import Progress
from producers.retraining.pending import Mark, Wanted, Worked, work_off


def watch(
    open_workspace: Callable[[], AbstractContextManager[Workspace]],
    wanted: Wanted,
    *,
    wait: Callable[[], None],
    report: Callable[[Workspace, Worked], None],
    progress: Progress,
) -> NoReturn:
    """Work off the marks of a ledger whenever it has grown, for ever.

    A mark whose training failed is reported and left alone: the same inputs would fail
    again. What is locked or waits for somebody is asked for anew after each wait.
    Nothing is remembered outside the ledger, so a kill at any moment costs only the
    work since the last saved slice.

    Args:
        open_workspace: opens the workspace; it is closed before each wait.
        wanted: which marks.
        wait: waits before the ledger is looked at again.
        report: told what came of the marks.
        progress: told how far the work is.

    Raises:
        StorageError: the disk refused a write.
    """
    failed: set[Mark] = set()
    seen, said = -1, ""
    while True:
        try:
            with open_workspace() as workspace:
                if workspace.ledger.size != seen:
                    worked = work_off(workspace, wanted, but=failed, progress=progress)
                    failed.update(worked.failed)
                    report(workspace, worked)
                    seen, said = workspace.ledger.size, ""
        except (ErasedError, LockedError) as error:
            # Said once, not at every look.
            if said != str(error):
                said = str(error)
                progress(f"waiting: {said}")
        wait()
