"""The wrapped keys of a vault, and the epochs that they are wrapped in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ledger.disk.private_file import PrivateFile, older_form
from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.base import KEY_BYTES
from ledger.vault import place_bytes
from ledger.vault.epochs import Epoch, Epochs, OpenStore
from ledger.vault.rows import APPLICATION_ID, LATER, SCHEMA, WRAPPED

_ROWS: Final = 1024
"""Rows that a rotation holds in memory at once."""


class VaultKeys(PrivateFile):
    """The file of a vault, as far as its keys go."""

    def __init__(
        self,
        path: Path,
        *,
        open_store: OpenStore,
        kind: Kind,
        random_bytes: Callable[[int], bytes] = os.urandom,
        is_writable: bool = True,
    ) -> None:
        """Open or create the file, and destroy what a killed rotation left.

        Args:
            path: the file.
            open_store: opens the key stores.
            kind: the key store of epochs that begin from now on.
            random_bytes: where keys come from.
            is_writable: False for a look that changes nothing.

        Raises:
            NotALedgerError: as `PrivateFile`; or it is only to be looked at, and a
                writer must carry it over first.
        """
        super().__init__(path, SCHEMA, APPLICATION_ID, is_writable=is_writable)
        self._carry_over(is_writable=is_writable)
        self.random_bytes = random_bytes
        self._kind: Kind = kind
        self._epochs = Epochs(open_store, random_bytes)
        ending = self.meta("epoch_ending")
        if is_writable and ending:
            self._end(Epoch.parse(ending))

    def _carry_over(self, *, is_writable: bool) -> None:
        """Give a vault from before what it lacks.

        Raises:
            NotALedgerError: it lacks something, and is only to be looked at.
        """
        if place_bytes.is_kept(self.connection):
            return
        if not is_writable:
            self.close()
            raise older_form(self.path)
        with self.transaction():
            if not place_bytes.is_kept(self.connection):
                for statement in LATER:
                    self.connection.execute(statement)
                place_bytes.fill(self.connection)

    @property
    def epoch(self) -> Epoch | None:
        """The present epoch; None before the first key."""
        found = self.meta("epoch")
        return None if found is None else Epoch.parse(found)

    @property
    def key_store(self) -> Kind:
        """Where the key is kept that wraps the others."""
        return self.epoch.kind if self.epoch else self._kind

    def new_key(self, table: str, *name: object) -> bytes:
        """A new key, wrapped, for a row of one of the tables in `WRAPPED`.

        Raises:
            KeyTrustError: the key store refuses.
        """
        key = self.random_bytes(KEY_BYTES)
        with self.transaction():
            epoch = self.epoch or self._begin(1)
            return self._epochs.wrap(epoch, key, _context(table, name))

    def unwrap(self, table: str, wrapped: bytes, *name: object) -> bytes:
        """The key of a row.

        Raises:
            IntegrityError: it was altered, or is another row's.
            KeyTrustError: the key store refuses, or the epoch's key is gone.
        """
        epoch = self.epoch or Epoch(0, self._kind)
        return self._epochs.unwrap(epoch, wrapped, _context(table, name))

    def rotate(self) -> Epoch:
        """Wrap every key anew and destroy the old epoch's key.

        From then on no older copy of this file can be opened. The new epoch's key is
        in the store that the settings name by now. A kill leaves one epoch or the
        other, whole.

        Raises:
            KeyTrustError: a key store refuses.
        """
        with self.transaction():
            old = self.epoch
            new = self._begin(old.number + 1 if old else 1)
            if old is None:
                return new
            for table, column, names in WRAPPED:
                for name, wrapped in self._rows(table, column, names):
                    context = _context(table, name)
                    key = self._epochs.unwrap(old, wrapped, context)
                    where = " AND ".join(f"{one} = ?" for one in names)
                    self.connection.execute(
                        f"UPDATE {table} SET {column} = ? WHERE {where}",
                        (self._epochs.wrap(new, key, context), *name),
                    )
            self.set_meta("epoch_ending", old.encode())
        self._end(old)
        return new

    def _begin(self, number: int) -> Epoch:
        epoch = Epoch(number, self._kind)
        self._epochs.begin(epoch)
        self.set_meta("epoch", epoch.encode())
        return epoch

    def _end(self, epoch: Epoch) -> None:
        self._epochs.end(epoch)
        self.set_meta("epoch_ending", b"")

    def _rows(
        self, table: str, column: str, names: tuple[str, ...]
    ) -> Iterator[tuple[tuple[object, ...], bytes]]:
        """Every row's primary key and wrapped key, a few at a time."""
        key = ", ".join(names)
        after = ""
        values: tuple[object, ...] = ()
        while True:
            rows = self.connection.execute(
                f"SELECT {key}, {column} FROM {table} {after} "
                f"ORDER BY {key} LIMIT {_ROWS}",
                values,
            ).fetchall()
            if not rows:
                return
            for *name, wrapped in rows:
                yield tuple(name), wrapped
            after = f"WHERE ({key}) > ({', '.join('?' * len(names))})"
            values = tuple(rows[-1][:-1])


def _context(table: str, name: tuple[object, ...]) -> str:
    return "/".join([table, *map(str, name)])
