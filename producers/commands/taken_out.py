"""The owner's names of records that a rescan took out, for his own eyes."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ledger.errors import IntegrityError
from ledger.vault import record_keys
from ledger.vault.record_keys import StoredRecord
from ledger.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOut:
    """A quarantined record by the names that its owner gave it.

    Attributes:
        record_id: its id in the ledger.
        id: the owner's own id; may name a person.
        url: where it was copied from; may name a person.
    """

    record_id: str
    id: str
    url: str


def name_records(
    workspace: Workspace, record_ids: Sequence[str], *, most: int
) -> list[TakenOut]:
    """The names of the first `most` records, in order.

    Read from the encrypted records, so the ledger learns nothing. What was erased
    meanwhile, or whose file is damaged, is left out: it has no name that can be read.
    """
    named = (_name(workspace, one) for one in record_ids[:most])
    return [one for one in named if one is not None]


def _name(workspace: Workspace, record_id: str) -> TakenOut | None:
    found = workspace.vault.records("record_id = ?", record_id)
    if not found:
        return None
    try:
        content = record_keys.unseal(
            workspace.vault.keys_of(record_id),
            record_id,
            workspace.corpus.get(record_id),
            context=workspace.ledger.genesis,
        )
    except IntegrityError:
        return None
    stored = msgspec.json.decode(content, type=StoredRecord)
    return TakenOut(record_id=record_id, id=stored.id, url=stored.url)
