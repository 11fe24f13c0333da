"""The sequencer: whoever holds its lock appends what every producer has spooled.

There is no daemon. A process that wants its own submissions in takes the lock, and all
that is durable in the spools by then goes in with them, in one transaction. Whoever
waited meanwhile finds its submissions in the ledger already.
"""

import contextlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from ledger.disk.locks import file_lock
from ledger.errors import (
    ConflictError,
    GapError,
    InputError,
    IntegrityError,
    KeyTrustError,
    LockedError,
    StorageError,
    TuneledgerError,
    UnknownTypeError,
)
from ledger.events import decode_event, families_of
from ledger.format.note import parse_note
from ledger.log.group import Group
from ledger.spool.read import Spooled
from ledger.spool.spool import Spool


def sequencer_lock(folder: Path, wait_seconds: float) -> AbstractContextManager[None]:
    """Be the one process that appends to the ledger of a workspace.

    Raises:
        LockedError: another process kept the lock.
    """
    return file_lock(
        folder / ".sequencer.lock",
        what="the sequencer",
        wait_seconds=wait_seconds,
        refusal=f"the ledger is locked by another writer; waited {wait_seconds:g} s",
    )


@dataclass(slots=True)
class Drained:
    """What a pass over the spools did.

    Attributes:
        submissions: how many were appended.
        refused: why a stream's next submission was not appended, by stream.
        is_full: whether the commit reached its bound with more waiting.
    """

    submissions: int = 0
    refused: dict[str, TuneledgerError] = field(default_factory=dict)
    is_full: bool = False
    _newest: dict[str, tuple[Spool, int]] = field(default_factory=dict)

    def newest(self, stream: str) -> int:
        """Counter of the newest of its spooled submissions that are in; -1 for none."""
        return self._newest[stream][1] if stream in self._newest else -1

    def settle(self) -> None:
        """Delete the files of what is durable in the ledger now.

        Files that cannot be deleted are recognised by the next pass.
        """
        for spool, counter in self._newest.values():
            with contextlib.suppress(StorageError):
                spool.settle(counter)

    def take(self, group: Group, spool: Spool, counter: int) -> None:
        """Add one spooled submission to the group, or say why not."""
        if spool.stream in self.refused:
            return
        try:
            if _add(group, spool.read(counter)):
                self.submissions += 1
            self._newest[spool.stream] = (spool, counter)
        except FileNotFoundError:
            return
        except (GapError, KeyTrustError, StorageError, UnknownTypeError) as error:
            # May pass: the file comes back, is signed again, or we are brought up.
            self.refused[spool.stream] = error
        except (InputError, IntegrityError) as error:
            self.refused[spool.stream] = error
            self._quarantine(spool, counter, error)

    def _quarantine(self, spool: Spool, counter: int, why: TuneledgerError) -> None:
        try:
            spool.quarantine(counter, str(why))
        except StorageError as error:  # the next pass tries again
            self.refused[spool.stream] = error


def take_spools(group: Group, spools: Iterable[Spool]) -> Drained:
    """Add what is spooled to the group, each stream in its order, streams in turn.

    What is wrong in one stream stops that stream only.
    """
    drained = Drained()
    queues = []
    for spool in spools:
        try:
            queues.append([(spool, counter) for counter in spool.waiting()])
        except StorageError as error:
            drained.refused[spool.stream] = error
    # The first waiting submission of each stream, then the second of each.
    in_turn = (one for turn in zip_longest(*queues) for one in turn if one is not None)
    for spool, counter in in_turn:
        if group.is_full:
            drained.is_full = True
            break
        drained.take(group, spool, counter)
    return drained


def check_clear(spool: Spool, drained: Drained) -> None:
    """Check that somebody other than its producer may append to a stream now.

    Raises:
        ConflictError: submissions of it were cut off, or wait and could not be drained.
        LockedError: its producer is at work.
        StorageError: its spool cannot be read.
    """
    if spool.is_locked():
        raise LockedError(spool.refusal)
    spool.check_whole()
    waiting = spool.waiting()
    if waiting and waiting[-1] > drained.newest(spool.stream):
        why = drained.refused.get(spool.stream, "more than one commit takes")
        message = f"stream {spool.stream}: spooled submissions come first ({why})"
        raise ConflictError(message)


def _add(group: Group, spooled: Spooled) -> bool:
    """Add one submission; false where the ledger has it already.

    Raises:
        ConflictError: its counter or its link is taken by another submission.
        GapError: one before it is missing.
        InputError: it is for another ledger, or its stream cannot carry it.
        IntegrityError: a line is malformed.
        KeyTrustError: its signature does not count now; its text may be signed again.
    """
    text = spooled.text
    group.state.check_ledger(text)
    if group.find(text) is not None:
        return False
    families = families_of([decode_event(line) for line in spooled.event_lines])
    try:
        group.state.check_submission(text, parse_note(spooled.note), families)
    except IntegrityError as error:
        raise KeyTrustError(str(error)) from None
    group.add(spooled.note, spooled.event_lines)
    return True
