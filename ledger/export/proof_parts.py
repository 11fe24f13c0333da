"""What every proof file rests on: one checkpoint, its anchors, and the key events."""

import base64
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from ledger.disk.store import Row
from ledger.errors import InputError, IntegrityError
from ledger.events import decode_event
from ledger.events.training import RunKeyCertified
from ledger.export.canonical import canonical_json
from ledger.export.paths import audit_paths
from ledger.export.receipts import encode_receipt_of
from ledger.export.run import ShownEntry, shown_entry
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.note import Signature, VerifierKey
from ledger.format.submission import ROOT_STREAM, parse_submission, split_lines
from ledger.log.ledger import Ledger

PROOF_BYTES_MAX: Final = 33_554_432
"""Longest proof file, 32 MiB (PRF-1)."""

_CERTIFIED: Final = b'"training.run_key_certified.v1"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof file, and the checkpoint that it leads to.

    Attributes:
        content: its bytes.
        size: how many entries the checkpoint covers.
        cosignatures: how many witnesses' lines the file has.
        timestamps: how many time stamps.
    """

    content: bytes
    size: int
    cosignatures: int
    timestamps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A checkpoint with all that shows whose it is.

    Attributes:
        size: how many entries it covers.
        note: the note with cosignature lines.
        cosignatures: how many those are.
        tokens: time stamps over it.
        shown: the entries that are asked for, of which no event is shown yet.
        keys: the key entries, whole, and the certificates of run keys that signed an
            entry that is asked for.
        paths: audit paths of all of these, by seq.
    """

    size: int
    note: bytes
    cosignatures: int
    tokens: list[bytes]
    shown: dict[int, ShownEntry]
    keys: list[ShownEntry]
    paths: dict[int, list[bytes]]

    def encode_keys(self) -> list[dict[str, Any]]:
        """The list `keys` (PRF-6)."""
        return [encode_receipt_of(one, self.paths[one.seq]) for one in self.keys]

    def encode_tokens(self) -> list[str]:
        """The list `timestamps` (PRF-9)."""
        return [base64.b64encode(token).decode() for token in self.tokens]

    def proof(self, document: dict[str, Any]) -> Proof:
        """Encode a proof file over this checkpoint.

        Raises:
            InputError: it would be too long.
        """
        return Proof(
            content=encode_proof(document),
            size=self.size,
            cosignatures=self.cosignatures,
            timestamps=len(self.tokens),
        )


def encode_proof(document: dict[str, Any]) -> bytes:
    """A proof file in its one spelling (PRF-2).

    Raises:
        InputError: it would be too long.
    """
    content = canonical_json(document)
    if len(content) > PROOF_BYTES_MAX:
        message = (
            f"proof: expected at most {PROOF_BYTES_MAX} bytes, found {len(content)}; "
            "ask for less"
        )
        raise InputError(message)
    return content


def choose_size(ledger: Ledger, seq: int) -> int:
    """The newest checkpoint that carries an anchor and covers entry `seq`.

    Where no anchored one covers it, the newest.
    """
    newest, _ = parse_checkpoint(ledger.newest_checkpoint())
    anchored = [
        size
        for table in ("cosignature", "timestamp")
        for size, _ in ledger.anchors(table)
        if size > seq
    ]
    return max(anchored, default=newest.size)


def read_basis(ledger: Ledger, wanted: Collection[int], size: int | None) -> Basis:
    """Read what proves the wanted entries under one checkpoint.

    Memory grows by one leaf hash for each entry of the ledger, and by what is shown.

    Args:
        ledger: the ledger.
        wanted: seqs of the entries.
        size: which checkpoint; by default as `choose_size` says.

    Raises:
        InputError: there is no such checkpoint, or it does not cover a wanted entry.
        IntegrityError: the entries do not make the root that it signs.
    """
    newest_wanted = max(wanted, default=0)
    size = choose_size(ledger, newest_wanted) if size is None else size
    if size <= newest_wanted:
        message = f"entry {newest_wanted} is not below the checkpoint's size {size}"
        raise InputError(message)
    stored = ledger.checkpoint_note(size, cosigned=False)
    note = ledger.checkpoint_note(size)
    rows = _Rows(wanted)
    for row in ledger.rows():
        if row.seq >= size:
            break
        rows.take(row)
    checkpoint, _ = parse_checkpoint(stored)
    keys = rows.keys()
    root, paths = audit_paths(rows.leaves, [*wanted, *(one.seq for one in keys)])
    if (len(rows.leaves), root) != (size, checkpoint.root):
        message = (
            f"checkpoint {size}: expected root {checkpoint.root.hex()[:16]}, found "
            f"{root.hex()[:16]} over {len(rows.leaves)} entries"
        )
        raise IntegrityError(message)
    return Basis(
        size=size,
        note=note,
        cosignatures=note.count(b"\n") - stored.count(b"\n"),
        tokens=list(dict.fromkeys(ledger.timestamps(size))),
        shown=rows.shown,
        keys=keys,
        paths=paths,
    )


class _Rows:
    """One pass over the entries, which keeps what a proof shows."""

    def __init__(self, wanted: Collection[int]) -> None:
        self.leaves: list[bytes] = []
        self.shown: dict[int, ShownEntry] = {}
        self._wanted = wanted
        self._root_entries: list[ShownEntry] = []
        self._certified: list[tuple[Row, int, RunKeyCertified]] = []
        self._signers: list[Signature] = []

    def take(self, row: Row) -> None:
        """Take the next entry."""
        self.leaves.append(entry_leaf(row.entry))
        text, note = parse_submission(parse_entry(row.entry).submission)
        if row.seq in self._wanted:
            self.shown[row.seq] = shown_entry(row, [])
            self._signers += note.signatures
        if text.stream == ROOT_STREAM:
            self._root_entries.append(shown_entry(row, list(range(text.events))))
        elif _CERTIFIED in row.events:
            for index, line in enumerate(split_lines(row.events)):
                event = decode_event(line) if _CERTIFIED in line else None
                if isinstance(event, RunKeyCertified):
                    self._certified.append((row, index, event))

    def keys(self) -> list[ShownEntry]:
        """The key entries, and the certificates that the wanted entries rest on."""
        certificates: dict[int, ShownEntry] = {}
        for row, index, event in self._certified:
            public_key = bytes.fromhex(event.public_key)
            if any(
                line.key_id == VerifierKey(line.name, public_key).key_id
                for line in self._signers
            ):
                certificates.setdefault(row.seq, shown_entry(row, [])).shown.append(
                    index
                )
        found = [*self._root_entries, *certificates.values()]
        return sorted(found, key=lambda one: one.seq)
