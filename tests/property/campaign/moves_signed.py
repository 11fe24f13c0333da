"""Moves that somebody must sign: with whatever keys there are, else badly."""

from tests.property.campaign.moves import move, relay, seal, submissions
from tests.property.campaign.moves_bytes import cut_tail
from tests.property.campaign.reference import ENTRY
from tests.property.campaign.world import STREAMS, World, new_event
from tests.simulator import Key, Stream, encode, leaf, sign_note, tree_root


@move
def forge_submission(world: World, n: int, m: int) -> None:
    """Append a lie in a stream, now and then by the key of another stream."""
    stream = STREAMS[n % 4]
    world.refresh()
    signer = STREAMS[(n + (m % 4 == 0)) % 4]
    changes = {"claimed_at_ms": 1} if m % 3 == 0 else {}
    event = new_event(world.ledger, stream, world.fresh())
    key = world.key_for(signer)
    world.ledger.submit(stream, [event], key, checkpoint=False, lines_changed=changes)
    seal(world, m)


@move
def forge_across_streams(world: World, n: int, m: int) -> None:
    """Append a lie of one's own family in somebody else's stream."""
    stream, signer = (("ingest", "ingest-2"), ("ingest-2", "ingest"))[n % 2]
    world.refresh()
    event = new_event(world.ledger, stream, world.fresh())
    world.ledger.submit(stream, [event], world.key_for(signer), checkpoint=False)
    seal(world, m)


@move
def forge_with_gap(world: World, n: int, m: int) -> None:
    """Append a lie whose place in its stream is wrong."""
    stream = STREAMS[n % 4]
    world.refresh()
    head = world.ledger.streams.get(stream, Stream())
    wrong = [
        {"counter": head.counter + 1},
        {"counter": max(head.counter - 1, 0)},
        {"previous": "1" * 64},
    ][m % 3]
    event = new_event(world.ledger, stream, world.fresh())
    key = world.key_for(stream)
    world.ledger.submit(stream, [event], key, checkpoint=False, lines_changed=wrong)
    seal(world, m)


@move
def forge_foreign(world: World, n: int, m: int) -> None:
    """Append a submission that was made for another ledger or another genesis."""
    world.refresh()
    wrong = {"genesis": "2" * 64} if m % 2 else {"origin": "example.org/other"}
    event = new_event(world.ledger, "ingest", world.fresh())
    key = world.key_for("ingest")
    world.ledger.submit("ingest", [event], key, checkpoint=False, lines_changed=wrong)
    seal(world, m)


@move
def forge_with_old_key(world: World, n: int, m: int) -> None:
    """Append a lie with a key that was replaced, which claims to be of that time."""
    old = [(name, key) for name, key in world.replaced if name in STREAMS]
    if old:
        name, key = old[n % len(old)]
        world.refresh()
        event = new_event(world.ledger, name, world.fresh())
        early = {"claimed_at_ms": 1_790_000_000_000}
        world.ledger.submit(name, [event], key, checkpoint=False, lines_changed=early)
        world.keys[name] = key
        seal(world, m)


@move
def rewrite_lines(world: World, n: int, m: int) -> None:
    """Change what an event says, and sign its submission again."""
    seq = n % world.size
    match = ENTRY.fullmatch(world.ledger.entries[seq][0])
    if match is None or match[8] == b"root":
        return
    stream = match[8].decode()
    line = encode(new_event(world.ledger, stream, world.fresh()))
    text = match[5].replace(match[12], tree_root([leaf(line)]).hex().encode())
    text = text.replace(b"\nevents %b\n" % match[11], b"\nevents 1\n")
    note = sign_note(text, world.key_for(stream))
    rest = submissions(world, seq + 1)
    relay(world, seq, [(note, line + b"\n"), *rest])


