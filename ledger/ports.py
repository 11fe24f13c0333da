"""Values that pass between a producer and the ledger's side of its ports.

They stand here because the ledger imports no producer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.events.erasure import Ground
from ledger.events.ingest import Hazard


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRef:
    """A site's id in the ledger.

    Attributes:
        site_id: random id.
        commitment: HMAC-SHA-256 of the origin under the site's key, hex.
        is_new: whether the ledger does not know the id yet.
    """

    site_id: str
    commitment: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the vault says of a record that it took.

    Attributes:
        commitment: HMAC-SHA-256 of the record under its key, hex.
        size_log2: number of bits of the text's byte count.
    """

    commitment: str
    size_log2: int


class IncomingRecord(Protocol):
    """What the vault must know of a record to keep it."""

    @property
    def id(self) -> str:
        """The owner's own id."""
        ...

    @property
    def text(self) -> str:
        """What is trained on."""
        ...

    @property
    def url(self) -> str:
        """Where it was copied from; empty where nowhere public."""
        ...

    @property
    def licence(self) -> str:
        """What the owner stated."""
        ...

    @property
    def subjects(self) -> Sequence[str]:
        """Identifiers of the persons that it is about or by."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRecords:
    """What a slice adds to its shard.

    Attributes:
        records: texts of the records that are new in this slice, by record id.
        record_ids: their ids, in the same order.
        records_root: hex RFC 6962 root over the commitments of slices 0..k.
    """

    records: tuple[bytes, ...]
    record_ids: tuple[str, ...]
    records_root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecord:
    """What placement must know of one record.

    Attributes:
        record_id: its random id.
        subjects: opaque ids of its data subjects, one id a person.
        size: bytes of its text, at least 1.
        hazard: how likely its erasure is.
        duplicates: a keyed digest that exact duplicates share; empty for none.
        shard: where the record lies already; None for a new one.
    """

    record_id: str
    subjects: tuple[str, ...]
    size: int
    hazard: Hazard
    duplicates: str = ""
    shard: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """One erased subject, without a name.

    Attributes:
        erasure_id: the erasure in the ledger.
        subject_id: the subject's random id in the vault.
        ground: why, as in `ErasureRequested`.
        created_at_ms: when the request was received.
        commitment: hex HMAC-SHA-256 of the fence under its own key.
    """

    erasure_id: str
    subject_id: str
    ground: Ground
    created_at_ms: int
    commitment: str
