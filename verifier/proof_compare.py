"""Is one checkpoint a prefix of another one? From whatever the reader has of both."""

from dataclasses import dataclass
from enum import StrEnum

from verifier.authority import UnknownSignerError
from verifier.bundle_findings import BundleViolation
from verifier.bundle_receipts import Receipt
from verifier.findings import Violation
from verifier.pair import PairError, key_receipts, make_pair
from verifier.proof_pair import Pair, check_pair, encode_pair, parse_pair
from verifier.proof_sides import Side, SideError, open_sound
from verifier.storage import DAMAGED


class Outcome(StrEnum):
    """What a comparison shows."""

    CONSISTENT = "consistent"
    FORK = "FORK"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two checkpoints show about each other.

    Attributes:
        outcome: consistent, a fork, or undecided.
        why: one line for people.
        sizes: the smaller and the larger size.
        pair: the checkpoint pair for others; empty where it is undecided.
    """

    outcome: Outcome
    why: str
    sizes: tuple[int, int]
    pair: bytes = b""

    @property
    def exit_code(self) -> int:
        """The code of docs/spec.md, section 10."""
        return {Outcome.CONSISTENT: 0, Outcome.FORK: 1, Outcome.UNDECIDED: 5}[
            self.outcome
        ]


def compare(one: Side, other: Side) -> Comparison:
    """Compare two checkpoints of one log; their sizes say which one is older.

    Raises:
        SideError: they are of different logs, or a ledger is damaged.
        UnreadableLedgerError: a ledger cannot be read any more.
    """
    # Of two checkpoints of one size, the better known one makes the proof.
    old, new = sorted(
        (one, other), key=lambda side: (side.size, bool(side.ledger), bool(side.keys))
    )
    origins = old.note.checkpoint.origin, new.note.checkpoint.origin
    if origins[0] != origins[1]:
        message = f"expected two checkpoints of one log, found {' and '.join(origins)}"
        raise SideError(message)
    sizes = old.size, new.size
    try:
        content = _pair_of(old, new)
    except PairError as error:
        return Comparison(Outcome.UNDECIDED, str(error), sizes)
    said = f"size {old.size} and size {new.size}"
    if parse_pair(content).is_fork:
        why = f"the log signed two histories: {said}"
        return Comparison(Outcome.FORK, why, sizes, content)
    why = f"one history: {said}"
    return Comparison(Outcome.CONSISTENT, why, sizes, content)


def _pair_of(old: Side, new: Side) -> bytes:
    """The pair.

    Raises:
        PairError: the material does not suffice.
    """
    keys = _keys_of(old)
    if new.ledger is not None:
        with open_sound(new.ledger) as file:
            return make_pair(file, old.note.stored, size=new.size, note_keys=keys)
    if old.size != new.size:
        message = (
            f"the entries below {new.size} are needed: give the ledger of the newer "
            "checkpoint"
        )
        raise PairError(message)
    if not new.keys:
        message = "no key events are at hand: give a receipt, a bundle or a ledger"
        raise PairError(message)
    root = new.note.checkpoint.root
    is_fork = root != old.note.checkpoint.root
    pair = Pair(
        old=old.note.alone(),
        new=new.note.alone(),
        root_at_old_size=root,
        proof=(),
        keys_old=keys if is_fork else [],
        keys_new=new.keys,
    )
    try:
        check_pair(pair)
    except (BundleViolation, UnknownSignerError) as error:
        message = f"no checkpoint pair can be made: {error}"
        raise PairError(message) from None
    return encode_pair(pair)


def _keys_of(side: Side) -> list[Receipt]:
    """The receipts of the key events under a side's own checkpoint."""
    if side.ledger is None:
        return side.keys
    with open_sound(side.ledger) as file:
        try:
            return key_receipts(file, side.size)
        except (Violation, *DAMAGED) as error:
            message = f"the key events cannot be read: {error}"
            raise PairError(message) from None
