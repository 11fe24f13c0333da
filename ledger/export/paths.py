"""Many audit paths of one tree in one pass over its levels."""

from collections.abc import Iterable, Sequence

from ledger.format.tree import EMPTY_ROOT, node_hash


def audit_paths(
    leaves: Sequence[bytes], wanted: Iterable[int]
) -> tuple[bytes, dict[int, list[bytes]]]:
    """The root over leaf hashes, and the audit path of each wanted leaf, leaf to root.

    `ledger.format.tree.prove_inclusion` hashes the whole tree for one path; here each
    level is hashed once for all of them. An odd last node is carried up unchanged and
    has no sibling on that level.

    Requires 0 <= index < len(leaves) for each wanted index.

    Source: RFC 6962, section 2.1.1.
    """
    paths: dict[int, list[bytes]] = {index: [] for index in sorted(set(wanted))}
    if not leaves:
        return EMPTY_ROOT, paths
    level, height = list(leaves), 0
    while len(level) > 1:
        for index, path in paths.items():
            sibling = (index >> height) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        paired = [
            node_hash(left, right)
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level, height = paired, height + 1
    return level[0], paths
