"""The state of a verification beside the pin, so that the next one goes on from there.

    tuneledger/verify-state/1 SHA256-OF-THE-VERIFIER SHA256-OF-THE-REST
    (a SQLite file: the index, and a note with everything else as JSON)

The file is the reader's own, and is trusted as much as the pin: whoever can change the
one can change the other. What is damaged or does not fit is not used. It holds what a
pass found out about entries under the keys in the ledger itself, and nothing of trust.

All bytes below its place are hashed again before it is used: that they were in order
last time says nothing about bytes that somebody changed since.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest, sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Self

from verifier.findings import Violation
from verifier.format.checkpoint import Checkpoint, parse_checkpoint
from verifier.format.tree import leaf_hash
from verifier.history.plain import Reader, to_plain
from verifier.history.standing import Standing
from verifier.history.walk import Walk
from verifier.rules.index import Index
from verifier.store.storage import LedgerFile

_MAGIC = b"tuneledger/verify-state/1"
_HEAD_BYTES_MAX = 256
_CHUNK_BYTES = 1 << 20
_WATCHED_MAX = 16


class UnusableStateError(Exception):
    """Nothing can be resumed from a saved state; the message says why."""


@dataclass(slots=True)
class Saved:
    """What a state file holds beside the index.

    Attributes:
        standing: the state after the entries that were read.
        stored: digest of everything that the tables hold up to there.
        since_ms: when the first of them were read, Unix milliseconds.
        until_ms: when the last of them were.
    """

    standing: Standing
    stored: bytes
    since_ms: int
    until_ms: int


class StateFile:
    """The file of the saved state, and a new one until it is known whether to keep it.

    Use it as a context manager; what is not kept when the block ends is deleted.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Name the file, in a folder that is there; None for no file at all."""
        self.path = path
        self._new: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._new is not None:
            self._new.unlink(missing_ok=True)

    @contextmanager
    def opened(self) -> Iterator[tuple[Saved, Index]]:
        """Open a copy of the file, which is gone when the block ends.

        Raises:
            UnusableStateError: there is none, it is damaged, or other code made it.
        """
        if self.path is None:
            raise UnusableStateError("there is none")
        with ExitStack() as stack:
            try:
                copy = Path(stack.enter_context(_folder(self.path))) / "index"
                with self.path.open("rb") as file, copy.open("wb") as target:
                    _check_copied(file, target)
                index = stack.enter_context(closing(Index(copy)))
                saved: Saved = Reader().read(Saved, json.loads(index.note()))
            except (OSError, sqlite3.Error, ValueError) as error:
                raise UnusableStateError(str(error)) from None
            index.assigned = saved.standing.assigned
            index.gone = saved.standing.gone
            yield saved, index

    def write(
        self, walk: Walk, file: LedgerFile, *, since_ms: int, until_ms: int
    ) -> None:
        """Write the state after a pass in which nothing was found to a new file.

        Raises:
            OSError: the disk refused.
            sqlite3.Error: the same.
            Doubt: the pass cannot vouch for the ledger after all.
        """
        if self.path is None:
            return
        stored = hash_stored(file, walk.entries)
        saved = Saved(standing_of(walk), stored, since_ms, until_ms)
        with _folder(self.path) as to:
            index = Path(to) / "index"
            walk.history.index.save(index, json.dumps(to_plain(saved)))
            new = Path(to) / "state"
            with index.open("rb") as source, new.open("wb") as target:
                target.write(_head(_digest(source)))
                source.seek(0)
                shutil.copyfileobj(source, target, _CHUNK_BYTES)
                target.flush()
                os.fsync(target.fileno())
            self._new = self.path.with_name(f"{Path(to).name}.new")
            new.replace(self._new)

    def keep(self) -> None:
        """Put the new file in the place of the old one, if one was written.

        Where the disk refuses, the next run reads more, which is no fault.
        """
        if self._new is not None and self.path is not None:
            with suppress(OSError):
                self._new.replace(self.path)


def find_place(saved: Saved, file: LedgerFile, watch: Collection[int]) -> Checkpoint:
    """Return the ledger's checkpoint from which a saved state goes on.

    Every byte up to there must be the one that was read.

    Raises:
        UnusableStateError: the ledger has another one at that size or none, or the
            state does not know a size that is asked for.
        DAMAGED: one of these; the file is damaged.
    """
    standing, size = saved.standing, saved.standing.entries
    try:
        checkpoint = parse_checkpoint(file.checkpoint_note(size) or b"")
    except Violation:
        message = f"the ledger has no checkpoint of size {size}"
        raise UnusableStateError(message) from None
    row = next(file.entries(size - 1), None)
    head = None if row is None or row.seq != size - 1 else leaf_hash(row.entry)
    if (checkpoint.root, head) != (standing.tree.root(), standing.head):
        message = f"the ledger has another history up to entry {size - 1}"
        raise UnusableStateError(message)
    if hash_stored(file, size) != saved.stored:
        message = f"bytes up to entry {size - 1} were changed since"
        raise UnusableStateError(message)
    if any(asked < size and asked not in standing.watched for asked in watch):
        message = "the earlier run did not keep a root that is asked for now"
        raise UnusableStateError(message)
    return checkpoint


def hash_stored(file: LedgerFile, size: int) -> bytes:
    """Return a digest of every row of entries below a size and of checkpoints up to it.

    It takes the bytes as they lie there, event lines included, so whoever changed one
    is noticed, whatever the change would mean.

    Raises:
        DAMAGED: one of these; the file is damaged.
    """
    digest = sha256()
    for row in file.entries():
        if row.seq >= size:
            break
        digest.update(b"%d %d %d\n" % (row.seq, len(row.entry), len(row.events)))
        digest.update(row.entry)
        digest.update(row.events)
    for covered in file.checkpoint_sizes(size + 1):
        if covered <= size:
            note = file.checkpoint_note(covered) or b""
            digest.update(b"%d %d\n" % (covered, len(note)) + note)
    return digest.digest()


@cache
def code_digest() -> str:
    """Return a digest of this verifier's code: other code may check otherwise."""
    digest = sha256()
    for name, content in sorted(_sources(files("verifier"), "")):
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def _sources(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _sources(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".py"):
            yield prefix + item.name, item.read_bytes()


def _folder(path: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a folder beside the state file, so that what is in it can move there."""
    return tempfile.TemporaryDirectory(prefix=".state-", dir=path.parent)


def _head(digest: str) -> bytes:
    return b" ".join([_MAGIC, code_digest().encode(), digest.encode()]) + b"\n"


def _digest(file: BufferedReader) -> str:
    return file_digest(file, "sha256").hexdigest()


def _check_copied(file: BinaryIO, copy: BinaryIO) -> None:
    """Copy what follows the first line, which must be that of this code and content.

    Raises:
        UnusableStateError: it is another one.
        OSError: the disk refused.
    """
    head = file.readline(_HEAD_BYTES_MAX)
    parts = head.split(b" ")
    if len(parts) != 3 or parts[0] != _MAGIC:
        raise UnusableStateError("damaged, or no such file")
    if parts[1] != code_digest().encode():
        raise UnusableStateError("another version of this verifier made it")
    digest = sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        copy.write(chunk)
    if head != _head(digest.hexdigest()):
        raise UnusableStateError("damaged")


def standing_of(walk: Walk) -> Standing:
    """Return the state after a pass in which nothing was found."""
    history, content = walk.history, walk.content
    newest = walk.chain.tree.root(), walk.recorded_at_ms
    watched = {**walk.watched, walk.entries: newest}
    return Standing(
        head=walk.head,
        genesis=walk.genesis,
        recorded_at_ms=walk.recorded_at_ms,
        events=walk.events,
        signatures=walk.signatures,
        links=walk.chain.links,
        checkpoints=walk.heads.passed,
        judged=content.judged,
        assigned=history.index.assigned,
        gone=history.index.gone,
        types=content.types,
        dropped=content.dropped,
        genesis_signers=walk.genesis_signers,
        watched=dict(sorted(watched.items())[-_WATCHED_MAX:]),
        tree=walk.chain.tree,
        ring=walk.ring,
        streams=walk.streams,
        policies=history.policies,
        datasets=history.datasets,
        maps=history.maps,
        runs=history.runs,
        erasures=history.erasures,
    )
