"""What can go wrong in training, beyond the shared errors of `ledger.errors`.

TuneledgerError
+-- TrainingError             a run cannot start here, or a worker did not finish (70)
    +-- WorkerKilledError     a worker ended by a signal
"""

from ledger.errors import TuneledgerError


class TrainingError(TuneledgerError):
    """The training cannot go on; what was already emitted stays."""


class WorkerKilledError(TrainingError):
    """A signal ended a worker: someone's kill, or the system short of memory."""
