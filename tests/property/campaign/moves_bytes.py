"""Moves that need no key."""

from tests.property.campaign.moves import flip, move, seal, submissions
from tests.property.campaign.world import World
from tests.simulator import LedgerSimulator
from tests.tamper.anchoring import Anchors


@move
def cut_tail(world: World, n: int, m: int) -> None:
    """Cut off the tail with its checkpoints and anchors."""
    size = 1 + n % world.size
    del world.ledger.entries[size:]
    notes = world.ledger.checkpoints
    world.ledger.checkpoints = {s: note for s, note in notes.items() if s <= size}
    world.anchors.cosignatures = [a for a in world.anchors.cosignatures if a[0] <= size]
    world.anchors.timestamps = [a for a in world.anchors.timestamps if a[0] <= size]


@move
def cut_rows(world: World, n: int, m: int) -> None:
    """Cut off entries alone."""
    del world.ledger.entries[max(1, world.size - 1 - n % 3) :]


@move
def drop_checkpoint(world: World, n: int, m: int) -> None:
    """Delete one checkpoint, with its anchors."""
    if not world.ledger.checkpoints:
        return
    size = sorted(world.ledger.checkpoints)[n % len(world.ledger.checkpoints)]
    del world.ledger.checkpoints[size]
    world.anchors.cosignatures = [a for a in world.anchors.cosignatures if a[0] != size]
    world.anchors.timestamps = [a for a in world.anchors.timestamps if a[0] != size]


@move
def edit_entry(world: World, n: int, m: int) -> None:
    """Change a byte of an entry, often of the newest."""
    seq = world.size - 1 if n % 2 else n // 2 % world.size
    entry, events = world.ledger.entries[seq]
    world.ledger.entries[seq] = (flip(entry, n // 4, m), events)


@move
def edit_clock(world: World, n: int, m: int) -> None:
    """Change a digit of an entry's recorded time, often of the newest."""
    seq = world.size - 1 if n % 2 else n // 2 % world.size
    entry, events = world.ledger.entries[seq]
    at = entry.find(b"recorded_at_ms ") + 15 + n % 13
    if at > 20 and entry[at : at + 1].isdigit():
        digit = b"%d" % ((entry[at] - 48 + 1 + m % 9) % 10)
        entry = entry[:at] + digit + entry[at + 1 :]
        world.ledger.entries[seq] = (entry, events)


@move
def edit_lines(world: World, n: int, m: int) -> None:
    """Change one hex digit in an event line, so that it stays well formed."""
    seq = n % world.size
    entry, events = world.ledger.entries[seq]
    at = events.find(b'"salt":"') + 8 + m % 24
    digit = b"0" if events[at : at + 1] != b"0" else b"1"
    world.ledger.entries[seq] = (entry, events[:at] + digit + events[at + 1 :])


@move
def edit_checkpoint(world: World, n: int, m: int) -> None:
    """Change a byte of a checkpoint."""
    notes = world.ledger.checkpoints
    if notes:
        size = sorted(notes)[n % len(notes)]
        notes[size] = flip(notes[size], n // 7, m)


@move
def swap_rows(world: World, n: int, m: int) -> None:
    """Let two entries change places."""
    rows = world.ledger.entries
    first, second = n % len(rows), m % len(rows)
    rows[first], rows[second] = rows[second], rows[first]


@move
def swap_lines(world: World, n: int, m: int) -> None:
    """Let the event lines of two entries change places."""
    rows = world.ledger.entries
    first, second = n % len(rows), m % len(rows)
    (one, lines), (two, others) = rows[first], rows[second]
    rows[first], rows[second] = (one, others), (two, lines)


@move
def smuggle(world: World, n: int, m: int) -> None:
    """Put something into the file that does not belong there."""
    flaws = (
        "CREATE TABLE trust (policy TEXT) STRICT",
        "CREATE VIEW newer AS SELECT * FROM entry WHERE seq < 3",
        "CREATE INDEX fast ON entry (entry)",
        "CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END",
        "DROP TRIGGER entry_no_update",
        "PRAGMA user_version=2",
    )
    world.flaws.append(flaws[n % len(flaws)])


@move
def replay(world: World, n: int, m: int) -> None:
    """Append a submission a second time, sealed if the log key is at hand."""
    note, events = submissions(world)[n % world.size]
    world.refresh()
    world.ledger.append(note, events)
    seal(world, m)


@move
def own_ledger(world: World, n: int, m: int) -> None:
    """Write a ledger of one's own under the same names."""
    thief = LedgerSimulator(seed="thief")
    thief.submit(
        "root",
        [
            thief.created(),
            thief.granted(thief.log, "log", [], "log"),
            thief.granted(thief.key("ingest"), "ingest", ["ingest"], "ingest"),
        ],
    )
    world.ledger = thief
    world.anchors = Anchors()
    world.keys = {
        "root": thief.roots[0],
        "log": thief.log,
        "ingest": thief.key("ingest"),
    }
    world.keys["own ledger"] = thief.log
