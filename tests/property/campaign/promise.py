"""What an answer of yes means, whatever rules lead to it."""

from collections.abc import Iterable

from tests.property.campaign.world import World
from tests.simulator import leaf, split_entry, tree_root
from tests.tamper.auditor import Outcome

QUORUM = 2


def hold_authentic(world: World, history: list[World]) -> None:
    """Each submission is one that its owner made, or of a key that was stolen.

    Without the log key the entries are a beginning of what the operator wrote.
    """
    assert "own ledger" not in world.keys
    known = {note for one in history for note in _notes(one)}
    stolen = {key.name for key in world.keys.values()}
    for note in _notes(world):
        signer = note.partition(b"\n\n")[2].decode().split(" ")[1]
        assert note in known or signer in stolen or "root" in world.keys, signer
    rows = world.ledger.entries
    if "log" not in world.keys:
        assert any(one.ledger.entries[: len(rows)] == rows for one in history)


def hold_anchored(
    world: World, outcome: Outcome, kept: tuple[int, bytes] | None
) -> None:
    """Honest witnesses saw this very tree, and it has the kept one as its beginning."""
    leaves = [leaf(entry) for entry, _ in world.ledger.entries]
    head = (len(leaves), tree_root(leaves))
    if outcome.answer("witnessed") == "yes":
        stolen = sum(f"w{number}" in world.keys for number in range(3))
        assert (
            sum(head in witness.seen for witness in world.witnesses) + stolen >= QUORUM
        )
    if outcome.answer("continuous") == "yes":
        assert kept is not None
        assert tree_root(leaves[: kept[0]]) == kept[1]


def _notes(world: World) -> Iterable[bytes]:
    return (split_entry(entry)[1] for entry, _ in world.ledger.entries)