@move
def forge_key_event(world: World, n: int, m: int) -> None:
    """Grant oneself a key, in the stream `root` or in one's own."""
    world.refresh()
    ledger = world.ledger
    mine = Key(
        f"{ledger.origin}/scanner-{world.fresh()[7:].replace(' ', '-')}", "thief"
    )
    grant = ledger.granted(mine, "scanner", ["optout"], f"scanner-{n % 5}")
    if m % 2:
        signer = world.key_for("root" if n % 3 else "ingest")
        ledger.submit("root", [grant], signer, checkpoint=False)
    else:
        ledger.submit("ingest", [grant], world.key_for("ingest"), checkpoint=False)
    seal(world, m)


@move
def rotate_alone(world: World, n: int, m: int) -> None:
    """Rotate a stolen key to one's own, with root's signature if that was stolen."""
    role = ("log", "ingest", "scanner")[n % 3]
    old = world.keys.get(role)
    if old is None or "own ledger" in world.keys:
        return
    world.refresh()
    new = Key(old.name, f"thief {world.fresh()}")
    event = world.ledger.rotated(old, new, role)
    signer = world.key_for("root") if n % 2 else world.keys.get("root", old)
    turns, log_seed = dict(world.ledger.turns), world.ledger.log_seed
    world.ledger.submit("root", [event], signer, checkpoint=False)
    world.ledger.turns, world.ledger.log_seed = turns, log_seed
    if "root" in world.keys:
        world.keys[role] = new
    seal(world, m)


@move
def relay_header(world: World, n: int, m: int) -> None:
    """Write the tail anew with one wrong value in a header (with the log key)."""
    first = n % world.size
    match = ENTRY.fullmatch(world.ledger.entries[first][0])
    if match is None:
        return
    wrong = [
        {"previous": "3" * 64},
        {"base": max(0, int(match[3]) - 1)},
        {"recorded_at_ms": max(0, int(match[4]) - 10**7)},
        {"seq": first + 1},
        {"recorded_at_ms": int(match[4]) + 10**7},
    ][m % 5]
    relay(world, first, submissions(world, first), **wrong)


@move
def postdate(world: World, n: int, m: int) -> None:
    """Record the last entry hours ahead, and have it stamped now (with the log key)."""
    match = ENTRY.fullmatch(world.ledger.entries[-1][0])
    if match is not None:
        late = int(match[4]) + 3_600_000 * (1 + n % 9)
        notes = submissions(world, world.size - 1)
        relay(world, world.size - 1, notes, recorded_at_ms=late)
        world.stamp()
        world.cosign(m)


@move
def reorder(world: World, n: int, m: int) -> None:
    """Let two neighbouring submissions change places, all links made anew."""
    first = n % world.size
    notes = submissions(world, first)
    if len(notes) > 1:
        relay(world, first, [notes[1], notes[0], *notes[2:]])


@move
def take_out(world: World, n: int, m: int) -> None:
    """Leave a submission out, all links made anew."""
    first = n % world.size
    notes = submissions(world, first)
    if world.size > 1:
        relay(world, first, notes[1:])


@move
def fork(world: World, n: int, m: int) -> None:
    """Go back to some entry and go on in another way."""
    cut_tail(world, max(2, n % world.size), m)
    forge_submission(world, m, n)


@move
def sign_wrong_root(world: World, n: int, m: int) -> None:
    """Sign a checkpoint over another tree."""
    world.refresh()
    world.ledger.checkpoint(root=bytes([n % 256]) * 32, key=world.key_for("log"))


@move
def seal_again(world: World, n: int, m: int) -> None:
    """Sign the tree over what is there, and nothing else is mended."""
    seal(world, m)


@move
def second_line(world: World, n: int, m: int) -> None:
    """Add a second signature to the newest checkpoint."""
    size = max(world.ledger.checkpoints, default=0)
    if size:
        note = world.ledger.checkpoints[size]
        text = note.partition(b"\n\n")[0] + b"\n"
        world.ledger.checkpoints[size] = note + world.key_for("ingest").line(text)
