"""A workspace folder: the ledger and the files of other lifecycles around it.

Lock order is vault, then ledger. What a crash left half done is put right on open:
pending records that the ledger never decided on are deleted with their files, and a
vault restored from before an erasure is erased again from the fences.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.corpus import Corpus, EvidenceFolder
from ledger.errors import ConflictError, LockedError, ReadOnlyError
from ledger.events import Event
from ledger.events.erasure import KeysDestroyed
from ledger.events.ingest import RecordDecided
from ledger.events.optout import SiteRegistered
from ledger.events.policy import PolicyAdopted
from ledger.events.shards import RecordAssigned
from ledger.fences import Fences
from ledger.files import disk_errors, remove_temporaries
from ledger.genesis import create_ledger
from ledger.locks import file_lock
from ledger.log import Ledger, ledger_file, system_clock_ms
from ledger.names import Names
from ledger.private_file import Seen, check_seen
from ledger.projections import States
from ledger.projector import project
from ledger.settings import Settings, load_settings, save_settings
from ledger.vault import Vault

FOLDERS = ("keys", "evidence", "corpus", "models", "artifacts")


class Workspace:
    """An open workspace, for commands that write."""

    def __init__(
        self,
        folder: Path,
        *,
        passphrase: bytes | None = None,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Open a workspace and put right what a crash left.

        Raises:
            NotALedgerError: the folder is no workspace.
            ReadOnlyError: the ledger, the vault or the fences fell behind.
            IntegrityError: the ledger's entries do not follow from each other.
        """
        self.folder = folder
        self.clock_ms = clock_ms
        self.random_bytes = random_bytes
        self.settings: Settings = load_settings(folder)
        path = ledger_file(folder)
        with contextlib.ExitStack() as stack:
            self.ledger = stack.enter_context(
                Ledger.open(
                    folder,
                    passphrase=passphrase,
                    clock_ms=clock_ms,
                    random_bytes=random_bytes,
                )
            )
            self.vault = Vault(path.with_suffix(".vault"), random_bytes=random_bytes)
            stack.callback(self.vault.close)
            self.fences = Fences(path.with_suffix(".fences"), random_bytes=random_bytes)
            stack.callback(self.fences.close)
            self.names = Names(self.vault, random_bytes=random_bytes)
            self.corpus = Corpus(folder / "corpus")
            self.evidence = EvidenceFolder(folder / "evidence")
            self._check_memory()
            self._recover()
            self._resources = stack.pop_all()

    @classmethod
    def create(
        cls,
        folder: Path,
        settings: Settings,
        *,
        root_folder: Path | None = None,
        passphrase: bytes | None = None,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> str:
        """Create a workspace, whole or not at all.

        It is built beside its place and renamed, so a kill leaves no half workspace.

        Returns:
            The root key's vkey text.

        Raises:
            ConflictError: the folder exists and is not empty.
            InputError: a setting is malformed.
            StorageError: the disk refused the write.
        """
        folder = folder.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            message = f"{folder} exists and is not empty"
            raise ConflictError(message)
        temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
        built = temporary / folder.name
        try:
            with disk_errors(folder.name):
                for name in FOLDERS:
                    (built / name).mkdir(mode=0o700, parents=True)
            vkey = create_ledger(
                built,
                origin=settings.origin,
                root_folder=root_folder,
                passphrase=passphrase,
                clock_ms=clock_ms,
                random_bytes=random_bytes,
            )
            save_settings(built, settings)
            with disk_errors(folder.name):
                built.replace(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return vkey

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.remember()
        self._resources.close()

    # Ports

    def append(self, stream: str) -> Callable[[Sequence[Event]], None]:
        """The port through which a producer appends to its stream."""

        def emit(events: Sequence[Event]) -> None:
            self.ledger.append(events, stream=stream)

        return emit

    def append_scan(self, events: Sequence[Event]) -> None:
        """Append a scan's events and note the sites that the ledger now knows."""
        self.ledger.append(events, stream="scan")
        self.names.settle(
            event.site_id for event in events if isinstance(event, SiteRegistered)
        )

    def adopt(self, event: PolicyAdopted, document: bytes) -> None:
        """Adopt a policy unless the ledger holds it already; keep its document."""
        for recorded in self.ledger.events(stream="policy"):
            if (
                isinstance(recorded.event, PolicyAdopted)
                and recorded.event.policy_sha256 == event.policy_sha256
            ):
                return
        self.evidence.put(document)
        self.ledger.append([event], stream="policy")

    def states(self) -> States:
        """The projections at the ledger's head."""
        return project(self.ledger)

    @contextlib.contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        """Let only one process at a time do `what` in this workspace.

        Raises:
            LockedError: another process does it and did not end in time.
        """
        with file_lock(self.folder / f".{what}.lock", what=what):
            yield

    def remember(self) -> None:
        """Let vault and fences remember the ledger as it stands."""
        now = self._now()
        for file in (self.vault, self.fences):
            seen = file.seen()
            # Another process may have seen more by now.
            if seen is None or seen.size < now.size:
                file.remember(now)

    # Opening

    def _now(self) -> Seen:
        ledger = self.ledger
        return Seen(genesis=ledger.genesis, size=ledger.size, root=ledger.root.hex())

    def _check_memory(self) -> None:
        """Refuse to write where a file fell behind another."""
        for file in (self.vault, self.fences):
            seen = file.seen()
            root = None if seen is None else self.ledger.root_at(seen.size)
            then = None if root is None else root.hex()
            check_seen(file.path, seen, self._now(), then)
        known = {fence.erasure_id for fence in self.fences.all()}
        requested = self.states()["erasures"].erasures
        missing = [erasure for erasure in requested if erasure not in known]
        if missing:
            message = (
                f"{self.fences.path.name} lacks the fence of erasure {missing[0]}: "
                "restore the fences file before anything is written"
            )
            raise ReadOnlyError(message)

    def _recover(self) -> None:
        """Follow the ledger since last time, and delete what it never decided on."""
        seen = self.vault.seen()
        with self.vault.transaction():
            for recorded in self.ledger.events(0 if seen is None else seen.size):
                self._follow(recorded.event)
            self._replay_fences()
        with contextlib.suppress(LockedError):
            lock = file_lock(
                self.folder / ".ingest.lock", what="ingest", wait_seconds=0
            )
            with lock:
                self._drop_pending()

    def _follow(self, event: Event) -> None:
        """Note in the vault what the ledger says."""
        match event:
            case RecordDecided(decision="accepted"):
                self.vault.settle(
                    event.record_id, hazard=event.hazard, scan_id=event.scan_id
                )
            case RecordAssigned():
                self.vault.place(
                    event.record_id,
                    map_id=event.map_id,
                    shard=event.shard,
                    slice_=event.slice,
                )
            case SiteRegistered(site_id=site_id):
                self.names.settle([site_id])
            case _:
                pass

    def _replay_fences(self) -> None:
        """Erase again what a restored vault brought back."""
        destroyed = {
            recorded.event.erasure_id
            for recorded in self.ledger.events(stream="erase")
            if isinstance(recorded.event, KeysDestroyed)
        }
        for fence in self.fences.all():
            if fence.erasure_id in destroyed:
                self.vault.destroy_subject(fence.subject_id)

    def _drop_pending(self) -> None:
        """Delete records that the ledger never decided on, then files nobody knows."""
        pending = self.vault.pending()
        self.corpus.delete(pending)
        self.vault.delete_records(pending)
        remove_temporaries(self.folder / "corpus")
        remove_temporaries(self.folder / "evidence")
        self.corpus.sweep({record.record_id for record in self.vault.records()})
