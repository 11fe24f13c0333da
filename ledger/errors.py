"""The whole error tree of the writer.

    TuneledgerError        anything below; carries the command line's exit code
    +-- InputError         the caller's input is refused; nothing was written (2)
    |   +-- ConflictError  same counter, other text; or a name is taken (8)
    |   +-- LockedError    another process holds the lock (8)
    |   +-- GapError       a stream's counter skips (8)
    |   +-- SpoolFullError a producer's spool has no room (8)
    +-- NotALedgerError    the file is missing or is no ledger (6)
    +-- KeyTrustError      a key is missing, wrong, weak or may not sign (7)
    +-- IntegrityError     stored bytes contradict the chain (1)
    |   +-- UnknownTypeError  an event type of a later format (5)
    +-- ReadOnlyError      the workspace fell behind its own past (8)
    +-- ErasedError        the subject was erased or is fenced (3)
    +-- BasisError         what a record rests on no longer stands (3)
    +-- GateError          a merged adapter is worse than its gate allows (3)
    +-- StorageError       the disk refused the write; nothing is half written (70)

Exit codes: docs/spec.md, section "Exit codes". Messages say what, where, expected and
found; they never hold personal data or key bytes.
"""


class TuneledgerError(Exception):
    """Base of every error that this project raises on purpose."""

    exit_code = 70


class InputError(TuneledgerError):
    """The input is refused and nothing was written."""

    exit_code = 2


class ConflictError(InputError):
    """The same name or counter is already taken by other content."""

    exit_code = 8


class LockedError(InputError):
    """Another process holds the lock and did not let go in time."""

    exit_code = 8


class GapError(InputError):
    """A stream's counter is higher than the next one."""

    exit_code = 8


class SpoolFullError(InputError):
    """A producer's spool has no room: nothing was signed."""

    exit_code = 8


class NotALedgerError(TuneledgerError):
    """The file is missing, unreadable or not a ledger of a known format."""

    exit_code = 6


class KeyTrustError(TuneledgerError):
    """A key is missing, malformed, weak, or not granted what it is used for."""

    exit_code = 7


class IntegrityError(TuneledgerError):
    """Stored bytes contradict the chain, the tree or a signature."""

    exit_code = 1


class UnknownTypeError(IntegrityError):
    """A stored event has a well-formed type that this version does not know (EVT-8)."""

    exit_code = 5


class ReadOnlyError(TuneledgerError):
    """The workspace remembers more than its files hold; writing would hide a loss."""

    exit_code = 8


class ErasedError(TuneledgerError):
    """The subject was erased, or an erasure has fenced it."""

    exit_code = 3


class BasisError(TuneledgerError):
    """Accepted records rest on a scan or a licence that no longer allows them."""

    exit_code = 3


class GateError(TuneledgerError):
    """A merged adapter was measured to be worse than its gate allows."""

    exit_code = 3


class StorageError(TuneledgerError):
    """The operating system refused a write; the transaction was rolled back."""

    exit_code = 70
