"""Units as they are placed, in a database without a name: memory is flat.

What SQLite moves to the disk holds random ids and sizes only, and is gone with the
process.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from typing import Final

from ledger.errors import InputError
from producers.placement.bounded import DIMENSIONS, Bound, Dimension
from producers.placement.slices import density, slices_of
from producers.placement.units import HAZARD_RANK, Unit

_CACHE_KIB: Final = 4 * 1024
"""Memory of the database before it moves to the disk."""

_TABLES: Final = (
    (
        "CREATE TABLE unit (unit_id TEXT PRIMARY KEY, size INTEGER NOT NULL, "
        "erasures INTEGER NOT NULL, hazard INTEGER NOT NULL, shard INTEGER) "
        "STRICT, WITHOUT ROWID"
    ),
    (
        "CREATE TABLE unit_record (unit_id TEXT NOT NULL, record_id TEXT NOT NULL, "
        "PRIMARY KEY (unit_id, record_id)) STRICT, WITHOUT ROWID"
    ),
    (
        "CREATE TABLE chosen (attempt INTEGER NOT NULL, unit_id TEXT NOT NULL, "
        "shard INTEGER NOT NULL, over INTEGER NOT NULL, "
        "PRIMARY KEY (attempt, unit_id)) STRICT, WITHOUT ROWID"
    ),
    (
        "CREATE TABLE sliced (unit_id TEXT PRIMARY KEY, slice INTEGER NOT NULL) "
        "STRICT, WITHOUT ROWID"
    ),
)
_UNIT: Final = "SELECT u.unit_id, u.size, u.erasures, u.hazard, u.shard"
_HAZARDS: Final = {rank: hazard for hazard, rank in HAZARD_RANK.items()}
_SHARE_BYTES: Final = 64
"""A share is a product of two sums of at most 63 bits each."""

Chosen = tuple[str, int, int, tuple[Dimension, ...]]
"""A unit's id, shard and slice, and the loads that passed the bound with it."""


