"""What driving an erasure needs of the ledger, the vault and the training."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from ledger.events import Event
from ledger.events.erasure import Exactness, KeyStore
from ledger.ports import Fence, Residue
from ledger.projections.erasures import Erasure

DeletionMethod = Literal["file_deletion", "key_destruction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """A hit shard after its retrain.

    Attributes:
        shard: the shard.
        run_id: the run.
        weights_before: what it served before the erasure.
        weights_after: what it serves now.
        tokens: tokens through the model.
    """

    shard: int
    run_id: str
    weights_before: str
    weights_after: str
    tokens: int


class Book(Protocol):
    """The ledger's side of erasures; see `ledger.erasing.book`."""

    def state(self, erasure_id: str) -> Erasure | None:
        """How far an erasure is."""
        ...

    def held(self) -> dict[int, str]:
        """Shards that nobody may train now, each with an erasure that holds it."""
        ...

    def append(self, events: Sequence[Event]) -> None:
        """Append erasure events."""
        ...

    def plan(self, fence: Fence) -> None:
        """Append the plan, the erased records and the roll-backs."""
        ...

    def destroy(self, fence: Fence, erasure: Erasure, found: Residue | None) -> int:
        """Destroy keys and files; return how many files."""
        ...

    def key_store(self) -> KeyStore:
        """Where the key is kept that wraps the subjects' keys."""
        ...

    def tainted(self, erasure: Erasure) -> list[str]:
        """Weights that the erasure must see deleted and has not named yet."""
        ...


class Models(Protocol):
    """Models without shards; see `ledger.erasing.models`."""

    def live(self, erasure_id: str) -> list[str]:
        """Trainings outside that saw the records and go on."""
        ...

    def left(self, erasure_id: str, erasure: Erasure) -> list[str]:
        """Models and snapshots that are not on record as deleted."""
        ...


class Leftovers(Protocol):
    """What an erasure left; see `ledger.erasing.leftovers`."""

    def readable(self, erasure: Erasure) -> int:
        """How many erased records can still be read."""
        ...

    def files_left(self, erasure: Erasure) -> int:
        """How many of their files are left."""
        ...

    def names(self, fence: Fence, typed: Iterable[str] = ()) -> list[str]:
        """The identifiers of a fence's subjects, as far as they are known."""
        ...

    def look(self, names: Sequence[str], *, is_destroyed: bool) -> Residue:
        """Search every file of the workspace for identifiers."""
        ...

    def keep(self, erasure_id: str, found: Residue) -> None:
        """Keep the result of a scan."""
        ...

    def kept(self, erasure_id: str) -> Residue | None:
        """What the last scan for an erasure found."""
        ...


class Certificates(Protocol):
    """Where certificates are; see `ledger.erasing.certificates`."""

    def keep(self, erasure_id: str, content: bytes, page: bytes) -> Path:
        """Write a certificate and its printable page."""
        ...

    def path(self, erasure_id: str) -> Path:
        """Where a certificate is."""
        ...

    def anchor(self) -> dict[str, str]:
        """The ledger that a certificate rests on."""
        ...

    def receipts(self, erasure: Erasure) -> list[dict[str, Any]]:
        """A receipt of each of the erasure's events, in order."""
        ...

    def recipients(self, erasure: Erasure) -> Sequence[object]:
        """Who was handed records, or weights that saw the erased ones."""
        ...


class Trainer(Protocol):
    """Retraining, and the proof of it."""

    def retrain(self, erasure_id: str, shards: Sequence[int]) -> list[Retrained]:
        """Train the shards again without the erased records."""
        ...

    def prove(self, erasure: Erasure) -> Exactness:
        """Compare the retrained weights with a clean process, bit for bit.

        Raises:
            IntegrityError: they differ.
        """
        ...


class DeleteWeights(Protocol):
    """Makes weights unreadable."""

    def __call__(self, sha256: str) -> DeletionMethod:
        """Delete them, and say how; not an error if they are gone."""
        ...


class FindElsewhere(Protocol):
    """Finds weights that only their owner can delete."""

    def __call__(self, sha256: str) -> Sequence[str]:
        """The paths outside the workspace at which they were saved and still lie."""
        ...


class Republish(Protocol):
    """Lets what serves follow an erasure."""

    def __call__(self, erasure_id: str, reason: Literal["erased", "retrained"]) -> None:
        """Publish what serves now; nothing where that is on record."""
        ...
