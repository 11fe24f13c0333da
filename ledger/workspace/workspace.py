"""A workspace folder: the ledger and the files of other lifecycles around it.

Lock order is vault, then ledger. What a crash left half done is put right on open:
pending records that the ledger never decided on are deleted with their files, and a
vault restored from before an erasure is erased again from the fences.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ledger.disk.files import remove_temporaries
from ledger.disk.locks import file_lock
from ledger.disk.places import ledger_file
from ledger.disk.private_file import Seen, check_seen
from ledger.errors import LockedError, ReadOnlyError
from ledger.events import Event
from ledger.events.optout import SiteRegistered
from ledger.events.policy import PolicyAdopted
from ledger.format.checkpoint import parse_checkpoint
from ledger.key_stores import open_store
from ledger.log.ledger import Ledger, system_clock_ms
from ledger.log.moment import newest_ms
from ledger.log.projector import project
from ledger.projections import States
from ledger.vault import datasets, readings
from ledger.vault.fences import Fences
from ledger.vault.names import Names
from ledger.vault.review_notes import ReviewNotes
from ledger.vault.vault import Vault
from ledger.workspace.admission import Admission
from ledger.workspace.corpus import Corpus, EvidenceFolder
from ledger.workspace.destroy import destroy_in_vault
from ledger.workspace.follower import Follower
from ledger.workspace.new import create_workspace
from ledger.workspace.settings import Settings, load_settings

IDLE_MS_MAX: Final = 366 * 24 * 3600 * 1000
"""How far past the ledger's newest entry fences expire. In a ledger that is idle for
longer they hold until the next entry.
"""


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
            self.vault = Vault(
                path.with_suffix(".vault"),
                random_bytes=random_bytes,
                open_store=partial(
                    open_store,
                    folder=folder / "keys",
                    name=self.settings.origin,
                    passphrase=passphrase,
                    command=self.settings.kms_command,
                ),
                key_store=self.settings.key_store,
            )
            stack.callback(self.vault.close)
            self.fences = Fences(path.with_suffix(".fences"), random_bytes=random_bytes)
            stack.callback(self.fences.close)
            # Of a clock that is wrong once, what it forgets does not come back.
            newest = newest_ms(self.ledger)
            self.fences.expire(min(clock_ms(), newest + IDLE_MS_MAX))
            self.names = Names(self.vault, random_bytes=random_bytes)
            self.review_notes = ReviewNotes(self.vault, random_bytes=random_bytes)
            self.admission = Admission(self.ledger, self.vault)
            self._follower = Follower(
                self.ledger, self.vault, self.names, self.review_notes
            )
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
        root_keys: int = 1,
        root_threshold: int = 1,
        root_folder: Path | None = None,
        passphrase: bytes | None = None,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> str:
        """Create a workspace, whole or not at all; see `create_workspace`."""
        return create_workspace(
            folder,
            settings,
            root_keys=root_keys,
            root_threshold=root_threshold,
            root_folder=root_folder,
            passphrase=passphrase,
            clock_ms=clock_ms,
            random_bytes=random_bytes,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._resources:
            if kind is None:
                self.remember()

    # Ports

    def append_scan(self, events: Sequence[Event]) -> None:
        """Append a scan's events; a site that is registered by now is left out.

        Raises:
            ConflictError: a record would be quarantined twice.
            InputError: a quarantine that XEV-20 does not allow.
        """
        with self.vault.transaction():
            self.admission.check_quarantines(events)
            new = [
                event
                for event in events
                if not isinstance(event, SiteRegistered)
                or not self.names.is_registered(event.site_id)
            ]
            self.ledger.append(new, stream="scan")
            for event in new:
                self._follower.note(event)

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
        """The ledger as it is stored, whoever appended last."""
        newest, _ = parse_checkpoint(self.ledger.newest_checkpoint())
        return Seen(
            genesis=self.ledger.genesis, size=newest.size, root=newest.root.hex()
        )

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
        self.follow()
        with self.vault.transaction():
            self._replay_fences()
        with contextlib.suppress(LockedError):
            lock = file_lock(
                self.folder / ".ingest.lock", what="ingest", wait_seconds=0
            )
            with lock:
                self._drop_pending()

    def follow(self) -> None:
        """Let the vault take note of what was appended since it last did.

        An append whose note in the vault failed is made good here.

        Raises:
            ReadOnlyError: the ledger accepted records that the vault lacks.
        """
        self._follower.follow()

    def _replay_fences(self) -> None:
        """Erase again what a restored vault brought back, seeds included."""
        states = self.states()
        for fence in self.fences.all():
            erasure = states["erasures"].erasures.get(fence.erasure_id)
            is_done = erasure is not None and "keys_destroyed" in erasure.phases
            # A vault with a subject is from before the erasure, and so are its seeds.
            if is_done and any(map(self.vault.has_subject, fence.subject_ids)):
                destroy_in_vault(
                    self.vault,
                    fence,
                    map_id=states["shards"].current_map,
                    hits=erasure.hits,
                )

    def _drop_pending(self) -> None:
        """Delete records that the ledger never decided on, then files nobody knows."""
        pending = self.vault.pending()
        self.corpus.delete(pending)
        self.vault.delete_records(pending)
        self.names.drop_pending()
        self.review_notes.drop_pending()
        readings.drop_pending(self.vault)
        datasets.drop_pending(self.vault)
        remove_temporaries(self.folder / "corpus")
        remove_temporaries(self.folder / "evidence")
        self.corpus.sweep(self.vault.known)
