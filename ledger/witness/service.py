"""A request in, a cosignature out; the state moves on in between, once.

From reading the last checkpoint until the next one is on the disk the folder is locked,
and only then is the cosignature given away. So of two requests that extend the same
checkpoint one wins, whether they come to one process or to two, and a kill at any
moment leaves a witness that has at most remembered more than it said.
"""

from collections.abc import Callable

from ledger.format.cosignature import cosign
from ledger.format.note import VerifierKey, format_line
from ledger.witness.judge import Last, judge
from ledger.witness.refusal import RefusalError
from ledger.witness.request import Request, parse_request
from ledger.witness.state import WitnessState


def contradicts(error: RefusalError, request: Request, last: Last | None) -> bool:
    """Whether a log signed what does not go with the last cosigned checkpoint."""
    is_other_root = (
        last is not None
        and request.head.size == last.size
        and request.head.root != last.root
    )
    return error.status == 422 or (error.status == 409 and is_other_root)


class Witness:
    """Answers add-checkpoint requests."""

    def __init__(self, state: WitnessState, *, clock_s: Callable[[], int]) -> None:
        """Serve `state`.

        Args:
            state: the witness's folder.
            clock_s: the time now, Unix seconds.
        """
        self.state = state
        self._clock_s = clock_s

    def add_checkpoint(self, body: bytes) -> bytes:
        """Cosign a checkpoint, or refuse.

        Returns:
            Our signature line, newline included.

        Raises:
            RefusalError: with the status of C2SP tlog-witness.
            IntegrityError: the stored checkpoint is damaged.
            LockedError: another process kept the lock for 10 s.
            StorageError: the disk refused the write; nothing was cosigned.
        """
        request = parse_request(body)
        keys = self.state.log_keys(request.head.origin)
        if not keys:  # judged without the lock: anybody can ask for any name
            judge(request, keys, None, 0)
        with self.state.locked():
            return self._cosign(request, keys, body)

    def _cosign(self, request: Request, keys: list[VerifierKey], body: bytes) -> bytes:
        """Judge, sign and remember, with the lock held."""
        origin, text = request.head.origin, request.note.text
        now_s, last = self._clock_s(), self.state.last(origin)
        try:
            signed = judge(request, keys, last, now_s)
        except RefusalError as error:
            if contradicts(error, request, last):
                self.state.keep_refused(text, body)
            raise
        line = cosign(self.state.signer, text, now_s)
        lines = b"".join(map(format_line, signed))
        self.state.save_head(origin, text + b"\n" + lines + line)
        return line
