"""Every byte of a small complete ledger file, changed one at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

from tests.property.campaign.world import STREAMS, begin, new_event
from tests.simulator import LedgerSimulator
from tests.tamper.attack import Scene

TABLES = ("entry", "checkpoint", "cosignature", "timestamp")
FOUND, LOWERED, SAME = "found", "level lowered", "no stored value"
UNSIGNED, MISSED = "unsigned byte of a time stamp", "missed"


class SmallScene(Scene):
    """A ledger of a few entries with the anchors it needs, in pages of 512 bytes."""

    def make(self) -> LedgerSimulator:
        """Keys, a policy and an entry in each stream."""
        ledger = begin()
        for number, stream in enumerate(STREAMS):
            ledger.submit(stream, [new_event(ledger, stream, number)])
        return ledger

    def write(self) -> None:
        # Two of three make the quorum: a third would make up for a damaged one.
        del self.anchors.cosignatures[2:]
        super().write()
        with closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            database.execute("PRAGMA page_size=512")
            database.execute("VACUUM")


def flips(
    folder: Path, sample: int | None, seed: int
) -> Iterator[tuple[int, str, str]]:
    """For each byte: its place, what came of it, and the verdict.

    Args:
        folder: for the file and the auditor's things.
        sample: so many bytes, seeded; all of them where None.
        seed: of the mask for each byte.
    """
    scene = SmallScene(folder, "pin")
    assert scene.read().verdict == "L4"
    honest, values = scene.path.read_bytes(), stored(scene.path)
    anchors = scene.report().anchors
    random = Random(seed)
    places = [(place, random.randrange(1, 256)) for place in range(len(honest))]
    for place, mask in places if sample is None else random.sample(places, sample):
        changed = bytearray(honest)
        changed[place] ^= mask
        scene.path.write_bytes(changed)
        outcome = scene.read()
        if outcome.verdict in ("BROKEN", "UNREADABLE"):
            what = FOUND
        elif outcome.exit_code != 0:
            what = LOWERED
        else:
            what = _left_over(stored(scene.path), values)
            assert anchors == scene.report().anchors, place
        yield place, what, str(outcome)


def _left_over(now: dict[str, list], before: dict[str, list]) -> str:
    """What a flip came to that was not found."""
    different = {name for name, rows in before.items() if rows != now[name]}
    if different == {"timestamp"}:
        return UNSIGNED
    return MISSED if different else SAME


def stored(path: Path) -> dict[str, list]:
    """Every value that the file holds, with its type, by table."""
    with closing(sqlite3.connect(path)) as database:
        queries = {
            "application": "PRAGMA application_id",
            "version": "PRAGMA user_version",
            "schema": "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 2",
            **{name: f"SELECT *, rowid FROM {name} ORDER BY rowid" for name in TABLES},
        }
        return {name: [*database.execute(sql)] for name, sql in queries.items()}
