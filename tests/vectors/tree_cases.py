"""Vectors of trees: TRE-1 and TRE-2."""

from ledger.format import tree

LEAVES = [tree.leaf_hash(bytes([number])) for number in range(13)]


def root_cases():
    """TRE-1: rule, expect, slug, lines, root."""
    for size in (0, 1, 2, 3, 5, 8, 13):
        items = [f"line {number}" for number in range(size)]
        leaves = [tree.leaf_hash(item.encode()) for item in items]
        yield "TRE-1", "accept", f"size-{size}", items, tree.root_hash(leaves)
    items = ["line 0", "line 1", "line 2"]
    hashed = [tree.leaf_hash(item.encode()) for item in items]
    last = tree.node_hash(hashed[2], hashed[2])
    yield (
        "TRE-1",
        "refuse",
        "odd-leaf-doubled",
        items,
        tree.node_hash(tree.node_hash(*hashed[:2]), last),
    )
    yield "TRE-1", "refuse", "order-swapped", items[::-1], tree.root_hash(hashed)
    yield "TRE-1", "refuse", "node-for-a-leaf", ["x"], tree.node_hash(b"", b"x")


def inclusion_cases():
    """TRE-2: expect, slug, in."""
    for index, size in ((0, 1), (0, 2), (1, 2), (2, 3), (4, 5), (6, 13), (12, 13)):
        yield "accept", f"{index}-in-{size}", _inclusion(index, size)
    good = _inclusion(6, 13)
    for slug, changes in {
        "another-index": {"index": 7},
        "another-size": {"size": 20},
        "outside": {"index": 13},
        "negative": {"index": -1},
        "another-leaf": {"leaf": LEAVES[5].hex()},
        "longer": {"proof": [*good["proof"], good["proof"][-1]]},
        "shorter": {"proof": good["proof"][:-1]},
        "empty": {"proof": []},
        "reversed": {"proof": good["proof"][::-1]},
        "short-node": {"proof": [good["proof"][0][:62], *good["proof"][1:]]},
        "another-root": {"root": tree.root_hash(LEAVES[:12]).hex()},
    }.items():
        yield "refuse", slug, good | changes


def _inclusion(index, size):
    path = tree.prove_inclusion(index, LEAVES[:size])
    return {
        "index": index,
        "size": size,
        "leaf": LEAVES[index].hex(),
        "proof": [node.hex() for node in path],
        "root": tree.root_hash(LEAVES[:size]).hex(),
    }


def consistency_cases():
    """TRE-2: expect, slug, in."""
    for old, new in (
        (1, 1),
        (1, 2),
        (2, 3),
        (3, 7),
        (4, 8),
        (6, 13),
        (8, 13),
        (13, 13),
    ):
        yield "accept", f"{old}-to-{new}", _consistency(old, new)
    good = _consistency(6, 13)
    for slug, changes in {
        "another-old-size": {"old_size": 7},
        "another-new-size": {"new_size": 20},
        "larger-before": {"old_size": 14},
        "longer": {"proof": [*good["proof"], good["proof"][-1]]},
        "shorter": {"proof": good["proof"][:-1]},
        "empty": {"proof": []},
        "reversed": {"proof": good["proof"][::-1]},
        "another-old-root": {"old_root": tree.root_hash(LEAVES[:5]).hex()},
        "another-new-root": {"new_root": tree.root_hash(LEAVES[:12]).hex()},
        "equal-sizes-other-roots": {"old_size": 13, "proof": []},
        "equal-sizes-with-a-proof": {
            "old_size": 13,
            "old_root": good["new_root"],
        },
    }.items():
        yield "refuse", slug, good | changes


def _consistency(old, new):
    proof = tree.prove_consistency(old, LEAVES[:new])
    return {
        "old_size": old,
        "new_size": new,
        "old_root": tree.root_hash(LEAVES[:old]).hex(),
        "new_root": tree.root_hash(LEAVES[:new]).hex(),
        "proof": [node.hex() for node in proof],
    }
