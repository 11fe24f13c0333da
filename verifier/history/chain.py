"""Links, tree and checkpoints: which stored bytes are the ones that were changed.

Each entry commits to the one before it, and each checkpoint to all before it. So a
leaf is confirmed by its follower's `previous` and by the next checkpoint's root.
Where they disagree, the entry that is named is the one whose bytes no longer fit
what both neighbours say; later checks go on with the leaf that the followers
committed to, so that one change is reported once.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from verifier.findings import Code, Violation
from verifier.format.checkpoint import Checkpoint
from verifier.format.entry import Entry
from verifier.format.tree import Frontier

RootAt = Callable[[int], bytes | None]
"""The root that a well-formed checkpoint of this size states, None without one."""


@dataclass(slots=True)
class Chain:
    """The tree over the entries so far, with what is believed of them.

    Attributes:
        sizes: the keys of all stored checkpoints, ascending.
        root_at: reads one checkpoint's root.
        tree_lost: whether some leaf is unknown, so no later root can be checked.
        blame_next: whether the next entry's `previous` is known to be changed.
        confirmed: whether the newest leaf is confirmed by its follower.
    """

    sizes: list[int]
    root_at: RootAt
    tree: Frontier = field(default_factory=Frontier)
    tree_lost: bool = False
    blame_next: bool = False
    confirmed: bool = False
    links: int = 0
    blamed_checkpoints: set[int] = field(default_factory=set)

    def append(
        self,
        entry: Entry,
        follower: Entry | None,
        second: Entry | None,
        *,
        damaged: bool,
    ) -> Violation | None:
        """Add the entry's leaf; return what is wrong with it, if that is new.

        Args:
            entry: the entry.
            follower: the next row, if any.
            second: the row after that, if any.
            damaged: whether a finding already names this entry's bytes.
        """
        claim = _claim(entry, follower)
        leaf, violation = entry.leaf, None
        self.confirmed = claim == entry.leaf
        self.links += self.confirmed
        if claim is not None and not self.confirmed:
            changed = damaged or self._is_changed(entry, claim, follower, second)
            if changed:
                leaf, self.confirmed = claim, True
                if not damaged:
                    violation = Violation(
                        Code.ENTRY_CHANGED,
                        "ENT-3",
                        expected=f"leaf {claim.hex()}, as the next entry says",
                        found=entry.leaf.hex(),
                    )
            else:
                self.blame_next = True
        elif claim is None and damaged and not self._root_fits(entry):
            self.tree_lost = True
        if not self.tree_lost:
            self.tree.push(leaf)
        return violation

    def skip(self, missing: int, entry: Entry) -> None:
        """Go past missing rows before `entry`; one can be known from its follower."""
        if missing == 1 and entry.in_place and entry.header and not self.tree_lost:
            self.tree.push(entry.header.previous)
        else:
            self.tree_lost = True

    def check_base(self, entry: Entry, *, intact: bool) -> tuple[str, Violation] | None:
        """Return place and violation where ENT-4 does not hold for an entry.

        A base that disagrees in an entry whose bytes are confirmed means that the
        table of checkpoints was changed.
        """
        if entry.header is None:
            return None
        base, seq = entry.header.base, entry.row.seq
        allowed = self._allowed_bases(seq)
        if base in allowed or base in self.blamed_checkpoints:
            return None
        expected = f"base {max(allowed)}, the largest stored checkpoint up to {seq}"
        if not intact:
            violation = Violation(
                Code.ENTRY_BASE, "ENT-4", expected=expected, found=f"base {base}"
            )
            return f"entry {seq}", violation
        odd = max(base, *allowed)
        self.blamed_checkpoints.add(odd)
        violation = Violation(
            Code.CHECKPOINT_MISSING,
            "ENT-4",
            expected=f"checkpoint {base} as the newest one before entry {seq}",
            found=f"checkpoint {max(allowed)}",
        )
        return f"checkpoint {odd}", violation

    def check_root(
        self, checkpoint: Checkpoint, *, damaged: bool
    ) -> tuple[str, Violation] | None:
        """Return place and violation where a signed root is not that of the tree.

        The newest entry must be the last one that the checkpoint covers.
        """
        if self.tree_lost or checkpoint.root == self.tree.root():
            return None
        if damaged and not self.confirmed:
            self.tree_lost = True
            return None
        expected = f"root {checkpoint.root.hex()}, which the log key signed"
        found = self.tree.root().hex()
        if self.confirmed:
            self.blamed_checkpoints.add(checkpoint.size)
            code, place = Code.CHECKPOINT_ROOT, f"checkpoint {checkpoint.size}"
        else:
            self.tree_lost = True
            code, place = Code.ENTRY_CHANGED, f"entry {checkpoint.size - 1}"
        return place, Violation(code, "CHK-3", expected=expected, found=found)

    def _is_changed(
        self, entry: Entry, claim: bytes, follower: Entry | None, second: Entry | None
    ) -> bool:
        """Decide between a changed entry and a changed `previous` after it."""
        if follower is None or self.tree_lost:
            return True
        root = self.root_at(entry.row.seq + 1)
        if root == self.tree.root_with(entry.leaf):
            return False
        if root == self.tree.root_with(claim):
            return True
        next_claim = _claim(follower, second)
        if next_claim is not None:
            return next_claim == follower.leaf
        return self.root_at(entry.row.seq + 2) == self.tree.root_with(
            claim, follower.leaf
        )

    def _root_fits(self, entry: Entry) -> bool:
        if self.tree_lost:
            return False
        return self.root_at(entry.row.seq + 1) == self.tree.root_with(entry.leaf)

    def _allowed_bases(self, seq: int) -> list[int]:
        """Return the largest stored size up to `seq`, and past those blamed already."""
        allowed: list[int] = []
        for place in range(bisect_right(self.sizes, seq) - 1, -1, -1):
            allowed.append(self.sizes[place])
            if self.sizes[place] not in self.blamed_checkpoints:
                return allowed
        return [*allowed, 0]


def _claim(entry: Entry, follower: Entry | None) -> bytes | None:
    """Return the leaf hash that the following entry states for this one."""
    if follower is None or follower.header is None or not follower.in_place:
        return None
    if follower.row.seq != entry.row.seq + 1:
        return None
    return follower.header.previous
