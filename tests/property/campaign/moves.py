"""What all of a thief's moves are made of: sealing, relaying, and their register.

A move edits a world with the keys that the thief has. One that finds nothing to work on
leaves the world as it is.
"""

from collections.abc import Callable

from tests.property.campaign.reference import ENTRY
from tests.property.campaign.world import World
from tests.simulator import split_entry

Move = Callable[[World, int, int], None]
MOVES: dict[str, Move] = {}


def move(function: Move) -> Move:
    """Enter a function as a move."""
    MOVES[function.__name__] = function
    return function


def flip(value: bytes, n: int, m: int) -> bytes:
    at = n % len(value)
    return value[:at] + bytes([value[at] ^ (1 + m % 255)]) + value[at + 1 :]


def seal(world: World, m: int = 0) -> None:
    """Sign the tree as it is: with the log key, else for an odd `m` with another."""
    if "log" in world.keys or m % 2:
        world.refresh()
        world.ledger.checkpoint(key=world.key_for("log"))


def relay(world: World, first: int, notes: list, forge: int = 1, **changes) -> None:
    """Write entries anew from `first` on, around these submissions and lines.

    Clocks stay those of the old entries as far as there are any. Header values of the
    first one may be changed. Without the log key, checkpoints are badly signed.
    """
    ledger = world.ledger
    clocks = [ENTRY.fullmatch(entry) for entry, _ in ledger.entries[first:]]
    del ledger.entries[first:]
    ledger.checkpoints = {n: c for n, c in ledger.checkpoints.items() if n <= first}
    world.refresh()
    for place, (note, events) in enumerate(notes):
        clock = clocks[place] if place < len(clocks) else None
        values = {"recorded_at_ms": int(clock[4])} if clock else {}
        ledger.append(note, events, **values | ({} if place else changes))
        if "log" in world.keys or forge:
            ledger.checkpoint(key=world.key_for("log"))


def submissions(world: World, first: int = 0) -> list[tuple[bytes, bytes]]:
    return [(split_entry(e)[1], lines) for e, lines in world.ledger.entries[first:]]
