"""Where a producer goes on: after the newest submission spooled or sequenced."""

from ledger.errors import ConflictError, InputError, NotALedgerError, ReadOnlyError
from ledger.format.sealing import Head
from ledger.log.ledger import Ledger
from ledger.spool.spool import Spool


def spooled_head(spool: Spool) -> Head | None:
    """The head that the spool remembers, or None where nothing was ever spooled."""
    newest = spool.head()
    return None if newest is None else Head.after(newest.text)


def find_head(spool: Spool, ledger: Ledger | None) -> Head:
    """Where a stream goes on; only its producer asks, under the spool's lock.

    Args:
        spool: the stream's spool.
        ledger: the ledger, or None where it cannot be read.

    Raises:
        ConflictError: spool and ledger hold different submissions of one counter.
        InputError: the spool is of another ledger.
        NotALedgerError: neither knows the head.
        ReadOnlyError: the ledger lacks submissions that it had taken.
    """
    ours = spooled_head(spool)
    if ledger is None:
        if ours is None:
            message = (
                f"stream {spool.stream} is new here and the ledger cannot be read: "
                "begin it once where the ledger is"
            )
            raise NotALedgerError(message)
        return ours
    theirs = ledger.stream_head(spool.stream)
    if ours is None:
        return theirs
    _check_agree(spool, ours, theirs)
    return max(ours, theirs, key=lambda head: head.counter)


def _check_agree(spool: Spool, ours: Head, theirs: Head) -> None:
    """Check that one of the two heads continues the other."""
    if (ours.origin, ours.genesis) != (theirs.origin, theirs.genesis):
        message = (
            f"stream {spool.stream}: its spool is of another ledger, {ours.origin}"
        )
        raise InputError(message)
    if ours.counter == theirs.counter and ours.previous != theirs.previous:
        message = (
            f"stream {spool.stream}: submission {ours.counter - 1} in the ledger is "
            "not the spooled one: two producers used this stream"
        )
        raise ConflictError(message)
    if ours.counter > theirs.counter:
        waiting = spool.waiting()
        if not waiting or waiting[0] > theirs.counter:
            message = (
                f"stream {spool.stream}: the ledger is older than the spool: it had "
                f"taken {min([*waiting, ours.counter])} submissions, found "
                f"{theirs.counter}"
            )
            raise ReadOnlyError(message)
