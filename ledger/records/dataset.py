"""The ledger's side of training: decrypt a shard's records, seed it, publish slices.

Publishing asks the fences again inside the vault's transaction, so a running training
cannot outlive an erasure.
"""

import hmac
from collections.abc import Iterable

import msgspec

from ledger.errors import BasisError, ErasedError
from ledger.events.training_saved import SliceTrained
from ledger.format import tree
from ledger.ports import SliceRecords
from ledger.training.run_keys import run_stream
from ledger.vault import record_keys
from ledger.vault.record_keys import StoredRecord
from ledger.vault.rows import Record
from ledger.vault.seeds import Seeds
from ledger.workspace.bases import Bases
from ledger.workspace.scanned import scanned_pages, standing_records
from ledger.workspace.workspace import Workspace


class Dataset:
    """The records of one shard map, as they stood when this object was made."""

    def __init__(
        self,
        workspace: Workspace,
        map_id: str,
        slices: int,
        *,
        before: int | None = None,
    ) -> None:
        """Take stock; records placed later belong to a later run.

        Args:
            workspace: whose records.
            map_id: the shard map.
            slices: its number of slices.
            before: only records that an entry before this one placed; None for all.
        """
        self._workspace = workspace
        self._map_id = map_id
        self._slices = slices
        taken = (record.record_id for record in self._placed())
        if before is not None:
            places = workspace.states()["shards"].places
            taken = (one for one in taken if places[one][map_id].entry < before)
        self._taken = frozenset(taken)

    def _placed(self) -> list[Record]:
        """Every placed record of the map that is not quarantined, by record id."""
        return self._workspace.vault.records(
            "pending = 0 AND quarantined = 0 AND map_id = ?", self._map_id
        )

    def _of_shard(self, shard: int) -> list[Record]:
        """The shard's records that are still there.

        Raises:
            ErasedError: one of them is fenced, and the ledger does not say so yet. To
                train with it would break the fence; to train without it would not be
                what the ledger says.
        """
        fences = self._workspace.fences
        records = [
            record
            for record in self._placed()
            if record.shard == shard and record.record_id in self._taken
        ]
        if any(fences.of_subject(name) for one in records for name in one.subjects):
            message = (
                f"shard {shard}: an erasure was requested and is not planned yet; "
                "run retrain, then this again"
            )
            raise ErasedError(message)
        return records

    def check_bases(self) -> None:
        """Refuse to train on records that are not allowed as the ledger stands.

        That is where the newest scan of a record's URL that could be read is neither
        allowed nor cleared by a person, and no licence in force and no exception for
        research carries the record; or where it cites a licence that is not in force. A
        scan that only says that something could not be read changes nothing.

        Raises:
            BasisError: the message says how many there are, and what to run.
        """
        workspace = self._workspace
        states, now_ms = workspace.states(), workspace.clock_ms()
        bases = Bases(states["optout"], states["licences"], now_ms)
        records = {
            record_id: page
            for record_id, page in standing_records(workspace.vault).items()
            if record_id in self._taken
        }
        ended = [one for one in map(bases.ended, records) if one]
        if ended:
            message = (
                f"train: {len(ended)} accepted records rest on licences not in force, "
                f"such as {ended[0]}; run licence revoke, or rescan where it is revoked"
            )
            raise BasisError(message)
        fallen = bases.fallen(records, workspace.names, scanned_pages(workspace.vault))
        if fallen:
            message = (
                f"train: {fallen} accepted records are of URLs whose newest scan does "
                "not allow them; run rescan"
            )
            raise BasisError(message)

    def shard(self, shard: int) -> list[SliceRecords]:
        """The slices of a shard, decrypted.

        Raises:
            ErasedError: a record is fenced and its erasure is not planned yet.
            IntegrityError: a record's file is missing or was altered.
        """
        records = self._of_shard(shard)
        opened = {record.record_id: self._open(record) for record in records}
        slices = []
        for number in range(self._slices):
            new = [record for record in records if record.slice == number]
            slices.append(
                SliceRecords(
                    records=tuple(opened[r.record_id][0].encode() for r in new),
                    record_ids=tuple(r.record_id for r in new),
                    records_root=_root(
                        opened[r.record_id][1] for r in records if r.slice <= number
                    ),
                )
            )
        return slices

    def _open(self, record: Record) -> tuple[str, str]:
        """A record's text and its commitment."""
        sealed = self._workspace.corpus.get(record.record_id)
        keys = self._workspace.vault.keys_of(record.record_id)
        content = record_keys.unseal(
            keys,
            record.record_id,
            sealed,
            context=self._workspace.ledger.genesis,
        )
        stored = msgspec.json.decode(content, type=StoredRecord)
        return stored.text, record_keys.commitment(keys, record.record_id, content)

    def seed(self, shard: int, slice_: int, generation: int, root: str) -> int:
        """A slice's training seed, 0 .. 2^256 - 1.

        HMAC-SHA-256 of the records' root under the secret of that slice's generation,
        big-endian, its first 8 bytes put last: those are what torch's generators get.
        """
        secret = Seeds(self._workspace.vault).secret(
            self._map_id, shard=shard, slice_=slice_, generation=generation
        )
        digest = hmac.digest(secret, bytes.fromhex(root), "sha256")
        return int.from_bytes(digest[8:] + digest[:8], "big")

    def publish(self, event: SliceTrained) -> None:
        """Append a trained slice unless its records have changed (XEV-11).

        Raises:
            ErasedError: a record that the slice was trained on is gone, fenced or
                quarantined.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            standing = self._of_shard(event.shard)
            count = sum(record.slice <= event.slice for record in standing)
            if count != event.records:
                message = (
                    f"shard {event.shard}, slice {event.slice}: an erasure or a "
                    f"quarantine took {event.records - count} records during the "
                    "training"
                )
                raise ErasedError(message)
            ledger = workspace.ledger
            ledger.append([event], stream=run_stream(ledger, event.run_id))


def _root(commitments: Iterable[str]) -> str:
    """Hex RFC 6962 root over commitments as 32 bytes each (XEV-11)."""
    return tree.root_hash(
        [tree.leaf_hash(bytes.fromhex(one)) for one in commitments]
    ).hex()
