"""Why a witness does not cosign, with the status of C2SP tlog-witness."""

from typing import Literal

from ledger.errors import TuneledgerError

Status = Literal[400, 403, 404, 409, 422, 503]
"""HTTP status codes of C2SP tlog-witness, "add-checkpoint"; 503: our own clock."""

_EXIT_CODES = {400: 2, 403: 7, 404: 7, 409: 8, 422: 1, 503: 8}


class RefusalError(TuneledgerError):
    """A request is not cosigned.

    Attributes:
        status: the HTTP status code that says so.
        known_size: size of the last cosigned checkpoint, where the status is 409.
    """

    def __init__(
        self, status: Status, message: str, *, known_size: int | None = None
    ) -> None:
        """Refuse with one line."""
        super().__init__(message)
        self.status = status
        self.known_size = known_size
        self.exit_code = _EXIT_CODES[status]