class UnitFile:
    """Units, and where attempts put them; `with closing(...)` around its use."""

    def __init__(self) -> None:
        """Start without a unit."""
        self._db = sqlite3.connect("", isolation_level=None)
        self._run = self._db.execute
        self._run(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._run("PRAGMA journal_mode = OFF")
        self._run("BEGIN")
        for statement in _TABLES:
            self._run(statement)
        self._db.create_function("density", 2, density, deterministic=True)

    def close(self) -> None:
        """Forget all of it."""
        self._db.close()

    def __len__(self) -> int:
        """How many units there are."""
        return int(self._run("SELECT count(*) FROM unit").fetchone()[0])

    def add(self, unit: Unit) -> None:
        """Take a unit with its new records.

        Raises:
            InputError: it was taken before.
        """
        rank = HAZARD_RANK[unit.hazard]
        values = (unit.unit_id, unit.size, unit.erasures, rank, unit.shard)
        try:
            self._run("INSERT INTO unit VALUES (?, ?, ?, ?, ?)", values)
        except sqlite3.IntegrityError:
            message = "placement: expected each unit once, found one twice"
            raise InputError(message) from None
        self._db.executemany(
            "INSERT INTO unit_record VALUES (?, ?)",
            ((unit.unit_id, record_id) for record_id in unit.record_ids),
        )

    # What is to be placed

    def totals(self) -> tuple[int, int]:
        """Bytes and expected erasures of all units together."""
        query = "SELECT coalesce(sum(size), 0), coalesce(sum(erasures), 0) FROM unit"
        size, erasures = self._run(query).fetchone()
        return size, erasures

    def least(self) -> tuple[int, int]:
        """The smallest size, 1 without a unit, and the fewest expected erasures."""
        query = "SELECT coalesce(min(size), 1), coalesce(min(erasures), 0) FROM unit"
        size, erasures = self._run(query).fetchone()
        return size, erasures

    def outside(self, shards: int) -> Unit | None:
        """A unit that names a shard which there is not, or None."""
        query = f"{_UNIT} FROM unit u WHERE shard NOT BETWEEN 0 AND ? - 1 LIMIT 1"
        row = self._run(query, (shards,)).fetchone()
        return None if row is None else _unit(*row)

    def fixed(self) -> Iterator[Unit]:
        """Grown units, which name their shard, by unit id."""
        query = f"{_UNIT} FROM unit u WHERE shard IS NOT NULL ORDER BY unit_id"
        with closing(self._run(query)) as rows:
            yield from (_unit(*row) for row in rows)

    def free(self, bound: Bound) -> Iterator[Unit]:
        """New units by descending share of the total, then size, then unit id."""

        def share(size: int, erasures: int) -> bytes:
            return bound.share((size, erasures)).to_bytes(_SHARE_BYTES)

        self._db.create_function("share", 2, share, deterministic=True)
        query = (
            f"{_UNIT} FROM unit u WHERE shard IS NULL "
            "ORDER BY share(size, erasures) DESC, size DESC, unit_id"
        )
        with closing(self._run(query)) as rows:
            yield from (_unit(*row) for row in rows)

    # Where it goes

    def choose(
        self, attempt: int, unit: Unit, shard: int, over: tuple[Dimension, ...]
    ) -> None:
        """Note the shard that an attempt chose for a unit."""
        flags = sum(1 << at for at, name in enumerate(DIMENSIONS) if name in over)
        row = (attempt, unit.unit_id, shard, flags)
        self._run("INSERT INTO chosen VALUES (?, ?, ?, ?)", row)

    def keep(self, attempt: int) -> None:
        """Forget the other attempts."""
        self._run("DELETE FROM chosen WHERE attempt <> ?", (attempt,))

    def fill_slices(self, slices: int) -> None:
        """Cut the units of each shard into slices, by ascending hazard."""
        query = (
            "SELECT c.shard, count(*), sum(u.size) FROM chosen c "
            "JOIN unit u USING (unit_id) GROUP BY c.shard"
        )
        amounts = {shard: amount for shard, *amount in self._run(query).fetchall()}
        query = (
            f"{_UNIT}, c.shard FROM chosen c "
            "JOIN unit u USING (unit_id) ORDER BY c.shard, u.hazard, "
            "density(u.erasures, u.size), u.unit_id"
        )
        with closing(self._run(query)) as rows:
            for shard, members in groupby(rows, key=lambda row: int(row[-1])):
                count, total = amounts[shard]
                units = (_unit(*row[:-1]) for row in members)
                self._db.executemany(
                    "INSERT INTO sliced VALUES (?, ?)",
                    slices_of(units, count=count, total=total, slices=slices),
                )

    def use_slice(self, slice_: int) -> None:
        """Put every unit into one slice of its shard."""
        self._run("INSERT INTO sliced SELECT unit_id, ? FROM chosen", (slice_,))

    # What came of it

    def placed(self) -> Iterator[Chosen]:
        """Every unit with its place, by unit id."""
        query = (
            "SELECT unit_id, shard, slice, over FROM chosen "
            "JOIN sliced USING (unit_id) ORDER BY unit_id"
        )
        with closing(self._run(query)) as rows:
            for unit_id, shard, slice_, over in rows:
                yield unit_id, shard, slice_, _names(over)

    def records(self) -> Iterator[tuple[str, int, int]]:
        """Every new record with its shard and slice, by unit id and record id."""
        query = (
            "SELECT record_id, shard, slice FROM chosen JOIN sliced USING (unit_id) "
            "JOIN unit_record USING (unit_id) ORDER BY unit_id, record_id"
        )
        with closing(self._run(query)) as rows:
            yield from rows

    def passed(self) -> Iterator[tuple[int, tuple[Dimension, ...]]]:
        """Shards that a unit took past a bound, with the loads that passed."""
        query = "SELECT DISTINCT shard, over FROM chosen WHERE over > 0 ORDER BY 1, 2"
        with closing(self._run(query)) as rows:
            for shard, over in rows:
                yield shard, _names(over)


def _unit(
    unit_id: str, size: int, erasures: int, hazard: int, shard: int | None
) -> Unit:
    return Unit(
        unit_id=unit_id,
        size=size,
        hazard=_HAZARDS[hazard],
        shard=shard,
        erasures=erasures,
    )


def _names(flags: int) -> tuple[Dimension, ...]:
    return tuple(name for at, name in enumerate(DIMENSIONS) if flags >> at & 1)
