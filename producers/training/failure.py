"""A run that fails says so: its compute stays on record."""

import contextlib
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from ledger.errors import ErasedError, TuneledgerError
from ledger.events.training import RunFailed
from producers.metering.record import RunRecord
from producers.ports import Emit
from producers.training.errors import WorkerKilledError

Reason = Literal["interrupted", "killed", "error", "out_of_space", "fenced"]


@contextmanager
def failure_on_record(run_id: str, record: RunRecord, emit: Emit) -> Iterator[None]:
    """Emit what was computed and why the run ended, if the body raises anything.

    Args:
        run_id: the run.
        record: its record.
        emit: where events go.
    """
    try:
        yield
    except BaseException as error:
        # The ledger may be what failed; the first error is the one to report.
        with contextlib.suppress(TuneledgerError):
            if record.is_counted:
                record.flush_all()
            batches, reason = record.batches, _reason(error)
            emit([RunFailed(run_id=run_id, reason=reason, batches=batches)])
        raise


def _reason(error: BaseException) -> Reason:
    match error:
        case KeyboardInterrupt():
            return "interrupted"
        case WorkerKilledError():
            return "killed"
        case ErasedError():
            return "fenced"
        case _:
            return "out_of_space" if _is_out_of_space(error) else "error"


def _is_out_of_space(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
            return True
        cause = cause.__cause__
    return False
