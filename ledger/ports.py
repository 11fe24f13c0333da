"""Values that pass between a producer and the ledger's side of its ports.

They stand here because the ledger imports no producer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ledger.events.erasure_request import Ground
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


Refusal = Literal["subject_fenced", "links_units", "component_cap"]
"""Why the vault does not take a record; the decision's reason, and its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A text's signature, and what is near it.

    Attributes:
        signature: 256 bytes, keyed; personal data as the text is.
        near: numbers of kept signatures that are near duplicates, ascending.
    """

    signature: bytes
    near: tuple[int, ...]


class NearTexts(Protocol):
    """Near duplicates of what is kept; asked in the transaction that keeps a record."""

    def signature(self, text: str) -> bytes:
        """What near texts mostly share; it asks nothing and takes longest."""
        ...

    def sight(self, signature: bytes) -> Sighting:
        """What is kept near a text of this signature."""
        ...

    def add(self, record_id: str, sighting: Sighting) -> Sequence[int]:
        """Keep a record's signature; the numbers that join it to others."""
        ...


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
    """The fence of one erasure, around one person or several, without a name.

    Attributes:
        erasure_id: the erasure in the ledger.
        subject_ids: the subjects' random ids in the vault, sorted.
        ground: why, as in `ErasureRequested`.
        created_at_ms: when the request was received.
        commitment: hex HMAC-SHA-256 of the fence under its own key.
        is_decided: whether it was decided to erase; until then nothing is destroyed.
    """

    erasure_id: str
    subject_ids: tuple[str, ...]
    ground: Ground
    created_at_ms: int
    commitment: str
    is_decided: bool


Scope = Literal["everything", "without_vault", "too_short"]
"""What a scan for residue searched: all files; all but the vault, before keys were
destroyed; or none for an identifier that is too short to mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """What a scan for a person's identifiers found.

    Attributes:
        files: where, below the workspace; `?` for each that is not known any more.
        scope: what was searched.
    """

    files: tuple[str, ...]
    scope: Scope
