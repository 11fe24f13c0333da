"""How a producer gets its submissions in: drain, or wait for whoever does."""

import time

from ledger.disk.locks import pauses
from ledger.errors import KeyTrustError, LockedError
from ledger.log.ledger import Ledger
from ledger.spool.spool import Spool
from ledger.streams.key import StreamKey


def wait_until_empty(
    spool: Spool, ledger: Ledger, key: StreamKey, *, until: float
) -> None:
    """Drain until nothing of this stream is spooled.

    While another process is the sequencer it may take ours too; then its lock is not
    needed any more.

    Args:
        spool: the stream's spool, held by its producer.
        ledger: the ledger.
        key: the stream's key, which signs again what an older one signed.
        until: monotonic time, in seconds, up to which another writer is waited for.

    Raises:
        TuneledgerError: why the stream's next submission was not appended.
        KeyTrustError: the log key is missing.
        LockedError: another process kept the lock.
        StorageError: the disk refused the write.
    """
    is_signed_again = False
    pause = pauses()
    while waiting := spool.waiting():
        try:
            drained = ledger.drain(wait_seconds=0)
        except LockedError:
            if time.monotonic() >= until:
                raise
            time.sleep(next(pause))
            continue
        refused = drained.refused.get(spool.stream)
        if isinstance(refused, KeyTrustError) and not is_signed_again:
            key.sign_again(ledger)
            is_signed_again = True
        elif refused is not None:
            spool.check_whole()
            raise refused
        elif drained.newest(spool.stream) >= waiting[-1]:
            return  # all in, though the disk kept some of the files
