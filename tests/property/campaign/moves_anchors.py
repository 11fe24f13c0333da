"""Moves on what people outside said, or are asked to say now."""

from rfc3161_client import decode_timestamp_response

from tests.property.campaign.moves import flip, move
from tests.property.campaign.world import World


@move
def edit_anchor(world: World, n: int, m: int) -> None:
    """Change a byte of a cosignature or a token."""
    rows = world.anchors.cosignatures if n % 2 else world.anchors.timestamps
    if rows:
        size, value = rows[n % len(rows)]
        edited = flip(value, n // 3, m)
        rows[n % len(rows)] = (size, edited)
        world.murky = True
        if value in world.stamps and says(value) == says(edited):
            # CMS leaves a few bytes unsigned; the stamp may still hold, as it was.
            note, at_ms, _ = world.stamps[value]
            world.stamps[edited] = (note, at_ms, False)


def says(token: bytes) -> tuple | None:
    """Time and imprint of a token, as far as it can be read."""
    try:
        info = decode_timestamp_response(token).tst_info
    except ValueError:
        return None
    return info.gen_time, info.message_imprint.message


@move
def drop_anchors(world: World, n: int, m: int) -> None:
    """Delete one cosignature or one time stamp."""
    rows = world.anchors.cosignatures if n % 2 else world.anchors.timestamps
    if rows:
        del rows[m % len(rows)]


@move
def copy_cosignature(world: World, n: int, m: int) -> None:
    """Say a cosignature again, at times as one over another checkpoint."""
    rows = world.anchors.cosignatures
    if rows and world.ledger.checkpoints:
        size, line = rows[n % len(rows)]
        sizes = sorted(world.ledger.checkpoints) if m % 2 else [size]
        rows.append((sizes[m % len(sizes)], line))


@move
def move_stamp(world: World, n: int, m: int) -> None:
    """Put a token beside another checkpoint."""
    rows, sizes = world.anchors.timestamps, sorted(world.ledger.checkpoints)
    if rows and sizes:
        rows[n % len(rows)] = (sizes[m % len(sizes)], rows[n % len(rows)][1])


@move
def cosign_forged(world: World, n: int, m: int) -> None:
    """Have stolen witness keys sign the newest checkpoint, at times twice."""
    size = max(world.ledger.checkpoints, default=0)
    for number, witness in enumerate(world.witnesses):
        if size and f"w{number}" in world.keys:
            note = world.ledger.checkpoints[size]
            for again in range(1 + m % 2):
                line = witness.line(note, world.ledger.now_ms + 1000 * again)
                world.anchors.cosignatures.append((size, line))


@move
def ask_witness(world: World, n: int, m: int) -> None:
    """Ask an honest witness about what is there; it remembers, and may refuse."""
    world.refresh()
    world.cosign(n)


@move
def ask_authority(world: World, n: int, m: int) -> None:
    """Ask the time-stamp authority, which stamps anything."""
    world.stamp()


@move
def dress_up(world: World, n: int, m: int) -> None:
    """Anchor what is there with all means at once."""
    world.refresh()
    world.stamp()
    cosign_forged(world, n, m)
    for number in range(3):
        world.cosign(number)
