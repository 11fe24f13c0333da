"""Is one checkpoint a prefix of another one? From whatever the reader has of both."""

from dataclasses import dataclass
from enum import StrEnum

from verifier.bundle.findings import BundleViolation
from verifier.bundle.receipts import Receipt
from verifier.findings import Violation, shown
from verifier.keys.authority import UnknownSignerError
from verifier.proofs.pair import PairError, key_receipts, make_pair
from verifier.proofs.same_history import (
    CheckedPair,
    Pair,
    check_pair,
    encode_pair,
    parse_pair,
)
from verifier.proofs.sides import Side, SideError, open_sound
from verifier.store.storage import DAMAGED


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
        pair: the checkpoint pair for others, who may know the root; empty where none
            can be made.
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
        message = (
            f"expected two checkpoints of one log, found {shown(' and '.join(origins))}"
        )
        raise SideError(message)
    sizes = old.size, new.size
    try:
        content = _pair_of(old, new)
    except PairError as error:
        return Comparison(Outcome.UNDECIDED, str(error), sizes)
    return _judged(check_pair(parse_pair(content)), sizes, content)


def _judged(checked: CheckedPair, sizes: tuple[int, int], content: bytes) -> Comparison:
    """What a pair that holds shows to somebody who knows no root."""
    outcome, why = Outcome.FORK, "the log signed two histories"
    if not checked.is_fork:
        outcome, why = Outcome.CONSISTENT, "one history"
    elif not checked.is_one_log:
        outcome = Outcome.UNDECIDED
        why = (
            "not shown to be one log's: two log keys signed, and the key events of the "
            "older note are not at hand; write the pair with --out and check it with "
            "--root"
        )
    elif checked.compromised:
        declared = checked.compromised[0]
        outcome = Outcome.UNDECIDED
        why = (
            "two histories, but root declared the log key that signed compromised from "
            f"entry {declared.since_seq} on"
        )
    why = f"{why}: size {sizes[0]} and size {sizes[1]}"
    return Comparison(outcome, why, sizes, content)


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
